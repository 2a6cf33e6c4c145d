"""The weights as the time loop uses them, packed once an update instead of at every step.

Gates are in *kernel order*: those that share an operation are adjacent. Weights of sigmoid gates are halved,
since σ(z) = ½(1 + tanh(z/2)) then needs one `tanh` for all gates and never overflows; halving is exact in binary
floating point. The recurrent weights are transposed here by products with a scaled identity, 86 µs for an LSTM's
256 units, where a strided copy takes 278 µs; each step's product then reads them in memory order.
"""

from __future__ import annotations

from functools import cache
from itertools import pairwise
from typing import ClassVar, Protocol

import numpy as np

from charlm.nn.arrays import FloatArray, IdArray, Inputs
from charlm.nn.dropout import draw_mask_
from charlm.nn.kernels.gate_products import Gate, transpose_
from charlm.nn.kernels.memory import empty
from charlm.nn.kernels.projection import BackpropInput, project
from charlm.nn.parameters import ParameterStore

__all__ = ["Cell", "DroppedWeights", "InputWeights", "runs"]


class Cell(Protocol):
    """The parts of a recurrent layer that are read here; `charlm.nn.recurrent.Recurrent` is one."""

    input_order: ClassVar[tuple[Gate, ...]]
    input_size: int
    hidden_size: int
    params: ParameterStore

    def by_gate(self, name: str) -> FloatArray:
        """View a parameter as (G, H, …)."""


@cache
def runs(order: tuple[Gate, ...]) -> list[tuple[slice, slice]]:
    """Split gates in kernel order into runs of gates that are adjacent in files too: their slices in either order.

    Examples
    --------
    >>> from charlm.nn.kernels.gate_products import Gate
    >>> runs((Gate(3, 0.5), Gate(0, 0.5), Gate(1, 1.0)))
    [(slice(0, 1, None), slice(3, 4, None)), (slice(1, 3, None), slice(0, 2, None))]
    """
    starts = [k for k, gate in enumerate(order) if k == 0 or gate.position != order[k - 1].position + 1]
    return [
        (slice(k, end), slice(order[k].position, order[k].position + end - k))
        for k, end in pairwise([*starts, len(order)])
    ]


class InputWeights:
    """``W_x`` (G, D, H) and ``b`` (G, H) in kernel order, for the input product.

    For one-hot input from a large vocabulary, ``W_x`` has the S symbols of a window (`charlm.nn.arrays.occurring`)
    in place of all D. With `by_symbol`, the gates of a symbol are adjacent in memory.
    """

    def __init__(self, cell: Cell, *, by_symbol: bool = False) -> None:
        G, H, dtype = len(cell.input_order), cell.hidden_size, cell.params.dtype
        self.W_x, self.b, self._by_symbol = empty((G, 0, H), dtype), empty((G, H), dtype), by_symbol

    def load_(self, cell: Cell, symbols: IdArray | None = None) -> None:
        """Copy the current weights, of ``W_x`` the columns of `symbols` or all, in place."""
        W_x, b = cell.by_gate("W_x"), cell.by_gate("b")
        G, H, D = W_x.shape
        D = D if symbols is None else symbols.size
        if self.W_x.shape[1] != D and self._by_symbol:
            self.W_x = empty((D, G, H), W_x.dtype).transpose(1, 0, 2)
        elif self.W_x.shape[1] != D:
            self.W_x = empty((G, D, H), W_x.dtype)
        for k, gate in enumerate(cell.input_order):
            if symbols is None:
                transpose_(W_x[gate.position], gate.scale, out=self.W_x[k : k + 1])
            else:
                np.multiply(W_x[gate.position].T[symbols], W_x.dtype.type(gate.scale), out=self.W_x[k])
            np.multiply(b[gate.position], gate.scale, out=self.b[k])

    def project(self, x: Inputs, *, out: FloatArray, symbols: IdArray | None = None) -> BackpropInput:
        """Write ``W_x x + b`` into `out` (G, T, N, H), in place, and return the backward pass."""
        return project(x, self.W_x, self.b, out=out, symbols=symbols)


class DroppedWeights:
    """``W_h`` with some entries zero (DropConnect): ``mask`` (G·H, H), and the weights times it."""

    def __init__(self, cell: Cell) -> None:
        shape, dtype = cell.params["W_h"].shape, cell.params.dtype
        self.mask, self._dropped = empty(shape, dtype), empty(shape, dtype)

    def draw(self, cell: Cell, probability: float, rng: np.random.Generator) -> FloatArray:
        """Draw a mask and return ``W_h`` times it, shape (G, H, H)."""
        draw_mask_(self.mask, probability, rng)
        np.multiply(cell.params["W_h"], self.mask, out=self._dropped)
        return self._dropped.reshape(-1, cell.hidden_size, cell.hidden_size)
