"""``sums``: lines such as ``38+5=43``. The operands are random; the result follows from them."""

from __future__ import annotations

import math
from collections.abc import Iterator

from charlm.text.builtin.entropy import Entropy
from charlm.text.builtin.portable_generator import PortableGenerator

__all__ = ["OPERANDS", "entropy", "lines"]

OPERANDS = 100  # a and b are uniform from 0 to 99


def lines(rng: PortableGenerator) -> Iterator[str]:
    """Yield sums without end, each with its newline."""
    while True:
        a, b = rng.below(OPERANDS), rng.below(OPERANDS)
        yield f"{a}+{b}={a + b}\n"


def entropy() -> Entropy:
    """Return the entropy per character.

    Operands and line determine each other, so a line has ln(100²) nats. Its expected length is that
    of two operands and their sum, and three signs.
    """
    lengths = (len(str(a)) + len(str(b)) + len(str(a + b)) for a in range(OPERANDS) for b in range(OPERANDS))
    return Entropy(2 * math.log(OPERANDS), sum(lengths) / OPERANDS**2 + len("+=\n"))
