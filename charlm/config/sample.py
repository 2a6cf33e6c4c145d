"""`SampleConfig`: settings of sampling."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from charlm.config.checks import check_choice, check_number
from charlm.errors import UsageError

__all__ = ["FINISH_WITHIN", "OnUnknown", "SampleConfig"]

OnUnknown: TypeAlias = Literal["error", "skip", "replace"]


FINISH_WITHIN = 200
"""Symbols beyond its length within which a text finishes its line; in the last half of them, its word."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleConfig:
    """Settings of sampling.

    Parameters
    ----------
    length : int
        Symbols of the continuation.
    finish_line : bool
        Continue beyond `length` to the end of the line, or of the word if the line is long: at most `FINISH_WITHIN`
        symbols. The line feed is not part of the text. With a pattern, `length` is exact.
    temperature : float
        Divides the log-probabilities; 0 takes the most likely symbol.
    top_k : int
        Keep the k most likely symbols; 0 keeps all.
    top_p : float
        Keep the fewest most likely symbols whose probabilities sum to at least p; 1 keeps all.
    min_p : float
        Keep symbols at least p times as likely as the most likely one; 0 keeps all.
    typical_p : float
        Keep the fewest symbols, those with surprisal nearest to the entropy first, whose probabilities sum to at
        least p; 1 keeps all.
    repeat_penalty : float
        Multiplies the log-probability of recent symbols: above 1 they become less likely, 1 does nothing.
    repeat_last_n : int
        Number of recent symbols that the penalty applies to, those of the prompt included; 0 for none.
    stop : tuple of str
        The text ends before the first of these. With a pattern, it contains none of them.
    regex : str
        A pattern that the whole text matches, or ``@name`` for a named one; empty for any text. See
        `charlm.generation.constraint`. It names no files: it contains the words of a list.
    template : str
        A text with holes to fill, ``Dear {name:PATTERN}, …``; empty for any text.
    on_unknown : {"error", "skip", "replace"}
        Treatment of prompt characters outside the vocabulary.
    """

    length: int = 500
    finish_line: bool = False
    temperature: float = 0.8
    top_k: int = 0
    top_p: float = 1.0
    min_p: float = 0.0
    typical_p: float = 1.0
    repeat_penalty: float = 1.0
    repeat_last_n: int = 64
    stop: tuple[str, ...] = ()
    regex: str = ""
    template: str = ""
    on_unknown: OnUnknown = "error"

    def __post_init__(self) -> None:
        check_number("length", self.length, whole=True)
        check_number("temperature", self.temperature)
        check_number("top_k", self.top_k, whole=True)
        check_number("top_p", self.top_p, high=1, above=True)
        check_number("min_p", self.min_p, high=1)
        check_number("typical_p", self.typical_p, high=1, above=True)
        check_number("repeat_penalty", self.repeat_penalty, high=1000, above=True)
        check_number("repeat_last_n", self.repeat_last_n, high=100_000, whole=True)
        check_choice("on_unknown", self.on_unknown, OnUnknown)
        if self.regex and self.template:
            raise UsageError("`regex` and `template` are two patterns for one text; give one of them")
        if any(not text for text in self.stop):
            raise UsageError("an empty `stop` would end every text at once; give at least one character")

    @property
    def constrained(self) -> bool:
        """Whether the text must match a pattern or a template."""
        return bool(self.regex or self.template)

    @property
    def longest(self) -> int:
        """Largest number of symbols of the continuation."""
        beyond = self.length and self.finish_line and not self.constrained
        return self.length + FINISH_WITHIN if beyond else self.length
