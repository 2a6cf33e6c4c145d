"""`PortableGenerator`: random numbers that depend on the seed alone, not on the machine or NumPy's version."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    import numpy as np

__all__ = ["PortableGenerator"]

_Item = TypeVar("_Item")

_BLOCK = 4096


class PortableGenerator:
    """A random generator whose stream is the same for every machine and version of NumPy.

    Parameters
    ----------
    seed : int
        At least 0.

    Notes
    -----
    NumPy keeps the raw stream of PCG64 for good, but not the streams of the methods of ``Generator`` (NEP 19). Only
    the raw stream is read here.
    """

    def __init__(self, seed: int) -> None:
        import numpy as np  # here, so that listing the names of the corpora does not import it

        self._next = _uniforms(np.random.PCG64(seed)).__next__

    def uniform(self) -> float:
        """Return a number from [0, 1), a multiple of 2⁻⁵³."""
        return self._next()

    def below(self, n: int) -> int:
        """Return a random whole number from 0 to n − 1, uniform to n·2⁻⁵³."""
        return int(self._next() * n)

    def pick(self, items: Sequence[_Item]) -> _Item:
        """Return a random item, uniformly."""
        return items[int(self._next() * len(items))]

    def shuffle(self, items: Sequence[_Item]) -> list[_Item]:
        """Return the items in a random order (Fisher and Yates)."""
        order = list(items)
        for last in range(len(order) - 1, 0, -1):
            other = self.below(last + 1)
            order[last], order[other] = order[other], order[last]
        return order

    def rounds(self, items: Sequence[_Item]) -> Iterator[_Item]:
        """Yield all items in a random order, then all again in another one, without end."""
        while True:
            yield from reversed(self.shuffle(items))


def _uniforms(bits: np.random.PCG64) -> Iterator[float]:
    while True:
        yield from ((bits.random_raw(_BLOCK) >> 11) * 2.0**-53).tolist()
