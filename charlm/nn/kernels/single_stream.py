"""Training on one stream, as online learning does: the weights are used as they are stored, in place.

With many streams, packed weights (`charlm.nn.kernels.weights`) pay for themselves within a window. With one, a
product of a vector and a matrix reads every weight once, in any order equally fast, and packing costs more than it
saves. So the kernel order of a single stream is the order of files, and pre-activations are scaled in place of
weights.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import numpy as np
from numpy.typing import DTypeLike

from charlm.nn.arrays import FloatArray, IdArray, Inputs, Lookup, check_ids
from charlm.nn.cell import AnyCell
from charlm.nn.kernels.gate_products import LARGEST_CACHED
from charlm.nn.kernels.gates import Gate
from charlm.nn.kernels.memory import empty
from charlm.nn.kernels.products import Products
from charlm.nn.kernels.projection import BackpropInput, InputGradients, sum_of_products
from charlm.nn.kernels.sums import sum_by_id

__all__ = ["StoredInputWeights", "StoredProduct", "StoredProductTransposed", "scales", "stored_products"]


def scales(gates: Sequence[Gate], H: int, dtype: DTypeLike) -> FloatArray:
    """Return the factor of each unit's pre-activation, (G, 1, H)."""
    return np.repeat(np.array([gate.scale for gate in gates], dtype), H).reshape(-1, 1, H)


class StoredProduct:
    """The product of the forward pass of one stream, ``x (1, J) -> x M_g (G, 1, K)``.

    Parameters
    ----------
    gates : sequence of Gate
        The gates of the matrices, adjacent in the files' order.
    J, K : int
    dtype : dtype-like

    Attributes
    ----------
    product : ndarray, shape (G, 1, K)
        The result of the last call.
    """

    def __init__(self, gates: Sequence[Gate], J: int, K: int, dtype: DTypeLike) -> None:
        self._gates = slice(gates[0].position, gates[-1].position + 1)
        self.product = empty((len(gates), 1, K), dtype)
        self._scales = scales(gates, K, dtype) if any(gate.scale != 1 for gate in gates) else None
        self._flat = self._matrix = self.product.reshape(1, -1)
        self._one_by_one = self.product.nbytes * J > LARGEST_CACHED
        self._parts: list[tuple[FloatArray, FloatArray]] = []

    def load_(self, W: FloatArray) -> None:
        """Use the gates' matrices of `W` (all gates, K, J), as they are when the product is called."""
        own = W[self._gates]
        self._matrix = own.reshape(-1, own.shape[-1]).T
        self._parts = [(M.T, out) for M, out in zip(own, self.product, strict=True)] if self._one_by_one else []

    def __call__(self, x: FloatArray) -> FloatArray:
        """Return ``product``, which the next call overwrites."""
        if self._one_by_one:
            for M, out in self._parts:
                x.dot(M, out)
            self._parts.reverse()  # the next call begins with the matrices that are in the cache
        else:
            x.dot(self._matrix, self._flat)
        if self._scales is not None:
            np.multiply(self.product, self._scales, self.product)
        return self.product


class StoredProductTransposed:
    """The product of the backward pass of one stream, ``x (G, 1, J) -> Σ_g x_g M_g (1, K)``.

    Parameters and attributes are those of `charlm.nn.kernels.gate_products.GateProductTransposed`.
    """

    def __init__(self, gates: Sequence[Gate], K: int, dtype: DTypeLike, *, addend: bool = False) -> None:
        self._gates = slice(gates[0].position, gates[-1].position + 1)
        self.addend, self._with_addend = empty((1, K), dtype), addend
        self._matrix = self.addend

    def load_(self, W: FloatArray) -> None:
        """Use the gates' matrices of `W` (all gates, J, K), as they are when the product is called."""
        self._matrix = W[self._gates].reshape(-1, W.shape[-1])

    def operand(self, x: FloatArray) -> FloatArray:
        """View x (G, 1, J), whose gates are adjacent in memory, as the operand of a call."""
        return x.reshape(1, -1)

    def __call__(self, x: FloatArray, out: FloatArray) -> None:
        """Write the sum into `out` (1, K), in place."""
        x.dot(self._matrix, out)
        if self._with_addend:
            np.add(out, self.addend, out)


def stored_products(groups: Sequence[Sequence[Gate]], H: int, dtype: DTypeLike, *, addend: bool) -> Products:
    """Return the products of a cell's time loops for one stream; the first one backward with an addend if asked."""
    groups = [sorted(gates) for gates in groups]
    return Products(
        [StoredProduct(gates, H, H, dtype) for gates in groups],
        [StoredProductTransposed(gates, H, dtype, addend=addend and k == 0) for k, gates in enumerate(groups)],
    )


class StoredInputWeights:
    """``W_x`` and ``b`` as they are stored, for the input product of one stream."""

    def __init__(self, cell: AnyCell) -> None:
        self._scales = scales(sorted(cell.input_order), cell.hidden_size, cell.params.dtype)

    def load_(self, cell: AnyCell, _symbols: IdArray | None = None) -> None:
        """Use the current weights."""
        self._W_x, self._b = cell.by_gate("W_x"), cell.by_gate("b")

    def project(self, x: Inputs, *, out: FloatArray, symbols: IdArray | None = None) -> BackpropInput:
        """Write ``W_x x + b`` into `out` (G, T, 1, H), in place, and return the backward pass.

        One-hot input reads the columns of its symbols alone; the table of a lookup is not projected.
        """
        W_x, z = self._W_x, out[:, :, 0]  # z (G, T, H)
        size = W_x.shape[2] if symbols is None else symbols.size
        ids = cast("IdArray", x.ids if isinstance(x, Lookup) else x)[:, 0]
        rows: FloatArray | None = None
        if isinstance(x, Lookup):
            size = x.table.shape[1]
            rows = x.dense()[:, 0]
        elif x.dtype.kind == "f":
            rows = cast("FloatArray", x)[:, 0]
        if rows is not None:
            wx = np.matmul(rows, W_x.transpose(0, 2, 1), out=z)
        else:
            check_ids(ids, size)
            wx = W_x.transpose(2, 0, 1)[ids if symbols is None else symbols[ids]].transpose(1, 0, 2)
        np.add(wx, self._b[:, None], out=z)
        np.multiply(z, self._scales, out=z)

        def backprop(dz: FloatArray, W: Sequence[FloatArray]) -> InputGradients:
            db = dz.sum(axis=1)
            if rows is None:
                dW_x = sum_by_id(dz, ids, size).transpose(0, 2, 1)
                return InputGradients(dW_x, slice(None) if symbols is None else symbols, db, None)
            dx = sum_of_products(dz, W)
            dW_x = np.matmul(dz.transpose(0, 2, 1), rows)
            if isinstance(x, Lookup):
                return InputGradients(dW_x, slice(None), db, sum_by_id(dx[None], ids, size)[0].T)
            return InputGradients(dW_x, slice(None), db, dx[:, None])

        return backprop
