"""The weights as the time loop uses them, packed once an update instead of at every step.

Gates are in kernel order, the weights of sigmoid gates halved (`charlm.nn.kernels.gates`). Recurrent weights are
transposed by products with a scaled identity, 86 µs for an LSTM's 256 units, where a strided copy takes 278 µs. The
product of a step then reads them in memory order. A single stream uses the weights as they are stored
(`charlm.nn.kernels.single_stream`).
"""

from __future__ import annotations

import numpy as np

from charlm.nn.arrays import FloatArray, IdArray, Inputs
from charlm.nn.cell import AnyCell
from charlm.nn.dropout import draw_mask_
from charlm.nn.kernels.gate_products import packed_products, transpose_
from charlm.nn.kernels.memory import empty
from charlm.nn.kernels.projection import BackpropInput, project
from charlm.nn.kernels.single_stream import StoredInputWeights, stored_products

__all__ = ["InputWeights", "WindowWeights"]


class WindowWeights:
    """The weights of a cell for windows of N streams.

    Attributes
    ----------
    input : InputWeights or StoredInputWeights
    products : Products
        The recurrent products.
    """

    def __init__(self, cell: AnyCell, N: int) -> None:
        groups, H, dtype = cell.recurrent_groups, cell.hidden_size, cell.params.dtype
        self.input: InputWeights | StoredInputWeights
        if N == 1:
            self.input = StoredInputWeights(cell)
            self.products = stored_products(groups, H, dtype, addend=cell.adds_to_dh)
        else:
            self.input = InputWeights(cell)
            self.products = packed_products(groups, H, N, dtype, addend=cell.adds_to_dh)
        self._dropped: _DroppedWeights | None = None

    def load_(
        self, cell: AnyCell, symbols: IdArray | None, weight_rng: np.random.Generator | None
    ) -> FloatArray | None:
        """Load the current weights, in place.

        Parameters
        ----------
        cell : Cell
        symbols : ndarray of int, shape (S,), optional
            Of one-hot input from a large vocabulary: those that occur.
        weight_rng : numpy.random.Generator, optional
            Draws the weights of ``W_h`` to drop; without it none are dropped.

        Returns
        -------
        ndarray, shape (G·H, H), or None
            The mask of ``W_h``, if some are dropped.
        """
        self.input.load_(cell, symbols)
        if weight_rng is None or not cell.weight_drop:
            self.products.load_(cell.by_gate("W_h"))
            return None
        if self._dropped is None:
            self._dropped = _DroppedWeights(cell)
        self.products.load_(self._dropped.draw(cell, weight_rng))
        return self._dropped.mask


class InputWeights:
    """``W_x`` (G, D, H) and ``b`` (G, H) in kernel order, for the input product.

    For one-hot input from a large vocabulary, ``W_x`` has the S symbols of a window (`charlm.nn.arrays.occurring`)
    in place of all D. With `by_symbol`, the gates of a symbol are adjacent in memory.
    """

    def __init__(self, cell: AnyCell, *, by_symbol: bool = False) -> None:
        G, H, dtype = len(cell.input_order), cell.hidden_size, cell.params.dtype
        self.W_x, self.b, self._by_symbol = empty((G, 0, H), dtype), empty((G, H), dtype), by_symbol

    def load_(self, cell: AnyCell, symbols: IdArray | None = None) -> None:
        """Copy the current weights, of ``W_x`` the columns of `symbols` or all, in place."""
        W_x, b = cell.by_gate("W_x"), cell.by_gate("b")
        G, H, D = W_x.shape
        D = D if symbols is None else symbols.size
        if self.W_x.shape[1] != D and self._by_symbol:
            self.W_x = empty((D, G, H), W_x.dtype).transpose(1, 0, 2)
        elif self.W_x.shape[1] != D:
            self.W_x = empty((G, D, H), W_x.dtype)
        if symbols is None:
            transpose_(W_x, cell.input_order, out=self.W_x[:, None])
        for k, gate in enumerate(cell.input_order):
            if symbols is not None:
                np.multiply(W_x[gate.position].T[symbols], W_x.dtype.type(gate.scale), out=self.W_x[k])
            np.multiply(b[gate.position], gate.scale, out=self.b[k])

    def project(self, x: Inputs, *, out: FloatArray, symbols: IdArray | None = None) -> BackpropInput:
        """Write ``W_x x + b`` into `out` (G, T, N, H), in place, and return the backward pass."""
        return project(x, self.W_x, self.b, out=out, symbols=symbols)


class _DroppedWeights:
    """``W_h`` with some entries zero (DropConnect): ``mask`` (G·H, H), and the weights times it."""

    def __init__(self, cell: AnyCell) -> None:
        shape, dtype = cell.params["W_h"].shape, cell.params.dtype
        self.mask, self._dropped = empty(shape, dtype), empty(shape, dtype)

    def draw(self, cell: AnyCell, rng: np.random.Generator) -> FloatArray:
        """Draw a mask and return ``W_h`` times it, shape (G, H, H)."""
        draw_mask_(self.mask, cell.weight_drop, rng)
        np.multiply(cell.params["W_h"], self.mask, out=self._dropped)
        return self._dropped.reshape(-1, cell.hidden_size, cell.hidden_size)
