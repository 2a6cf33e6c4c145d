"""Statistics of a text: lengths, symbols, unigram entropy."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import asdict, dataclass

from charlm.text.builtin.entropy import entropy_of

__all__ = ["TextStats", "count_text"]


@dataclass(frozen=True, slots=True)
class TextStats:
    """Statistics of a text.

    Parameters
    ----------
    characters, symbols : int
        Code points; distinct code points.
    lines, longest_line : int
        Lines, a last one without newline included; characters of the longest, without its newline.
    utf8_bytes, non_ascii : int
        Length in UTF-8; code points beyond ASCII.
    unigram_nats : float
        Entropy of a single character, in nats: the loss of a model of character frequencies.
    """

    characters: int
    symbols: int
    lines: int
    longest_line: int
    utf8_bytes: int
    non_ascii: int
    unigram_nats: float

    def to_json(self) -> dict[str, float]:
        """Return all of it, and the unigram entropy in bits."""
        return asdict(self) | {"unigram_bits": self.unigram_nats / math.log(2)}


def count_text(text: str) -> TextStats:
    r"""Compute the statistics of a text.

    Parameters
    ----------
    text : str
        At least one character.

    Examples
    --------
    >>> count_text("to be\nor not\n").longest_line
    6
    """
    counts = Counter(text)
    longest = max(map(len, text.split("\n")))
    return TextStats(
        characters=len(text),
        symbols=len(counts),
        lines=text.count("\n") + (not text.endswith("\n")),
        longest_line=longest,
        # other encodings can decode to a lone surrogate
        utf8_bytes=len(text.encode("utf-8", "surrogatepass")),
        non_ascii=sum(count for symbol, count in counts.items() if not symbol.isascii()),
        unigram_nats=entropy_of(count / len(text) for count in counts.values()),
    )
