"""``add`` and ``numbers``: sums of two numbers, and English words for numbers."""

from __future__ import annotations

from collections.abc import Iterator

from charlm.text.builtin.portable_generator import PortableGenerator
from charlm.text.pairs import Pair

__all__ = ["in_words", "spelt", "sums"]

_SMALL = (
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
)
_TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_DIGITS = 6


def sums(rng: PortableGenerator) -> Iterator[Pair]:
    """Yield sums of two numbers from 100 to 999."""
    while True:
        a, b = 100 + rng.below(900), 100 + rng.below(900)
        yield Pair(f"{a}+{b}", str(a + b))


def spelt(rng: PortableGenerator) -> Iterator[Pair]:
    """Yield numbers below a million; the number of digits is uniform."""
    while True:
        number = rng.below(10 ** (1 + rng.below(_DIGITS)))
        yield Pair(in_words(number), str(number))


def in_words(number: int) -> str:
    """Return the English words for a number below a million.

    Examples
    --------
    >>> in_words(42), in_words(300_007), in_words(12_345)
    ('forty-two', 'three hundred thousand and seven', 'twelve thousand three hundred and forty-five')
    """
    if number < 20:
        return _SMALL[number]
    if number < 100:
        tens, ones = divmod(number, 10)
        return _TENS[tens - 2] + (f"-{_SMALL[ones]}" if ones else "")
    size, name = (100, "hundred") if number < 1000 else (1000, "thousand")
    high, low = divmod(number, size)
    rest = "" if not low else f" and {in_words(low)}" if low < 100 else f" {in_words(low)}"
    return f"{in_words(high)} {name}{rest}"
