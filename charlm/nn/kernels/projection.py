"""The input product of a recurrent layer, ``W_x x + b`` for all steps at once, outside the time loop.

The input of a layer is dense, ids or a `Lookup`. Ids select rows of a table, without a product. A lookup projects
its table once, V rows instead of T·N. With a large vocabulary, both use only the symbols that occur.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeAlias, cast

import numpy as np

from charlm.nn.arrays import FloatArray, IdArray, Inputs, Lookup, check_ids
from charlm.nn.kernels.blocks import multiply
from charlm.nn.kernels.sums import sum_by_id

__all__ = ["BackpropInput", "InputGradients", "project", "projected_table", "sum_of_products"]


class InputGradients(NamedTuple):
    """Gradients of the input product."""

    dW_x: FloatArray  # noqa: N815  (G, H, D), or of the S columns alone
    columns: IdArray | slice  # which columns of W_x those are
    db: FloatArray  # (G, H)
    dx: FloatArray | None  # (T, N, D); of a lookup's table (D, V); None for ids


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
        The array for the result; may be ``W_x``.
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
        (T, N, D) dense, (T, N) ids, or a lookup.
    W_x : ndarray, shape (G, D, H)
    b : ndarray, shape (G, H)
    out : ndarray, shape (G, T, N, H)
    symbols : ndarray of int, shape (S,), optional
        For ids: the symbols of the S columns of ``W_x``; by default all.

    Returns
    -------
    callable
        The backward pass.
    """
    table: FloatArray | None
    if isinstance(x, Lookup):
        ids, table = x.ids, x.table
    elif np.issubdtype(x.dtype, np.integer):
        ids, table = cast("IdArray", x), None
    else:
        return _project_dense(cast("FloatArray", x), W_x, b, out)
    projected = projected_table(W_x, b, table)
    V = projected.shape[1]
    check_ids(ids, V)
    columns = slice(None) if symbols is None else symbols
    for rows_of_gate, z in zip(projected, out, strict=True):
        np.take(rows_of_gate, ids, axis=0, out=z, mode="clip")  # "raise" would copy through a buffer

    def backprop(dz: FloatArray, W: Sequence[FloatArray]) -> InputGradients:
        d_projected = sum_by_id(dz, ids.reshape(-1), V)
        db = d_projected.sum(axis=1)
        if table is None:
            return InputGradients(d_projected.transpose(0, 2, 1), columns, db, None)
        dW_x = multiply(d_projected.transpose(0, 2, 1), np.ascontiguousarray(table.T))
        return InputGradients(dW_x, columns, db, sum_of_products(d_projected, W).T)

    return backprop


def _project_dense(x: FloatArray, W_x: FloatArray, b: FloatArray, out: FloatArray) -> BackpropInput:
    T, N, D = x.shape
    x_rows, z = x.reshape(T * N, D), out.reshape(len(out), T * N, -1)
    multiply(x_rows, W_x, out=z)
    np.add(z, b[:, None], out=z)

    def backprop(dz: FloatArray, W: Sequence[FloatArray]) -> InputGradients:
        dW_x = multiply(dz.transpose(0, 2, 1), x_rows)
        return InputGradients(dW_x, slice(None), dz.sum(axis=1), sum_of_products(dz, W).reshape(T, N, D))

    return backprop


def sum_of_products(dz: FloatArray, W: Sequence[FloatArray]) -> FloatArray:
    """Return ``Σ_g dz_g W_g`` of dz (G, rows, H) and W (G, H, D)."""
    dx: FloatArray = dz[0] @ W[0]
    for d, W_gate in zip(dz[1:], W[1:], strict=True):
        dx += d @ W_gate
    return dx
