"""How sequences lie in memory, and the products of small matrices.

A sequence is ``(T, features, N)``: time, features, streams. Two memory orders serve two purposes. Inside a time
loop a step's ``(features, N)`` block is contiguous; for a product over the whole window the columns of all
steps stand side by side, ``(features, T·N)``. `columns` goes from the first to the second.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import DTypeLike, NDArray

from charlm.errors import UsageError
from charlm.nn.parameters import FloatArray

__all__ = [
    "Blocked",
    "IdArray",
    "Inputs",
    "Lookup",
    "check_ids",
    "columns",
    "copy_steps",
    "empty_columns",
    "sequence",
    "sum_by_id",
]

IdArray: TypeAlias = NDArray[np.integer[Any]]


@dataclass(frozen=True, slots=True, eq=False)
class Lookup:
    """Columns of a table picked by number: what an embedding gives, not yet written out.

    Parameters
    ----------
    ids : ndarray of int, shape (T, N)
    table : ndarray, shape (D, V)
        Column v stands for symbol v.
    """

    ids: IdArray
    table: FloatArray

    def dense(self) -> FloatArray:
        """Write the columns out, shape (T, D, N)."""
        picked: FloatArray = self.table[:, self.ids].transpose(1, 0, 2)
        return picked


Inputs: TypeAlias = NDArray[Any] | Lookup
"""Inputs of a layer: dense (T, D, N), ids (T, N) that stand for one-hot columns, or a `Lookup`."""


def empty_columns(features: int, count: int, dtype: DTypeLike) -> FloatArray:
    """Return a new (features, count) array whose rows do not lie a power of two apart.

    Otherwise a column's entries, 4096 bytes apart say, all fall into the same few places of a core's cache.
    """
    padding = 64 // np.dtype(dtype).itemsize
    return np.empty((features, count + padding), dtype)[:, :count]


def check_ids(ids: IdArray, size: int) -> None:
    """Refuse ids that a table of so many symbols does not have.

    Raises
    ------
    UsageError
    """
    if ids.size and (ids.min() < 0 or ids.max() >= size):
        raise UsageError(f"symbol ids run from {ids.min()} to {ids.max()}; they must be 0 to {size - 1}")


def columns(x: FloatArray) -> FloatArray:
    """Put the columns of all steps side by side, (T, D, N) → (D, T·N); a copy only where memory demands it."""
    T, D, N = x.shape
    return x.transpose(1, 0, 2).reshape(D, T * N)


def sequence(flat: FloatArray, steps: int) -> FloatArray:
    """See (D, T·N) columns as a sequence (T, D, N), without a copy."""
    D, TN = flat.shape
    return flat.reshape(D, steps, TN // steps).transpose(1, 0, 2)


def copy_steps(x: FloatArray, out: FloatArray) -> None:
    """Copy steps (T, D, N) into columns seen as a sequence, in place; the last axes of both are contiguous.

    A row of N numbers goes over as one wide element, which is up to twice as quick as number by number.
    """
    row = np.dtype((np.void, x.shape[-1] * x.itemsize))
    np.copyto(out.view(row), x.view(row))


def sum_by_id(flat: FloatArray, ids: IdArray, size: int) -> FloatArray:
    """Add up the columns that belong to the same symbol.

    Parameters
    ----------
    flat : ndarray, shape (D, T·N)
    ids : ndarray of int, shape (T·N,)
    size : int
        V; the result's column v is the sum of the columns with id v.

    Returns
    -------
    ndarray, shape (D, V)
    """
    if size <= 256:  # a product with the one-hot columns is quicker than sorting, up to about here
        one_hot = np.zeros((ids.size, size), flat.dtype)
        one_hot[np.arange(ids.size), ids] = 1
        product: FloatArray = flat @ one_hot
        return product
    order = np.argsort(ids, kind="stable")
    present, starts = np.unique(ids[order], return_index=True)
    total = np.zeros((flat.shape[0], size), flat.dtype)
    total[:, present] = np.add.reduceat(flat[:, order], starts, axis=1)
    return total


class Blocked:
    """A view of a matrix M (J, K), cut so that ``M @ x`` for a narrow x (K, N) runs at full speed.

    OpenBLAS copies ("packs") both operands of a product before it multiplies, which costs more than it saves when
    x has few columns; up to about a million multiplications it does without. So a product that is larger is done
    as blocks of R rows with R·N·K below a million. Where K is too long for that, K is cut too and the partial
    products are added. R follows from the shapes alone, never from a timing, so that the same run gives the same
    bits.

    Parameters
    ----------
    matrix : ndarray, shape (J, K)
        In either memory order; changes to it are seen.
    streams : int
        N, the columns of x.
    """

    LARGEST_UNPACKED = 1_000_000
    LONGEST_ROW = 1024
    FEWEST_ROWS = 16

    def __init__(self, matrix: FloatArray, streams: int) -> None:
        J, K = matrix.shape
        splits, rows = 1, self._rows(J, K, streams)
        while K % (2 * splits) == 0 and K // splits >= 256 and (K // splits > self.LONGEST_ROW or rows < 32 < J):
            if rows == J:
                break
            splits *= 2
            rows = self._rows(J, K // splits, streams)
        rows = rows or J
        self._matrix = matrix
        self._whole = splits == 1 and rows == J
        self._shape = (splits, J // rows, rows, K // splits)
        self._blocks = matrix.reshape(J // rows, rows, splits, K // splits).transpose(2, 0, 1, 3)
        self._partial = np.empty((splits, J // rows, rows, streams), matrix.dtype)

    @classmethod
    def _rows(cls, J: int, K: int, N: int) -> int:
        """Return the largest divisor of J that stays unpacked, or 0 where that is too small to pay."""
        if N == 1:  # a matrix and a vector: nothing is packed
            return J
        most = min(J, cls.LARGEST_UNPACKED // (N * K))
        return next((R for R in range(most, cls.FEWEST_ROWS - 1, -1) if J % R == 0), 0)

    def dot(self, x: FloatArray, out: FloatArray) -> None:
        """Write ``M @ x`` into the contiguous `out` (J, N), in place."""
        if self._whole:
            np.dot(self._matrix, x, out=out)
            return
        S, B, R, K = self._shape
        N = x.shape[-1]
        blocks = out.reshape(B, R, N)
        if S == 1:
            np.matmul(self._blocks[0], x, out=blocks)
        else:
            np.matmul(self._blocks, x.reshape(S, 1, K, N), out=self._partial)
            np.add.reduce(self._partial, axis=0, out=blocks)
