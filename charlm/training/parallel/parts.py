"""The parts of the flat vectors that a rank sums, clips and updates.

The vectors are split into areas: each table of a large vocabulary (`charlm.nn.arrays.ByColumn`) is one, and what
lies between tables is another; each belongs to one network of an ensemble. An area is split into blocks, and each
rank owns some adjacent blocks of every area. Of a table, a rank handles the columns alone in which a shard's
gradient was written: all others are zero.

Areas and blocks follow from the shapes, and a network's norm is a sum over its blocks, so the bits do not depend on
the number of ranks.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from charlm.nn.arrays import FloatArray
from charlm.nn.clipping import BLOCK, squared_norm
from charlm.nn.optimizers import Optimizer
from charlm.nn.parameters import ParameterStore
from charlm.training.parallel.communicator import share

__all__ = ["Part", "clear_", "common_slice", "network_slices", "norm_blocks", "parts_of"]

TABLE_BLOCK = 16 * BLOCK  # numbers of a block of a table, most of which a window does not touch


class Part(ABC):
    """Adjacent blocks of an area.

    Parameters
    ----------
    where : slice
        Of the flat vectors.
    squares : slice
        Of the norms' blocks.
    network : int
        Whose weights they are.

    Attributes
    ----------
    gradient : ndarray
        The sum of all shards' gradients of the last `reduce`.
    """

    def __init__(self, where: slice, squares: slice, network: int) -> None:
        self.where, self.squares, self.network = where, squares, network
        self.gradient: FloatArray

    @abstractmethod
    def reduce(self, gradients: FloatArray, touched: NDArray[np.bool_], /) -> None:
        """Sum the gradients (shards, P) of all shards along a binary tree, given their flags `touched`."""

    @abstractmethod
    def squared_norms(self) -> list[float]:
        """Return Σ g² of each block."""

    @abstractmethod
    def update(self, optimizer: Optimizer) -> None:
        """Update the weights of this part."""


class _Dense(Part):
    """Part of what lies between tables. The sum is in the memory of the first shard's gradient."""

    def reduce(self, gradients: FloatArray, _touched: NDArray[np.bool_]) -> None:
        self.gradient = _tree_sum([gradient[self.where] for gradient in gradients])

    def squared_norms(self) -> list[float]:
        g = self.gradient
        return [squared_norm(g[start : start + BLOCK]) for start in range(0, g.size, BLOCK)]

    def update(self, optimizer: Optimizer) -> None:
        optimizer.update(self.where)


class _Columns(Part):
    """Adjacent columns of a table, (D,) each. The sum is of the touched ones, (S, D)."""

    def __init__(self, where: slice, squares: slice, network: int, flags: slice, block: int) -> None:
        super().__init__(where, squares, network)
        self._flags, self._block, self._count = flags, block, flags.stop - flags.start
        self._touched: NDArray[np.intp]

    def reduce(self, gradients: FloatArray, touched: NDArray[np.bool_]) -> None:
        self._touched = np.flatnonzero(touched[:, self._flags].any(axis=0))
        self.gradient = _tree_sum([self._columns(gradient)[self._touched] for gradient in gradients])

    def squared_norms(self) -> list[float]:
        ends = np.searchsorted(self._touched, range(self._block, self._count, self._block))
        return [squared_norm(columns.reshape(-1)) for columns in np.split(self.gradient, ends)]

    def update(self, optimizer: Optimizer) -> None:
        if optimizer.keeps_at_zero:
            optimizer.update_rows(self.where, self._touched, self.gradient)
            return
        columns = self._columns(optimizer.params.grad)
        columns[self._touched] = self.gradient
        optimizer.update(self.where)
        columns[self._touched] = 0

    def _columns(self, flat: FloatArray) -> FloatArray:
        return flat[self.where].reshape(self._count, -1)


def common_slice(one: slice, other: slice) -> slice:
    """Return what two slices have in common, empty if nothing."""
    start = max(one.start, other.start)
    return slice(start, max(start, min(one.stop, other.stop)))


def network_slices(params: ParameterStore, networks: int) -> list[slice]:
    """Return the slice of the flat vectors of each network of an ensemble; the whole of a single one."""
    if networks == 1:
        return [slice(0, params.value.size)]
    return [params.slice_of(f"members.{k}") for k in range(networks)]


def parts_of(params: ParameterStore, networks: int, rank: int, size: int) -> list[Part]:
    """Return the parts of a rank, in their order in memory.

    Parameters
    ----------
    params : ParameterStore
    networks : int
        Whose weights these are, side by side.
    rank, size : int
        The rank's number, and the number of ranks.
    """
    parts: list[Part] = []
    first = 0
    for network, whole in enumerate(network_slices(params, networks)):
        end = whole.start
        for where, flags, D in params.tables():
            if not whole.start <= where.start < whole.stop:
                continue
            parts += _dense(slice(end, where.start), first, network, rank, size)
            first += -(-(where.start - end) // BLOCK)
            V, block = flags.stop - flags.start, max(1, TABLE_BLOCK // D)
            count = -(-V // block)
            own = share(count, rank, size)
            columns = slice(own.start * block, min(own.stop * block, V))
            if own:
                parts.append(
                    _Columns(
                        slice(where.start + columns.start * D, where.start + columns.stop * D),
                        slice(first + own.start, first + own.stop),
                        network,
                        slice(flags.start + columns.start, flags.start + columns.stop),
                        block,
                    )
                )
            first, end = first + count, where.stop
        parts += _dense(slice(end, whole.stop), first, network, rank, size)
        first += -(-(whole.stop - end) // BLOCK)
    return parts


def _dense(area: slice, first: int, network: int, rank: int, size: int) -> list[Part]:
    own = share(-(-(area.stop - area.start) // BLOCK), rank, size)
    where = slice(area.start + own.start * BLOCK, min(area.start + own.stop * BLOCK, area.stop))
    return [_Dense(where, slice(first + own.start, first + own.stop), network)] if own else []


def norm_blocks(params: ParameterStore, networks: int) -> list[slice]:
    """Return the slice of the norms' blocks of each network."""
    ends = {part.network: part.squares.stop for part in parts_of(params, networks, 0, 1)}
    return [slice(*bounds) for bounds in pairwise([0, *ends.values()])]


def clear_(params: ParameterStore) -> None:
    """Set the gradient and the flags of touched columns to zero, in place; all other columns are zero already."""
    end = 0
    for where, flags, D in params.tables():
        params.grad[end : where.start] = 0
        params.grad[where].reshape(-1, D)[params.touched[flags]] = 0
        end = where.stop
    params.grad[end:] = 0
    params.touched[:] = False


def _tree_sum(rows: Sequence[FloatArray]) -> FloatArray:
    """Sum arrays along a binary tree into the first, in place."""
    while len(rows) > 1:
        for left, right in zip(rows[::2], rows[1::2], strict=False):
            left += right
        rows = rows[::2]
    return rows[0]
