"""`Detokenizer`: from the symbols of a continuation to its text: decoded, counted, cut where the text ends."""

from __future__ import annotations

import copy
from bisect import bisect_right
from typing import Any, Literal, TypeAlias

from numpy.typing import NDArray

from charlm.config import SampleConfig
from charlm.config.sample import FINISH_WITHIN
from charlm.generation.stop_strings import StopStrings
from charlm.text.vocabulary import Vocabulary

__all__ = ["Detokenizer", "FinishReason"]

FinishReason: TypeAlias = Literal["length", "stop", "regex"]


class Detokenizer:
    """Text of one continuation, up to ``config.length``, a stop string or the model's own stop symbol.

    With ``config.finish_line`` it ends with the line in which the length is reached, or at least with the word.
    Under a pattern it ends where the end is sampled, which has the id V, and at its length, where it matches too.

    Parameters
    ----------
    vocabulary : Vocabulary
    config : SampleConfig
    logprobs : bool
        Whether log-probabilities are recorded.

    Attributes
    ----------
    finish_reason : {"length", "stop", "regex"} or None
        Why the text has ended; None until it has.
    drawn, shown : int
        Characters so far, and how many of them have been passed on.
    logprobs : list of float
        One for each character (each grapheme, for a vocabulary of graphemes). Bytes of a character are summed.
    missing : int
        Characters (graphemes) that are left of the greatest length.
    grapheme_ends : list of int
        Number of characters up to the end of each grapheme; empty for any other vocabulary.
    """

    def __init__(self, vocabulary: Vocabulary, config: SampleConfig, *, logprobs: bool = False) -> None:
        self._vocabulary, self._record = vocabulary, logprobs
        self.missing = self._longest = config.longest
        # from these symbols on the text may end before a line feed, or before any blank
        self._line_from, self._word_from = config.length - 1, config.length + FINISH_WITHIN // 2
        self._graphemes = vocabulary.unit == "grapheme"
        self._decoder = vocabulary.decoder()
        self._stops = StopStrings(config.stop)
        self._logprob = 0.0  # of the bytes of a character so far
        self.grapheme_ends: list[int] = []
        # under a pattern no stop symbol is sampled; its end has the id behind all symbols
        self._finishes = config.longest > config.length
        self._end = len(vocabulary) if config.constrained else vocabulary.stop_id
        self._at_end: FinishReason = "regex" if config.constrained else "stop"
        self._at_length: FinishReason = "regex" if config.constrained else "length"
        self.finish_reason: FinishReason | None = None if config.length else self._at_length
        self.drawn = self.shown = 0
        self.logprobs: list[float] = []

    def fork(self) -> Detokenizer:
        """Return an independent copy of the text so far."""
        twin = copy.copy(self)
        twin._decoder, twin._stops = copy.copy(self._decoder), copy.copy(self._stops)
        twin.grapheme_ends, twin.logprobs = self.grapheme_ends.copy(), self.logprobs.copy()
        return twin

    def push(self, symbol: int, logprob: float = 0.0) -> str:
        """Append a symbol and return the text that can now be passed on; invalid UTF-8 becomes U+FFFD."""
        ended = symbol == self._end
        if not ended:
            self._logprob += logprob
        piece = self._decoder.flush() if ended else self._decoder.feed(symbol)
        if not self._graphemes:
            piece = piece[: self.missing]  # invalid UTF-8 can become two characters at once
        if not piece:  # the first bytes of a character, or the end
            return self._finish(self._at_end) if ended else ""
        if self._record:
            self.logprobs += [self._logprob] if self._graphemes else [self._logprob, *[0.0] * (len(piece) - 1)]
            self._logprob = 0.0
        return self._pass(piece, ended)

    def extend(self, ids: NDArray[Any], logprobs: NDArray[Any] | None = None) -> str:
        """Append symbols (n,) at once, with the result of `push` for each; those behind the end are ignored."""
        if self._graphemes or (self._record and self._vocabulary.unit == "byte"):
            return self._extend_one_by_one(ids, logprobs)
        ended = False
        if self._end is not None:
            ends = (ids == self._end).nonzero()[0]
            ended = ends.size > 0
            ids = ids[: ends[0]] if ended else ids
        piece = self._decoder.feed_all(ids.tolist())
        ended = ended and len(piece) < self.missing
        piece = (piece + (self._decoder.flush() if ended else ""))[: self.missing]
        if logprobs is not None:  # a symbol is a character
            self.logprobs += logprobs[: len(piece)].tolist()
        return self._pass(piece, ended)

    def _extend_one_by_one(self, ids: NDArray[Any], logprobs: NDArray[Any] | None) -> str:
        passed = ""
        values = [0.0] * len(ids) if logprobs is None else logprobs.tolist()
        for symbol, value in zip(ids.tolist(), values, strict=True):
            if self.finish_reason is None:
                passed += self.push(symbol, value)
        return passed

    def _pass(self, piece: str, ended: bool) -> str:
        """Count whole characters (a whole grapheme), and return the text that can be passed on."""
        kept = self._finished_line(piece) if self._finishes else None
        self.drawn += len(piece)
        if self._graphemes:
            self.grapheme_ends.append(self.drawn)
        self.missing -= 1 if self._graphemes else len(piece)
        passed = self._stops.push(piece if kept is None else kept)
        self.shown += len(passed)
        if self._stops.found:
            return passed + self._finish("stop")
        if kept is not None:
            return passed + self._finish("length")
        if ended or not self.missing:
            return passed + self._finish(self._at_end if ended else self._at_length)
        return passed

    def _finished_line(self, piece: str) -> str | None:
        """Return the part of a piece that belongs to the line, if the piece ends it; else None."""
        count = self._longest - self.missing
        if count + len(piece) <= self._line_from:
            return None
        for k, character in enumerate([piece] if self._graphemes else piece):
            at = count + k
            ends = at >= self._line_from and character[0] in "\r\n"
            if ends or (at >= self._word_from and character.isspace()):
                return piece[:k]
        return None

    def _finish(self, reason: FinishReason) -> str:
        """End the text and return the characters that stop strings have held back."""
        self.finish_reason = reason
        rest = self._stops.flush()
        self.shown += len(rest)
        self.settle()
        return rest

    def settle(self) -> None:
        """Drop the log-probabilities of symbols that were not passed on."""
        kept = bisect_right(self.grapheme_ends, self.shown) if self._graphemes else self.shown
        del self.logprobs[kept:]
