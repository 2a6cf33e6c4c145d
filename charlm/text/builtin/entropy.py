"""The entropy per character of a source of lines: the lowest loss that a causal model of its text can reach."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

__all__ = ["Entropy", "entropy_of"]


@dataclass(frozen=True, slots=True)
class Entropy:
    """Entropy per character of a source that draws its lines independently of each other.

    Parameters
    ----------
    nats_per_line : float
        Expected surprisal of a line, its newline included, in nats.
    characters_per_line : float
        Expected length of a line, its newline included.

    Notes
    -----
    In n lines there are n·E[length] characters and n·H(line) nats, so a long text of such lines has
    H(line) / E[length] nats per character. The chain rule makes that the lowest mean loss of any model
    that reads the text from left to right.
    """

    nats_per_line: float
    characters_per_line: float

    @property
    def nats(self) -> float:
        """Nats per character."""
        return self.nats_per_line / self.characters_per_line

    @property
    def bits(self) -> float:
        """Bits per character."""
        return self.nats / math.log(2)


def entropy_of(probabilities: Iterable[float]) -> float:
    """Return the entropy of a distribution, in nats.

    Parameters
    ----------
    probabilities : iterable of float
        Of all outcomes; they sum to 1.

    Examples
    --------
    >>> round(entropy_of([0.5, 0.5]) / math.log(2), 12)
    1.0
    """
    return -math.fsum(p * math.log(p) for p in probabilities if p > 0)
