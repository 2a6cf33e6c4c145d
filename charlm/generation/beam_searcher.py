"""`beam_search`: the most likely continuations that a beam finds. Nothing is random.

A text's score is the sum of its symbols' log-probabilities, a stop symbol's and a stop string's included. It is not
divided by the length, so among texts that end by themselves short ones have the advantage. Width 1 is temperature
0. A width of all possible texts, V to the power of the length, finds the very best.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from charlm.config import OnUnknown, SampleConfig
from charlm.generation.batch_sampler import batch_width
from charlm.generation.beam import Beam, check_beam
from charlm.generation.detokenizer import Detokenizer, FinishReason
from charlm.generation.position import Position, read_prompt, start_position
from charlm.models.learner import check_finite
from charlm.models.predictor import Predictor
from charlm.nn.losses import log_softmax
from charlm.nn.stack import map_state

__all__ = ["BeamSearcher", "Hypothesis", "beam_search"]

_DEFAULT = SampleConfig()


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """A text that a beam search has found.

    Parameters
    ----------
    text : str
        The continuation.
    score : float
        ln p of all symbols that the model predicted, those that ended the text included; nats.
    logprobs : tuple of float
        Of each character (each grapheme, for a model of graphemes) ln p in nats; nan where it was not predicted.
    finish_reason : {"length", "stop"}
    symbols : tuple of int
        Ids of all symbols, those that ended the text included.
    """

    text: str
    score: float
    logprobs: tuple[float, ...]
    finish_reason: FinishReason
    symbols: tuple[int, ...]


def beam_search(
    model: Predictor,
    *,
    width: int,
    count: int = 1,
    prompt: str = "",
    length: int = _DEFAULT.length,
    stop: str | Sequence[str] = _DEFAULT.stop,
    on_unknown: OnUnknown = _DEFAULT.on_unknown,
    progress: Callable[[int, int], None] | None = None,
) -> list[Hypothesis]:
    """Search for the most likely continuations of a prompt.

    Parameters
    ----------
    model : Predictor
    width : int
        Texts that are kept at each step, from 1 to `charlm.generation.beam.WIDEST`.
    count : int
        Continuations to return, at most `width`.
    prompt, length, stop, on_unknown
        As for `charlm.generate`. Texts that two stop strings end differently may read alike.
    progress : callable, optional
        Called after each step with the number of symbols of the longest text, and the most it may have.

    Returns
    -------
    list of Hypothesis
        The best first; of equals the one whose symbols have the lower ids. Fewer than `count` where there are no
        more texts.

    Raises
    ------
    UsageError
        For a setting out of range.
    VocabularyError
        For a prompt character outside the vocabulary.
    DivergedError
        If the model's output is not finite.
    """
    check_beam(width, count)
    stops = (stop,) if isinstance(stop, str) else tuple(stop)
    config = SampleConfig(length=length, stop=stops, on_unknown=on_unknown)
    search = BeamSearcher(model, config, read_prompt(model, prompt, config), width=width, count=count)
    while search.advance():
        if progress is not None:
            progress(search.symbols, length)
    return search.best()


class _Trace(NamedTuple):
    """The symbols of a text, the last one first: texts that begin alike share their beginning."""

    before: _Trace | None
    symbol: int
    logprob: float


class _Text(NamedTuple):
    """A text in the beam; `row` is that of its predecessor's output."""

    score: float
    row: int
    trace: _Trace | None
    end: Detokenizer

    @property
    def ended(self) -> bool:
        return self.end.finish_reason is not None


class BeamSearcher:
    """A beam search in progress.

    Parameters
    ----------
    model : Predictor
    config : SampleConfig
        Only its length and stop strings are used, which decide where a text ends.
    start : Position
        Where the texts begin.
    width, count : int
        As for `beam_search`.

    Attributes
    ----------
    symbols : int
        Symbols of the longest text.
    """

    def __init__(
        self, model: Predictor, config: SampleConfig, start: Position, *, width: int, count: int = 1
    ) -> None:
        self._model, self._config, self._start = model, config, start
        self._vocabulary = model.vocabulary
        self.symbols = 0
        # at least as wide as a batch of samples, so that width 1 has the very bits of temperature 0
        self._rows = max(batch_width(model.hidden_size), -(-width // 8) * 8)
        self._step = model.stepper(self._rows)
        self._logits, self._state = start.outputs(self._vocabulary, self._step, self._rows)
        self._first_predicted = self._logits is not None
        self._beam = Beam(_Text(0.0, 0, None, Detokenizer(self._vocabulary, config)), width=width, count=count)

    def advance(self) -> bool:
        """Advance by a symbol; return False when the best have been found.

        Raises
        ------
        DivergedError
            If the model's output is not finite.
        """
        if self._beam.complete:
            return False
        self._beam.extend(self._log_probabilities(), _extended)
        self._read()
        self.symbols += 1
        return True

    def best(self) -> list[Hypothesis]:
        """Return the best of the texts that have ended."""
        return [self._hypothesis(text) for text in self._beam.best]

    def end_of(self, found: Hypothesis) -> Position:
        """Return the position behind a text, as `Sampler.stream` would leave it after yielding the text."""
        if found.symbols and found.symbols[-1] == self._vocabulary.stop_id:
            return start_position(self._model)
        text = Detokenizer(self._vocabulary, self._config)
        drawn, read = [0], 0
        for symbol in found.symbols:
            text.push(symbol)
            drawn.append(text.drawn)
        for k, (before, after) in enumerate(pairwise(drawn), 1):
            if before < after <= text.shown:  # else the first bytes of a character, or a stop string
                read = k
        return self._start.after(found.symbols[:read], self._model.stepper(), self._config.repeat_last_n)

    def _log_probabilities(self) -> NDArray[np.float64]:
        if self._logits is None:  # a symbol that the model does not predict costs nothing
            log_p = np.zeros((1, len(self._vocabulary)))
        else:
            check_finite(self._logits[: len(self._beam.live)])
            log_p = log_softmax(self._logits[: len(self._beam.live)])
        if self._vocabulary.unknown_id is not None:
            log_p[:, self._vocabulary.unknown_id] = -math.inf
        return log_p

    def _read(self) -> None:
        """Read the last symbol of every live text."""
        rows, symbols = np.zeros((2, self._rows), np.intp)
        for k, text in enumerate(self._beam.live):
            assert text.trace is not None  # noqa: S101  it has just been extended
            rows[k], symbols[k] = text.row, text.trace.symbol
        self._logits, self._state = self._step(symbols, map_state(lambda a: a[rows], self._state))

    def _hypothesis(self, text: _Text) -> Hypothesis:
        steps: list[tuple[int, float]] = []
        trace = text.trace
        while trace is not None:
            steps.append((trace.symbol, trace.logprob))
            trace = trace.before
        whole = Detokenizer(self._vocabulary, self._config, logprobs=True)
        if not self._first_predicted and steps:
            steps[-1] = steps[-1][0], math.nan
        pieces = [whole.push(symbol, logprob) for symbol, logprob in reversed(steps)]
        assert whole.finish_reason is not None  # noqa: S101  as it was when it ended
        symbols = tuple(symbol for symbol, _ in reversed(steps))
        return Hypothesis("".join(pieces), text.score, tuple(whole.logprobs), whole.finish_reason, symbols)


def _extended(text: _Text, row: int, symbol: int, logprob: float) -> _Text:
    end = text.end.fork()
    end.push(symbol)
    return _Text(text.score + logprob, row, _Trace(text.trace, symbol, logprob), end)
