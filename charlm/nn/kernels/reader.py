"""The input of inference: ``W_x x + b`` of one symbol, from tables that are made once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from charlm.nn.arrays import FloatArray, IdArray, StepInput
from charlm.nn.cell import AnyCell
from charlm.nn.kernels.gate_products import multiply_row_invariant
from charlm.nn.kernels.memory import empty
from charlm.nn.kernels.projection import projected_table
from charlm.nn.kernels.weights import InputWeights

__all__ = ["make_reader", "make_reader_in_place"]


def make_reader(
    cell: AnyCell, streams: int | None, table: FloatArray | IdArray | None
) -> Callable[[StepInput], FloatArray]:
    """Return ``x -> W_x x + b`` (G, N, H), or (G, H) for one stream without an axis; x is dense or ids.

    The next call may overwrite the result.

    Parameters
    ----------
    cell : Cell
    streams, table
        As for `charlm.nn.recurrent.Recurrent.stepper`.
    """
    symbols = None if table is None or table.dtype.kind == "f" else cast("IdArray", table)
    weights = InputWeights(cell, by_symbol=symbols is not None and streams is None)
    weights.load_(cell, symbols)
    W_x, b = weights.W_x, weights.b if streams is None else weights.b[:, None]

    def read_dense(x: NDArray[Any]) -> FloatArray:
        product: FloatArray = np.matmul(x, W_x) if streams is None else multiply_row_invariant(x, W_x)
        product += b
        return product

    if symbols is None:
        projected = projected_table(W_x, weights.b, cast("FloatArray | None", table))
    else:  # the input is then never dense, so W_x may be overwritten
        projected = projected_table(W_x, weights.b, None, out=W_x)
    if streams is None:
        by_symbol = list(np.ascontiguousarray(projected.transpose(1, 0, 2)))  # V times (G, H)
        if symbols is not None:
            return lambda k: by_symbol[cast("int", k)]
        return lambda x: read_dense(x) if isinstance(x, np.ndarray) else by_symbol[x]
    out = empty((len(W_x), streams, cell.hidden_size), cell.params.dtype)

    def read(x: StepInput) -> FloatArray:
        x = np.asarray(x)
        if x.dtype.kind == "f":
            return read_dense(x)
        return projected.take(x.astype(np.intp, copy=False), axis=1, out=out, mode="clip")

    return read


def make_reader_in_place(cell: AnyCell, streams: Any, symbols: Any) -> Callable[[StepInput], FloatArray]:
    """Return what `make_reader` does for indices into symbols; reads the weights where they are, without a copy.

    Parameters
    ----------
    cell : Cell
    streams : int
        N.
    symbols : ndarray of int, shape (S,)
    """
    weights, columns = InputWeights(cell), cell.params["W_x"].T
    weights.load_(cell, symbols[:0])
    out = empty((len(weights.b), streams, cell.hidden_size), cell.params.dtype)

    def read(x: StepInput) -> FloatArray:
        picked = columns[symbols[x]].reshape(streams, -1, cell.hidden_size)
        for z, gate, b in zip(out, cell.input_order, weights.b, strict=True):
            np.multiply(picked[:, gate.position], picked.dtype.type(gate.scale), out=z)
            np.add(z, b, out=z)
        return out

    return read
