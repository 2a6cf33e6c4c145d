"""``sums``: lines such as ``38+5=43``. All chance is in the operands; the answer must be worked out."""

from __future__ import annotations

import math
from collections.abc import Iterator

from charlm.text.builtin.dice import Dice
from charlm.text.builtin.entropy import Entropy

__all__ = ["OPERANDS", "entropy", "lines"]

OPERANDS = 100  # a and b are drawn from 0 … 99, all equally likely


def lines(dice: Dice) -> Iterator[str]:
    """Yield sums without end, each with its newline."""
    while True:
        a, b = dice.below(OPERANDS), dice.below(OPERANDS)
        yield f"{a}+{b}={a + b}\n"


def entropy() -> Entropy:
    """Return the entropy per character.

    A line tells its operands and they tell the line, so a line has ln(100²) nats. Its expected length is that
    of two operands and their sum, and three signs.
    """
    lengths = (len(str(a)) + len(str(b)) + len(str(a + b)) for a in range(OPERANDS) for b in range(OPERANDS))
    return Entropy(2 * math.log(OPERANDS), sum(lengths) / OPERANDS**2 + len("+=\n"))
