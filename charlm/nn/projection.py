"""The input product of a recurrent layer, ``W_x x + b`` for all steps at once, outside the time loop.

What a layer reads is dense, ids or a `Lookup`. Ids pick a row of a table: no product at all. A lookup projects its
table once, V rows instead of T·N. Of a large vocabulary either has only the symbols that occur.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

import numpy as np

from charlm.nn.arrays import IdArray, Inputs, Lookup, check_ids, rows, sequence, sum_by_id
from charlm.nn.parameters import FloatArray
from charlm.nn.pieces import multiply

__all__ = ["BackpropInput", "project", "projected_table"]

InputGradients: TypeAlias = tuple[FloatArray, IdArray | slice, FloatArray, FloatArray | None]
"""``dW`` (G, H, D or S), the D or S columns of ``W_x`` that it is of, ``db`` (G, H), ``dx``."""
BackpropInput: TypeAlias = Callable[[FloatArray, Sequence[FloatArray]], InputGradients]
"""``(dz (G, T·N, H), W (G, H, D)) -> InputGradients``; W as in files, unscaled."""


def projected_table(
    W_x: FloatArray, b: FloatArray, table: FloatArray | None, *, out: FloatArray | None = None
) -> FloatArray:
    """Project every column of a table (D, V), or of the identity, for G gates: shape (G, V, H).

    Parameters
    ----------
    W_x : ndarray, shape (G, D, H)
    b : ndarray, shape (G, H)
    table : ndarray, shape (D, V), optional
    out : ndarray, shape (G, V, H), optional
        Where the result goes; may be ``W_x``.
    """
    projected: FloatArray = np.add(W_x if table is None else multiply(table.T, W_x), b[:, None], out=out)
    return projected


def project(
    x: Inputs, W_x: FloatArray, b: FloatArray, *, out: FloatArray, symbols: IdArray | None = None
) -> BackpropInput:
    """Write ``z = W_x x + b`` of G gates and all T steps into `out`, in place.

    Parameters
    ----------
    x : ndarray or Lookup
        (T, D, N) dense, (T, N) ids, or a lookup.
    W_x : ndarray, shape (G, D, H)
    b : ndarray, shape (G, H)
    out : ndarray, shape (G, T, N, H)
    symbols : ndarray of int, shape (S,), optional
        Of ids, which symbols the S columns of ``W_x`` are for; all when left out.

    Returns
    -------
    callable
        The way back. `dx` is (T, D, N) for dense input, the gradient (D, V) of the table for a lookup, and None
        for ids.
    """
    G, T, N, H = out.shape
    table = None
    if isinstance(x, Lookup):
        ids, table = x.ids, x.table
    elif np.issubdtype(x.dtype, np.integer):
        ids = x
    else:
        return _project_dense(x, W_x, b, out.reshape(G, T * N, H))
    projected = projected_table(W_x, b, table)
    V = projected.shape[1]
    check_ids(ids, V)
    columns = slice(None) if symbols is None else symbols
    for rows_of_gate, z in zip(projected, out, strict=True):
        np.take(rows_of_gate, ids, axis=0, out=z, mode="clip")  # "clip": "raise" would go through a buffer

    def backprop(dz: FloatArray, W: Sequence[FloatArray]) -> InputGradients:
        d_projected = sum_by_id(dz, ids.reshape(-1), V)
        db = d_projected.sum(axis=1)
        if table is None:
            return d_projected.transpose(0, 2, 1), columns, db, None
        dW = multiply(d_projected.transpose(0, 2, 1), np.ascontiguousarray(table.T))
        return dW, columns, db, _gathered(d_projected, W).T

    return backprop


def _project_dense(x: FloatArray, W_x: FloatArray, b: FloatArray, out: FloatArray) -> BackpropInput:
    x_rows, T = rows(x), len(x)
    multiply(x_rows, W_x, out=out)
    np.add(out, b[:, None], out=out)

    def backprop(dz: FloatArray, W: Sequence[FloatArray]) -> InputGradients:
        dx = sequence(_gathered(dz, W).T, T)
        return multiply(dz.transpose(0, 2, 1), x_rows), slice(None), dz.sum(axis=1), dx

    return backprop


def _gathered(dz: FloatArray, W: Sequence[FloatArray]) -> FloatArray:
    """Return ``Σ_g dz_g W_g`` of dz (G, rows, H) and W (G, H, D)."""
    dx: FloatArray = dz[0] @ W[0]
    for d, W_gate in zip(dz[1:], W[1:], strict=True):
        dx += d @ W_gate
    return dx
