"""`BatchSampler`: texts that a model samples side by side, in batches of a fixed number of rows.

One product serves all rows, and every step's calls are shared by them. A batch is as wide for one text as for many:
a product of another shape may round otherwise, and a text must not depend on how many are asked for. Rows without a
text, or with one that has ended, are padding. The result of a row depends neither on its index nor on the others.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from charlm.config import SampleConfig
from charlm.display import NotebookValue
from charlm.errors import DivergedError
from charlm.generation import constraint
from charlm.generation.detokenizer import Detokenizer, FinishReason
from charlm.generation.position import Position
from charlm.generation.symbol_chooser import NO_SYMBOL, BatchChooser
from charlm.models.learner import State
from charlm.models.predictor import Predictor
from charlm.nn.arrays import FloatArray
from charlm.nn.losses import target_nats

__all__ = ["BatchSampler", "Sample", "SamplingJob", "batch_width"]

# rows times hidden units, beyond which wider batches gain little and cost a single text much
ENOUGH_WORK = 4096
NARROWEST, WIDEST = 8, 32
# symbols a row between two deliveries: few enough for a text to appear evenly, at most some 20 ms
MOST_STEPS, GROWTH = 256, 4
MULTIPLICATIONS = 1_000_000_000


def batch_width(hidden_size: int) -> int:
    """Return the rows of a batch, a multiple of eight that follows from the model's shape alone."""
    return min(max(ENOUGH_WORK // hidden_size // 8 * 8, NARROWEST), WIDEST)


class SamplingJob(NamedTuple):
    """The settings that all texts share.

    Parameters
    ----------
    config : SampleConfig
    start : Position
        The position after the prompt.
    logprobs : bool
        Whether log-probabilities are recorded.
    """

    config: SampleConfig
    start: Position
    logprobs: bool


class Sample(NotebookValue):
    """A text that is sampled while it is read.

    Parameters
    ----------
    seed : int
        Of its random generator.
    logprobs : list of float
    advance : callable
        Samples some more symbols and calls `grow`; texts of a batch grow together.

    Attributes
    ----------
    seed : int
    finish_reason : {"length", "stop", "regex"} or None
        Why the text ended; None until it has.
    logprobs : list of float
        Where asked for: of each character so far (each grapheme, for a model of graphemes) ln p in nats, the
        model's own before filters and at temperature 1, as `charlm.score` gives it; nan where it did not predict.
    lost : bool
        Whether it cannot continue, because the model's output is not finite.
    """

    def __init__(self, seed: int, logprobs: list[float], advance: Callable[[], None]) -> None:
        self.seed, self.logprobs = seed, logprobs
        self.finish_reason: FinishReason | None = None
        self.lost = False
        self._advance = advance
        self._pieces: list[str] = []

    @property
    def ended(self) -> bool:
        """Whether the text is complete or lost."""
        return self.lost or self.finish_reason is not None

    def grow(self, piece: str, finish_reason: FinishReason | None, *, lost: bool = False) -> None:
        """Append a piece, and record whether it is the last."""
        self._pieces.append(piece)
        self.finish_reason, self.lost = finish_reason, lost and finish_reason is None

    def stream(self) -> Iterator[str]:
        """Yield the text in pieces as they are sampled, from where an earlier call left it.

        Yields
        ------
        str
            Never empty. Bytes that are no valid UTF-8 come as U+FFFD.

        Raises
        ------
        DivergedError
            If the model's output is not finite, behind the last character for which it was.
        """
        while True:
            piece, self._pieces = "".join(self._pieces), []
            if piece:
                yield piece
            elif self.lost:
                raise DivergedError.of_output()
            elif self.ended:
                return
            else:
                self._advance()

    def read(self) -> str:
        """Return all that `stream` would yield."""
        return "".join(self.stream())


class BatchSampler:
    """Samples the texts of a job, a batch at a time.

    Parameters
    ----------
    model : Predictor
        Its weights as they are now; later changes are not seen.
    job : SamplingJob

    Raises
    ------
    UsageError, ConstraintError
        For an invalid pattern, or one that no text matches.

    Attributes
    ----------
    width : int
        Rows of a batch.
    """

    def __init__(self, model: Predictor, job: SamplingJob) -> None:
        self.width = batch_width(model.hidden_size)
        self.vocabulary, self.job = model.vocabulary, job
        self._dfa = constraint.constraint_for(job.config, self.vocabulary) if job.config.constrained else None
        self.step = model.stepper(self.width)
        self._most_steps = min(max(MULTIPLICATIONS // (self.width * model.work), 1), MOST_STEPS)
        self._steps = 1

    def begin(self, seeds: Sequence[int]) -> list[Sample]:
        """Return a text for each of at most `width` seeds; they are sampled when one of them is read."""
        return _Batch(self, seeds).samples

    def chooser(self, texts: int) -> BatchChooser:
        """Return what chooses the symbols of a batch that holds so many texts."""
        matcher = None if self._dfa is None else constraint.BatchMatcher(self._dfa, self.width, texts)
        return BatchChooser(
            self.job.config,
            self.width,
            len(self.vocabulary),
            forbidden=self.vocabulary.unknown_id,
            recent=self.job.start.recent,
            matcher=matcher,
        )

    def next_steps(self) -> int:
        """Return how many symbols to sample for each row: the very first at once, later ones in bulk."""
        steps = self._steps
        self._steps = min(GROWTH * steps, self._most_steps)
        return steps


class _Batch:
    """Incomplete texts, a row each."""

    def __init__(self, sampler: BatchSampler, seeds: Sequence[int]) -> None:
        vocabulary, (config, start, self._record) = sampler.vocabulary, sampler.job
        width = self._width = sampler.width
        self._step, self._next_steps = sampler.step, sampler.next_steps
        self._choose = sampler.chooser(len(seeds))
        self._matcher = self._choose.matcher
        self._last_id = len(vocabulary) - 1
        self._random = [np.random.default_rng(seed) for seed in seeds]
        self._texts = [Detokenizer(vocabulary, config, logprobs=self._record) for _ in seeds]
        self.samples = [
            Sample(seed, text.logprobs, self._advance) for seed, text in zip(seeds, self._texts, strict=True)
        ]
        for sample, text in zip(self.samples, self._texts, strict=True):
            sample.grow("", text.finish_reason)
        logits, state = start.outputs(vocabulary, self._step, width)
        self._predicted = logits is not None
        self._next: tuple[FloatArray, State] = (
            np.zeros((width, len(vocabulary))) if logits is None else logits,
            state,
        )

    def _advance(self) -> None:
        """Sample some symbols for every row, and append them to the texts that have not ended."""
        rows = [row for row, sample in enumerate(self.samples) if not sample.ended]
        steps = min(self._next_steps(), max(self._texts[row].missing for row in rows))
        uniforms = np.zeros((steps, self._width))
        for row in rows:
            uniforms[:, row] = self._random[row].random(steps)
        ids, logprobs = self._sample(uniforms)
        lost = ids == NO_SYMBOL
        steps = len(ids)
        sampled = np.where(lost.any(axis=0), lost.argmax(axis=0), steps)
        for row in rows:
            text, n = self._texts[row], int(sampled[row])
            piece = text.extend(ids[:n, row], logprobs[:n, row] if self._record else None)
            self.samples[row].grow(piece, text.finish_reason, lost=n < steps)

    def _sample(self, uniforms: NDArray[np.float64]) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
        """Sample symbols for every row, padding included; return them and, where asked for, ln p, each (steps, N).

        Fewer steps than there are numbers for if all texts have ended.
        """
        ids, logprobs = np.zeros(uniforms.shape, np.intp), np.zeros(uniforms.shape)
        step, choose, (logits, state) = self._step, self._choose, self._next
        for t, (numbers, chosen) in enumerate(zip(uniforms, ids, strict=True)):
            choose(logits, numbers, out=chosen)
            # the end under a pattern is no symbol, nor is that of a lost text; what is read behind concerns no text
            read = np.maximum(np.minimum(chosen, self._last_id), 0)
            if self._record:
                with np.errstate(invalid="ignore"):  # of a row that is not finite
                    logprobs[t] = 0 - target_nats(logits, read)
            if self._matcher is not None and self._matcher.over:
                ids, logprobs = ids[: t + 1], logprobs[: t + 1]
                break
            logits, state = step(read, state)
        if not self._predicted:
            logprobs[0], self._predicted = math.nan, True
        self._next = logits, state
        return ids, logprobs
