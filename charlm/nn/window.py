"""What a recurrent layer works in: the arrays of a window, and the weights as the time loop uses them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar, Protocol

import numpy as np
from numpy.typing import DTypeLike

from charlm.nn.arrays import IdArray
from charlm.nn.dropout import draw_mask_
from charlm.nn.memory import empty
from charlm.nn.parameters import FloatArray, ParameterStore
from charlm.nn.products import Gather, Spread, transpose_

__all__ = ["Cell", "InputKernel", "Kernel", "Window", "matrix", "unbuffered"]


class Cell(Protocol):
    """What is asked of a recurrent layer here; `charlm.nn.recurrent.Recurrent` is one."""

    gates: ClassVar[int]
    input_order: ClassVar[Any]  # of `Gate`
    state_type: ClassVar[Any]
    input_size: int
    hidden_size: int
    weight_drop: float
    params: ParameterStore

    def by_gate(self, name: str) -> FloatArray:
        """See a parameter as (G, H, …)."""

    def products(self, N: int) -> Iterable[Spread | Gather | None]:
        """Return the products of the time loops."""


class Window:
    """The arrays of one window of T steps and N streams; a cell adds its own and each step's views of them.

    Shapes: ``states[k]`` (T+1, N, H), slot 0 is the start; ``z`` (G, T, N, H) in kernel order; ``delta``
    (groups, T, N, H), the gradient of the pre-activations, in place of ``z`` unless the cell says otherwise. With
    resets, a step does not read slot t itself but ``inputs[k][t]``, its copy with some rows set to zero. Arrays
    that only the way back needs hold `chunk` steps at a time, as many as stay in a core's cache but at least eight.

    Memory, in numbers of the working precision, with c for `chunk`::

        rnn    (2 T + 1) N H
        lstm   (7 T + 5 c + 2) N H
        gru    (9 T + 1) N H

    and T N H more for each part of the state where a window has resets. The `Kernel` takes G (2 H² + (D + 1) H) and
    2 G N H for its products, N H more for a GRU, and 2 G H² more where weights are dropped; of one-hot input from a
    large vocabulary D is the number of symbols that occur. Each array takes a line of the cache more
    (`charlm.nn.memory`).
    """

    steps: Sequence[Any]
    CHUNK_BYTES, FEWEST_STEPS = 2**18, 8

    def __init__(self, cell: Cell, T: int, N: int, resets: bool, groups: int = 0) -> None:
        H, dtype = cell.hidden_size, cell.params.dtype
        self.states = [empty((T + 1, N, H), dtype) for _ in cell.state_type._fields]
        self.inputs = [empty((T, N, H), dtype) if resets else slots[:T] for slots in self.states]
        self.z = _grouped(cell.gates, T, N, H, dtype)
        self.delta = _grouped(groups, T, N, H, dtype) if groups else self.z
        self.half = np.array(0.5, dtype)
        self.chunk = min(T, max(self.FEWEST_STEPS, self.CHUNK_BYTES // self.delta[:, 0].nbytes))

    @property
    def before(self) -> FloatArray:
        """Hidden state (T·N, H) that each step read."""
        return matrix(self.inputs[0])

    def chunks(self) -> list[slice]:
        """Cut the steps into runs of `chunk`, the last first."""
        T = len(self.steps)
        return [slice(t, min(t + self.chunk, T)) for t in reversed(range(0, T, self.chunk))]


def _grouped(G: int, T: int, N: int, H: int, dtype: DTypeLike) -> FloatArray:
    """Return a new array (G, T, N, H); of a single stream, a step's groups lie next to each other."""
    return empty((T, G, N, H), dtype).transpose(1, 0, 2, 3) if N == 1 else empty((G, T, N, H), dtype)


@contextmanager
def unbuffered() -> Iterator[None]:
    """Keep NumPy from copying a step's gates, which do not lie next to each other, through its buffer.

    It does so with all that is smaller than the buffer, at the price of another operation.
    """
    size = np.setbufsize(16)
    try:
        yield
    finally:
        np.setbufsize(size)


def matrix(x: FloatArray) -> FloatArray:
    """See (…, T, N, H) as rows (…, T·N, H), without a copy."""
    return x.reshape(*x.shape[:-3], -1, x.shape[-1])


class InputKernel:
    """The weights of the input product: gates in kernel order, those of sigmoid gates halved.

    ``W_x`` is (G, D, H) and ``b`` (G, H). Of one-hot input from a large vocabulary, ``W_x`` has the S symbols of a
    window (`charlm.nn.arrays.occurring`) in place of all D. With `by_symbol` the gates of a symbol lie next to each
    other in memory.
    """

    def __init__(self, cell: Cell, *, by_symbol: bool = False) -> None:
        G, H, dtype = cell.gates, cell.hidden_size, cell.params.dtype
        self.W_x, self.b, self._by_symbol = empty((G, 0, H), dtype), empty((G, H), dtype), by_symbol

    def load_input_(self, cell: Cell, symbols: IdArray | None = None) -> None:
        """Copy the weights as they are now, in place, of ``W_x`` the columns of `symbols` or all."""
        W_x, b = cell.by_gate("W_x"), cell.by_gate("b")
        G, H, D = W_x.shape
        D = D if symbols is None else symbols.size
        if self.W_x.shape[1] != D:
            shape = (D, G, H) if self._by_symbol else (G, D, H)
            self.W_x = empty(shape, W_x.dtype)
            if self._by_symbol:
                self.W_x = self.W_x.transpose(1, 0, 2)
        for k, gate in enumerate(cell.input_order):
            W = W_x[gate.place] if symbols is None else W_x[gate.place][:, symbols]
            transpose_(W, gate.scale, out=self.W_x[k : k + 1])
            np.multiply(b[gate.place], gate.scale, out=self.b[k])


class Kernel(InputKernel):
    """All weights as the time loop uses them.

    ``products`` holds the cell's own; ``mask`` (G·H, H) is what ``W_h`` was multiplied with, if its weights are
    dropped.
    """

    def __init__(self, cell: Cell, N: int) -> None:
        super().__init__(cell)
        self.products: Any = cell.products(N)
        self.mask: FloatArray | None = None
        self._kept: FloatArray | None = None  # what the mask leaves of W_h

    def load_(
        self, cell: Cell, weight_rng: np.random.Generator | None = None, symbols: IdArray | None = None
    ) -> None:
        """Copy the weights as they are now, in place; `weight_rng` draws those of ``W_h`` that are dropped."""
        self.load_input_(cell, symbols)
        W_h = cell.by_gate("W_h")
        if weight_rng is not None and cell.weight_drop:
            if self.mask is None or self._kept is None:
                shape, dtype = cell.params["W_h"].shape, cell.params.dtype
                self.mask, self._kept = empty(shape, dtype), empty(W_h.shape, dtype)
            draw_mask_(self.mask, cell.weight_drop, weight_rng)
            W_h = np.multiply(W_h, self.mask.reshape(W_h.shape), out=self._kept)
        for product in filter(None, self.products):
            product.load_(W_h)
