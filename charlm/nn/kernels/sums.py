"""Sums of rows by symbol: the gradient of a lookup.

Rows are sorted by symbol and summed 64 at a time. The 64 rows have few symbols, so a product with their one-hot
rows is fast, and they stay in a core's cache. With 256 units, 16 streams and 64 steps, the gradient of a window
takes 600 µs; a product with all one-hot rows took 1,495 µs.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from charlm.nn.arrays import FloatArray, IdArray
from charlm.nn.kernels.memory import empty

__all__ = ["sum_by_id"]

ROWS_AT_ONCE = 64


def sum_by_id(groups: FloatArray, ids: IdArray, size: int) -> FloatArray:
    """Sum the rows of each symbol.

    Parameters
    ----------
    groups : ndarray, shape (G, T·N, H)
    ids : ndarray of int, shape (T·N,)
    size : int
        V.

    Returns
    -------
    ndarray, shape (G, V, H)
        Row v is the sum of the rows with id v.
    """
    G, _, H = groups.shape
    if ids.size <= ROWS_AT_ONCE:
        few: FloatArray = np.matmul(groups.transpose(0, 2, 1), _one_hot(np.arange(size), ids, groups.dtype).T)
        return few.transpose(0, 2, 1)  # in the memory order of the weights
    groups = np.ascontiguousarray(groups)  # otherwise `take` would copy in every block
    order = np.argsort(ids, kind="stable")
    counts = np.bincount(ids, minlength=size)
    present = np.flatnonzero(counts)
    indices = np.repeat(np.arange(present.size), counts[present])  # index into `present` of each sorted row
    sums = np.zeros((G, present.size, H), groups.dtype)
    block = empty((G, min(ROWS_AT_ONCE, ids.size), H), groups.dtype)
    for start in range(0, ids.size, ROWS_AT_ONCE):
        taken = order[start : start + ROWS_AT_ONCE]
        at = indices[start : start + ROWS_AT_ONCE]
        first, end = int(at[0]), int(at[-1]) + 1
        one_hot = _one_hot(np.arange(first, end), at, groups.dtype)
        rows = groups.take(taken, axis=1, out=block[:, : taken.size], mode="clip")
        sums[:, first:end] += np.matmul(one_hot, rows)
    if present.size == size:
        return sums
    total = np.zeros((G, size, H), groups.dtype)
    total[:, present] = sums
    return total


def _one_hot(symbols: IdArray, ids: IdArray, dtype: np.dtype[Any]) -> FloatArray:
    """Return (symbols, ids): 1 where an id is the symbol."""
    return np.equal(symbols[:, None], ids).astype(dtype)
