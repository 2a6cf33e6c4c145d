"""`Beam`: a search for the likeliest continuations under way, step by step. See `charlm.generation.beam`."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from charlm.config import SampleConfig
from charlm.errors import DivergedError, UsageError
from charlm.generation.block import block_width
from charlm.generation.continuation import Continuation, FinishReason
from charlm.generation.sampling import Position, Sampler, opening, start
from charlm.models.language_model import CharModel
from charlm.nn.stack import map_state

__all__ = ["WIDEST", "Beam", "Hypothesis", "best_places", "check_beam"]

WIDEST = 10_000
"""The widest beam: its states and scores still fit into the memory of a small machine."""


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
    end: Continuation


def check_beam(width: int, count: int) -> None:
    """Refuse a beam of which so many texts cannot be wanted.

    Raises
    ------
    UsageError
    """
    if not 1 <= width <= WIDEST:
        raise UsageError(f"`beam` is {width}; it must be from 1 to {WIDEST}")
    if not 1 <= count <= width:
        raise UsageError(f"`count` is {count}; it must be from 1 to the width of the beam, {width}")


class Beam:
    """A search under way: the texts in the beam, best first, and those that have ended.

    Parameters
    ----------
    model : CharModel
    config : SampleConfig
        Only its length and stop strings are used, which say where a text ends.
    begin : Position
        Where the texts begin.
    width, count : int
        As for `beam_search`.

    Attributes
    ----------
    symbols : int
        How far it has come: symbols of the longest text.
    """

    def __init__(
        self, model: CharModel, config: SampleConfig, begin: Position, *, width: int, count: int = 1
    ) -> None:
        self._model, self._config, self._start = model, config, begin
        self._vocabulary = model.vocabulary
        self._width, self._count = width, count
        self.symbols = 0
        first = opening(self._vocabulary) if begin.last is None else begin.last
        self._first_predicted = first is not None  # with nothing to read, all first symbols are equally likely
        # at least as wide as a block of samples, so that width 1 has the very bits of temperature 0
        self._rows = max(block_width(model.config.hidden_size), -(-width // 8) * 8)
        self._step = model.stepper(self._rows)
        self._state = map_state(lambda a: np.tile(a, (self._rows, 1)), begin.state)
        self._logits: NDArray[Any] = np.zeros((self._rows, len(self._vocabulary)))
        if first is not None:
            self._logits, self._state = self._step(np.full(self._rows, first), self._state)
        text = _Text(0.0, 0, None, Continuation(self._vocabulary, config))
        self._live, self._ended = ([text], []) if text.end.finish_reason is None else ([], [text])

    def advance(self) -> bool:
        """Advance by a symbol; return False when the best have been found.

        Raises
        ------
        DivergedError
            If the model's output is not finite.
        """
        if not self._live or self._decided():
            return False
        self._extend()
        self._read()
        self.symbols += 1
        return True

    def best(self) -> list[Hypothesis]:
        """Return the best of the texts that have ended."""
        return [self._hypothesis(text) for text in self._ended[: self._count]]

    def end_of(self, found: Hypothesis) -> Position:
        """Return the position behind a text, as `Sampler.stream` would leave it after yielding the text."""
        if found.symbols and found.symbols[-1] == self._vocabulary.stop_id:
            return start(self._model)
        text = Continuation(self._vocabulary, self._config)
        drawn, read = [0], 0
        for symbol in found.symbols:
            text.push(symbol)
            drawn.append(text.drawn)
        for k, (before, after) in enumerate(pairwise(drawn), 1):
            if before < after <= text.shown:  # else the first bytes of a character, or a stop string
                read = k
        reader = Sampler(self._model, self._config, rng=np.random.default_rng(0))
        reader.position = self._start
        reader.feed_ids(found.symbols[:read])
        return reader.position

    def _decided(self) -> bool:
        """Return whether no incomplete text can still rank before those that are complete."""
        return len(self._ended) >= self._count and self._ended[self._count - 1].score >= self._live[0].score

    def _extend(self) -> None:
        """Continue every text by every symbol, and keep the best."""
        log_p = self._log_probabilities()
        scores = np.array([text.score for text in self._live])[:, None] + log_p
        chosen = []
        for place in best_places(scores.ravel(), self._width):
            row, symbol = divmod(place, log_p.shape[1])
            chosen.append(self._continued(row, symbol, float(log_p[row, symbol])))
        beam = sorted(self._ended + chosen, key=lambda text: -text.score)[: self._width]  # stable
        self._live = [text for text in beam if text.end.finish_reason is None]
        self._ended = [text for text in beam if text.end.finish_reason is not None]

    def _log_probabilities(self) -> NDArray[np.float64]:
        z = self._logits[: len(self._live)].astype(np.float64)
        if not np.isfinite(z).all():
            raise DivergedError.of_output()
        z -= z.max(axis=1, keepdims=True)
        if self._first_predicted or self._live[0].trace is not None:
            z -= np.log(np.exp(z).sum(axis=1, keepdims=True))
        if self._vocabulary.unknown_id is not None:
            z[:, self._vocabulary.unknown_id] = -math.inf
        return z

    def _continued(self, row: int, symbol: int, log_p: float) -> _Text:
        before = self._live[row]
        end = before.end.fork()
        end.push(symbol)
        return _Text(before.score + log_p, row, _Trace(before.trace, symbol, log_p), end)

    def _read(self) -> None:
        """Let the model read the last symbol of every text under way."""
        rows, symbols = np.zeros((2, self._rows), np.intp)
        for k, text in enumerate(self._live):
            assert text.trace is not None  # noqa: S101  it has just been continued
            rows[k], symbols[k] = text.row, text.trace.symbol
        self._logits, self._state = self._step(symbols, map_state(lambda a: a[rows], self._state))

    def _hypothesis(self, text: _Text) -> Hypothesis:
        steps: list[tuple[int, float]] = []
        trace = text.trace
        while trace is not None:
            steps.append((trace.symbol, trace.logprob))
            trace = trace.before
        whole = Continuation(self._vocabulary, self._config, logprobs=True)
        if not self._first_predicted and steps:
            steps[-1] = steps[-1][0], math.nan
        pieces = [whole.push(symbol, logprob) for symbol, logprob in reversed(steps)]
        assert whole.finish_reason is not None  # noqa: S101  as it was when it ended
        symbols = tuple(symbol for symbol, _ in reversed(steps))
        return Hypothesis("".join(pieces), text.score, tuple(whole.logprobs), whole.finish_reason, symbols)


def best_places(scores: NDArray[np.float64], n: int) -> list[int]:
    """Return the places of the `n` largest, the largest first, of equals the first; −inf is none."""
    threshold = np.partition(scores, len(scores) - n)[-n] if n < len(scores) else -math.inf
    places = np.flatnonzero((scores >= threshold) & (scores > -math.inf))
    best: list[int] = places[np.argsort(-scores[places], kind="stable")][:n].tolist()
    return best
