"""`BlockSampler`: texts that a model writes side by side, in a block of rows whose number never changes.

One product serves all rows, and every step's calls are shared by them. The block is as wide for one text as for
many: a product of another shape may round otherwise, and a text must not depend on how many are asked for. Rows
that hold no text, or one that has ended, are padding. What a row comes to depends neither on its place nor on
what the others hold.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from charlm.config import SampleConfig
from charlm.generation.choice import NO_SYMBOL, BlockChooser, log_probabilities
from charlm.generation.continuation import Continuation
from charlm.generation.sample import Sample
from charlm.generation.sampling import Position, opening
from charlm.models.language_model import CharModel
from charlm.models.learner import State
from charlm.models.network import Stepper
from charlm.nn.arrays import FloatArray
from charlm.nn.stack import map_state
from charlm.text.vocabulary import Vocabulary

if TYPE_CHECKING:  # imported by those who need it only
    from charlm.generation.constraint import LazyDFA

__all__ = ["BlockSampler", "Task", "block_width"]

# rows times hidden units, beyond which wider blocks gain little and cost a single text much
ENOUGH_WORK = 4096
NARROWEST, WIDEST = 8, 32
# symbols a row between two checks of the texts: few enough for a text to appear evenly, at most some 20 ms
MOST_STEPS, GROWTH = 256, 4
MULTIPLICATIONS = 1_000_000_000


def block_width(hidden_size: int) -> int:
    """Return the rows of a block, a multiple of eight that follows from the model's shape alone."""
    return min(max(ENOUGH_WORK // hidden_size // 8 * 8, NARROWEST), WIDEST)


class Task(NamedTuple):
    """What texts that are written together have in common.

    Parameters
    ----------
    config : SampleConfig
    start : Position
        Where they begin: behind the prompt. Of one stream, each array of the state (H,).
    logprobs : bool
        Whether log-probabilities are noted.
    """

    config: SampleConfig
    start: Position
    logprobs: bool


class BlockSampler:
    """Writes blocks of texts.

    Parameters
    ----------
    model : CharModel
        Its weights as they are now; later changes are not seen.

    Attributes
    ----------
    width : int
        Rows of a block.
    """

    def __init__(self, model: CharModel) -> None:
        self.width = block_width(model.config.hidden_size)
        self._vocabulary = model.vocabulary
        self._step = model.stepper(self.width)
        self._most_steps = min(max(MULTIPLICATIONS // (self.width * model.params.value.size), 1), MOST_STEPS)
        self._steps = 1
        self._known: tuple[SampleConfig, LazyDFA] | None = None

    def begin(self, task: Task, seeds: Sequence[int]) -> list[Sample]:
        """Return a text for each of at most `width` seeds; they are drawn when one of them is read."""
        matcher = None
        if task.config.regex or task.config.template:
            from charlm.generation.constraint.matcher import BlockMatcher

            matcher = BlockMatcher(self._dfa(task.config), self.width, len(seeds))
        chooser = BlockChooser(
            task.config,
            self.width,
            len(self._vocabulary),
            forbidden=self._vocabulary.unknown_id,
            recent=task.start.recent,
            matcher=matcher,
        )
        return _Block(self._step, chooser, self._vocabulary, task, seeds, self._next_steps).samples

    def _dfa(self, config: SampleConfig) -> LazyDFA:
        """Return the automaton of a pattern, the same for all blocks: it grows as it is used."""
        from charlm.generation.constraint import constraint_for

        if self._known is None or self._known[0] != config:
            self._known = config, constraint_for(config, self._vocabulary)
        return self._known[1]

    def _next_steps(self) -> int:
        """Return how many symbols to draw for each row: the very first at once, later ones in bulk."""
        steps = self._steps
        self._steps = min(GROWTH * steps, self._most_steps)
        return steps


class _Block:
    """Texts under way, a row each."""

    def __init__(
        self,
        step: Stepper,
        choose: BlockChooser,
        vocabulary: Vocabulary,
        task: Task,
        seeds: Sequence[int],
        next_steps: Callable[[], int],
    ) -> None:
        width = self._width = choose.streams
        self._step, self._choose, self._record = step, choose, task.logprobs
        self._matcher = choose.matcher
        self._last_id = len(vocabulary) - 1
        self._random = [np.random.default_rng(seed) for seed in seeds]
        self._texts = [Continuation(vocabulary, task.config, logprobs=task.logprobs) for _ in seeds]
        self.samples = [
            Sample(seed, text.logprobs, self._advance) for seed, text in zip(seeds, self._texts, strict=True)
        ]
        for sample, text in zip(self.samples, self._texts, strict=True):
            sample.grow("", text.finish_reason)
        self._next_steps = next_steps
        state = map_state(lambda a: np.tile(a, (width, 1)), task.start.state)
        first = opening(vocabulary) if task.start.last is None else task.start.last
        self._predicted = first is not None  # with nothing to read, all first symbols are equally likely
        self._next: tuple[FloatArray, State] = np.zeros((width, len(vocabulary))), state
        if first is not None:
            self._next = step(np.full(width, first, np.intp), state)

    def _advance(self) -> None:
        """Draw some symbols for every row, and hand them to the texts that have not ended."""
        rows = [row for row, sample in enumerate(self.samples) if not sample.ended]
        steps = min(self._next_steps(), max(self._texts[row].missing for row in rows))
        uniforms = np.zeros((steps, self._width))
        for row in rows:
            uniforms[:, row] = self._random[row].random(steps)
        ids, logprobs = self._draw(uniforms)
        lost = ids == NO_SYMBOL
        steps = len(ids)
        drawn = np.where(lost.any(axis=0), lost.argmax(axis=0), steps)
        for row in rows:
            text, n = self._texts[row], int(drawn[row])
            piece = text.extend(ids[:n, row], logprobs[:n, row] if self._record else None)
            self.samples[row].grow(piece, text.finish_reason, lost=n < steps)

    def _draw(self, uniforms: NDArray[np.float64]) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
        """Draw symbols for every row, padding included; return them and, where asked for, ln p, each (steps, N).

        Fewer steps than there are numbers for if all texts have ended.
        """
        ids, logprobs = np.zeros(uniforms.shape, np.intp), np.zeros(uniforms.shape)
        step, choose, (logits, state) = self._step, self._choose, self._next
        for t, (numbers, drawn) in enumerate(zip(uniforms, ids, strict=True)):
            choose(logits, numbers, out=drawn)
            # the end under a pattern is no symbol; what the model reads behind it concerns no text
            read = drawn if self._matcher is None else np.minimum(drawn, self._last_id)
            if self._record:
                logprobs[t] = log_probabilities(logits, read)
            if self._matcher is not None and self._matcher.over:
                ids, logprobs = ids[: t + 1], logprobs[: t + 1]
                break
            logits, state = step(read, state)
        if not self._predicted:
            logprobs[0], self._predicted = math.nan, True
        self._next = logits, state
        return ids, logprobs
