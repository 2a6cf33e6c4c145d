"""The gates of a cell. In files they have one order; in *kernel order* those that share an operation are adjacent.

Packed weights of sigmoid gates are halved, since σ(z) = ½(1 + tanh(z/2)) then needs one `tanh` for all gates and
never overflows; halving is exact in binary floating point.
"""

from __future__ import annotations

from functools import cache
from itertools import pairwise
from typing import NamedTuple

__all__ = ["Gate", "runs"]


class Gate(NamedTuple):
    """A gate: its position in the files' order, and the factor of its weights in the forward pass."""

    position: int
    scale: float


@cache
def runs(order: tuple[Gate, ...]) -> list[tuple[slice, slice]]:
    """Split gates in kernel order into runs of gates that are adjacent in files too: their slices in either order.

    Examples
    --------
    >>> runs((Gate(3, 0.5), Gate(0, 0.5), Gate(1, 1.0)))
    [(slice(0, 1, None), slice(3, 4, None)), (slice(1, 3, None), slice(0, 2, None))]
    """
    starts = [k for k, gate in enumerate(order) if k == 0 or gate.position != order[k - 1].position + 1]
    return [
        (slice(k, end), slice(order[k].position, order[k].position + end - k))
        for k, end in pairwise([*starts, len(order)])
    ]
