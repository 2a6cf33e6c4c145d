"""The input product of a recurrent layer, ``W_x x + b`` for all steps at once, outside the time loop.

What a layer reads is dense, ids or a `Lookup`. Ids pick a column of ``W_x``: no product at all. A lookup
projects its table once, V columns instead of T·N.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np

from charlm.nn.arrays import Blocked, IdArray, Inputs, Lookup, check_ids, columns, sequence, sum_by_id
from charlm.nn.parameters import FloatArray

__all__ = ["BackpropInput", "project", "projected_table"]

BackpropInput: TypeAlias = Callable[[FloatArray], tuple[FloatArray, FloatArray, FloatArray | None]]
"""(J, T·N) gradient of the pre-activations → gradients of ``W_x``, ``b`` and the input."""


def projected_table(W_x: FloatArray, b: FloatArray, table: FloatArray | None) -> FloatArray:
    """Project every column of a table (D, V), or of the identity: ``W_x table + b``, shape (J, V)."""
    return (W_x if table is None else W_x @ table) + b[:, None]


def project(x: Inputs, W_x: FloatArray, b: FloatArray, *, W_back: FloatArray, out: FloatArray) -> BackpropInput:
    """Write ``z = W_x x + b`` for all T steps into `out` (T, J, N), in place.

    Parameters
    ----------
    x : ndarray or Lookup
        (T, D, N) dense, (T, N) ids, or a lookup.
    W_x : ndarray, shape (J, D)
    b : ndarray, shape (J,)
    W_back : ndarray, shape (J, D)
        `W_x` without the scaling of its rows, for the way back.
    out : ndarray, shape (T, J, N)

    Returns
    -------
    callable
        ``dz (J, T·N) -> (dW_x, db, dx)``. `dx` is (T, D, N) for dense input, the gradient (D, V) of the table
        for a lookup, and None for ids.
    """
    T, _, N = out.shape
    if isinstance(x, Lookup):
        _pick(projected_table(W_x, b, x.table), x.ids, out)
    elif np.issubdtype(x.dtype, np.integer):
        _pick(projected_table(W_x, b, None), x, out)
    else:
        weights = Blocked(W_x, N)
        for t in range(T):
            weights.dot(x[t], out=out[t])
        out += b[:, None]

    def backprop(dz: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray | None]:
        if isinstance(x, Lookup):
            dtable = sum_by_id(dz, x.ids.ravel(), x.table.shape[1])
            return dtable @ x.table.T, dtable.sum(axis=1), W_back.T @ dtable
        if np.issubdtype(x.dtype, np.integer):
            dtable = sum_by_id(dz, x.ravel(), W_x.shape[1])
            return dtable, dtable.sum(axis=1), None
        return dz @ columns(x).T, dz.sum(axis=1), sequence(W_back.T @ dz, T)

    return backprop


def _pick(table: FloatArray, ids: IdArray, out: FloatArray) -> None:
    """Write the picked columns of `table` (J, V) into `out` (T, J, N), in place."""
    check_ids(ids, table.shape[1])
    for ids_t, z in zip(ids, out, strict=True):
        np.take(table, ids_t, axis=1, out=z, mode="clip")  # "clip": "raise" would go through a buffer
