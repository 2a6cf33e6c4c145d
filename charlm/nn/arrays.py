"""How sequences lie in memory, and sums of rows by symbol.

A sequence is ``(T, features, N)``: time, features, streams; a column is one stream. In memory the features of a
character lie next to each other, ``(T, N, features)``, so that a character is a *row*: looked up, gathered and
added as one piece, and so that all rows of a window are one matrix (T·N, features) without a copy. `rows` and
`columns` see a sequence as such a matrix, `sequence` goes back.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from charlm.errors import UsageError
from charlm.nn.memory import empty
from charlm.nn.parameters import FloatArray

__all__ = [
    "LARGE_VOCABULARY",
    "IdArray",
    "Inputs",
    "Lookup",
    "check_ids",
    "columns",
    "occurring",
    "rows",
    "sequence",
    "sum_by_id",
]

ROWS_AT_ONCE = 64
LARGE_VOCABULARY = 1024  # symbols; of more, a window has only a part, and the logits of a text are taken in blocks

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
        picked: FloatArray = self.table.T[self.ids].transpose(0, 2, 1)
        return picked


Inputs: TypeAlias = NDArray[Any] | Lookup
"""Inputs of a layer: dense (T, D, N), ids (T, N) that stand for one-hot columns, or a `Lookup`."""


def check_ids(ids: IdArray, size: int) -> None:
    """Refuse ids that a table of so many symbols does not have.

    Raises
    ------
    UsageError
    """
    if ids.size and (ids.min() < 0 or ids.max() >= size):
        raise UsageError(f"symbol ids run from {ids.min()} to {ids.max()}; they must be 0 to {size - 1}")


def occurring(ids: IdArray, size: int) -> tuple[IdArray | None, IdArray]:
    """Return which symbols of a large vocabulary occur, and where among them each id is.

    So that only their columns of a table are read, projected and given a gradient.

    Parameters
    ----------
    ids : ndarray of int
    size : int
        V.

    Returns
    -------
    symbols : ndarray of int, shape (S,), or None
        In ascending order; None for a vocabulary of up to `LARGE_VOCABULARY` symbols, of which all are used.
    places : ndarray of int
        ``symbols[places]`` are the ids; the ids themselves where `symbols` is None.

    Raises
    ------
    UsageError
        If an id is not below `size`.

    Examples
    --------
    >>> occurring(np.array([[3000, 7], [7, 8]]), 5000)
    (array([   7,    8, 3000]), array([[2, 0],
           [0, 1]]))
    """
    check_ids(ids, size)
    if size <= LARGE_VOCABULARY:
        return None, ids
    symbols, places = np.unique(ids, return_inverse=True)
    return symbols, places.reshape(ids.shape)


def columns(x: FloatArray) -> FloatArray:
    """Put the columns of all steps side by side, (T, D, N) → (D, T·N); a copy only where memory demands it."""
    T, D, N = x.shape
    return x.transpose(1, 0, 2).reshape(D, T * N)


def rows(x: FloatArray) -> FloatArray:
    """Put the characters of all steps below each other, (T, D, N) → (T·N, D); the transpose of `columns`."""
    return columns(x).T


def sequence(flat: FloatArray, steps: int) -> FloatArray:
    """See (D, T·N) columns as a sequence (T, D, N), without a copy."""
    D, TN = flat.shape
    return flat.reshape(D, steps, TN // steps).transpose(1, 0, 2)


def sum_by_id(groups: FloatArray, ids: IdArray, size: int) -> FloatArray:
    """Add up the rows that belong to the same symbol.

    Rows are taken in the order of their symbols, some at a time: those have few symbols, so that a product with
    their one-hot rows is quick, and the rows stay in a core's cache.

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
        return few.transpose(0, 2, 1)  # which lies in memory as the weights do
    groups = np.ascontiguousarray(groups)  # which `take` would do every time
    order = np.argsort(ids, kind="stable")
    counts = np.bincount(ids, minlength=size)
    present = np.flatnonzero(counts)
    places = np.repeat(np.arange(present.size), counts[present])  # in `present`, of the rows in their new order
    sums = np.zeros((G, present.size, H), groups.dtype)
    some = empty((G, min(ROWS_AT_ONCE, ids.size), H), groups.dtype)
    for start in range(0, ids.size, ROWS_AT_ONCE):
        taken = order[start : start + ROWS_AT_ONCE]
        at = places[start : start + ROWS_AT_ONCE]
        first, end = int(at[0]), int(at[-1]) + 1
        one_hot = _one_hot(np.arange(first, end), at, groups.dtype)
        rows = groups.take(taken, axis=1, out=some[:, : taken.size], mode="clip")
        sums[:, first:end] += np.matmul(one_hot, rows)
    if present.size == size:
        return sums
    total = np.zeros((G, size, H), groups.dtype)
    total[:, present] = sums
    return total


def _one_hot(symbols: IdArray, ids: IdArray, dtype: np.dtype[Any]) -> FloatArray:
    """Return (symbols, ids): 1 where an id is the symbol."""
    return np.equal(symbols[:, None], ids).astype(dtype)
