"""What RNN, LSTM and GRU share: parameters, the time loop forward, the time loop backward, weight gradients.

A cell adds its equations and their derivatives, one method each::

    advance   one step forward            z = W_x x + W_h h₋ + b is half done: z holds W_x x + b
    factors   many steps at once          everything in dL/dz that does not depend on dL/dh
    retreat   one step backward           dL/dh_t → dL/dz_t and dL/dh_{t-1}

so that the loops themselves make few NumPy calls. In those the last argument is where the result goes; naming it
``out`` would cost a few per cent where arrays are small.

Inside, arrays are in memory order: (G, T, N, H) for G gates, each gate of the whole window a matrix (T·N, H). So
nothing is copied between the time loop and the products over the whole window. The weights are used in *kernel
order*: gates sorted so that those that share an operation are neighbours, and those of sigmoid gates halved, since
σ(z) = ½(1 + tanh(z/2)) then needs one tanh for all gates. It never overflows. Halving is exact in binary floating
point.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from typing import Any, ClassVar, TypeAlias

import numpy as np
from numpy.typing import DTypeLike, NDArray

from charlm.errors import UsageError
from charlm.nn.arrays import IdArray, Inputs, Lookup, occurring
from charlm.nn.memory import empty
from charlm.nn.parameters import FloatArray, ParameterStore, Shape
from charlm.nn.pieces import multiply
from charlm.nn.products import DotFor, Gate, Gather, Spread, multiply_alike
from charlm.nn.projection import BackpropInput, project, projected_table
from charlm.nn.window import InputKernel, Kernel, Window, matrix, unbuffered
from charlm.nn.workspace import Workspace

__all__ = ["Backprop", "LayerState", "Recurrent", "Resets", "StepFunction"]

LayerState: TypeAlias = tuple[FloatArray, ...]
"""A `NamedTuple` of arrays (H, N). A value: nothing modifies it."""
Resets: TypeAlias = NDArray[np.bool_]
"""(T, N): where a stream's state is zero before it reads this input."""
Backprop: TypeAlias = Callable[..., tuple[FloatArray | None, LayerState]]
"""``(dy, dstate=None) -> (dx, dstate)``; adds into the parameters' gradients; to be called once."""
StepFunction: TypeAlias = Callable[[Any, LayerState], tuple[FloatArray, LayerState]]
"""``(x, state) -> (h, state)`` with the weights as they were when it was made, by rows: x is (N, D) or ids (N,), h
and each part of the state (N, H). Made for one stream without an axis: x (D,) or one id, h and state (H,)."""


class Recurrent(ABC):
    """A recurrent layer over sequences ``(T, D, N) -> (T, H, N)``.

    Parameters
    ----------
    input_size, hidden_size : int
        D and H.
    params : ParameterStore, optional
        Where the weights live; a store of its own when left out.
    rng : numpy.random.Generator, optional
        Draws the start weights; without it they are left as they are in `params`.
    dtype : dtype-like
        For a store of its own.
    weight_drop : float
        Share of the weights of ``W_h`` that a window does without while training (DropConnect).

    References
    ----------
    .. [1] Merity, Keskar & Socher (2018), "Regularizing and Optimizing LSTM Language Models": weight_drop.
    """

    gates: ClassVar[int]
    input_order: ClassVar[tuple[Gate, ...]]  # the gates' kernel order in W_x and b
    recurrent_order: ClassVar[tuple[Gate, ...]]  # and in W_h
    state_type: ClassVar[Any]  # a NamedTuple of arrays

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        *,
        params: ParameterStore | None = None,
        rng: np.random.Generator | None = None,
        dtype: DTypeLike = np.float32,
        weight_drop: float = 0.0,
    ) -> None:
        if not 0 <= weight_drop < 1:
            raise UsageError(f"weight_drop is {weight_drop}; it must be at least 0 and below 1")
        self.input_size, self.hidden_size, self.weight_drop = input_size, hidden_size, weight_drop
        own = ParameterStore(self.shapes(input_size, hidden_size), dtype) if params is None else params
        self.params = own
        if rng is not None:
            self.initialize_(rng)

    @classmethod
    def shapes(cls, input_size: int, hidden_size: int) -> dict[str, Shape]:
        """Return the shape of each parameter."""
        D, H, GH = input_size, hidden_size, cls.gates * hidden_size
        return {"W_x": (GH, D), "W_h": (GH, H), "b": (GH,)}

    def initialize_(self, rng: np.random.Generator) -> None:
        """Draw weights uniform in ±1/√H and zero biases, in place."""
        bound = self.hidden_size**-0.5
        for name in ("W_x", "W_h"):
            self.params[name][...] = rng.uniform(-bound, bound, self.params[name].shape)
        self.params["b"][...] = 0

    def zero_state(self, streams: int) -> LayerState:
        """Return the state of N streams that have read nothing."""
        zero = np.zeros((self.hidden_size, streams), self.params.dtype)
        return self._state(zero for _ in self.state_type._fields)

    def _state(self, arrays: Iterable[FloatArray]) -> LayerState:
        state: LayerState = self.state_type._make(arrays)
        return state

    # -- the equations, which each cell writes --

    @abstractmethod
    def window(self, T: int, N: int, resets: bool) -> Any:
        """Return the `Window` that this cell works in."""

    @abstractmethod
    def products(self, N: int) -> Iterable[Spread | Gather | None]:
        """Return the products of the time loops for N streams, in a `NamedTuple`."""

    @abstractmethod
    def advance(self, step: Any, products: Any) -> None:
        """Compute a step's new state from the state before it and ``z = W_x x + b``, in place."""

    @abstractmethod
    def factors(self, window: Any, steps: slice) -> None:
        """Turn the stored activations of many steps into the factors that `retreat` multiplies with, in place."""

    @abstractmethod
    def retreat(self, step: Any, products: Any, carry: LayerState) -> None:
        """Turn dL/dstate after a step (`carry`) into dL/dz in `delta` and dL/dstate before it, in place."""

    def gradients_(self, window: Any, mask: FloatArray | None, backprop_input: BackpropInput) -> FloatArray | None:
        """Add the window's weight gradients, in place, and return dx."""
        dz = matrix(window.delta)
        dx = self.input_gradients_(dz, backprop_input)
        self.add_gradient_("W_h", multiply(dz.transpose(0, 2, 1), window.before), self.recurrent_order, mask)
        return dx

    def input_gradients_(self, dz: FloatArray, backprop_input: BackpropInput) -> FloatArray | None:
        """Add the gradients of ``W_x`` and ``b`` for dz (G, T·N, H) in place, and return dx."""
        W_x = self.by_gate("W_x")
        dW_x, columns, db, dx = backprop_input(dz, [W_x[gate.place] for gate in self.input_order])
        self.add_gradient_("W_x", dW_x, self.input_order, columns=columns)
        self.add_gradient_("b", db, self.input_order)
        return dx

    # -- the time loops --

    def forward(
        self,
        x: Inputs,
        state: LayerState | None = None,
        *,
        resets: Resets | None = None,
        weight_rng: np.random.Generator | None = None,
        workspace: Workspace | None = None,
    ) -> tuple[FloatArray, LayerState, Backprop]:
        """Advance over a whole sequence.

        Parameters
        ----------
        x : ndarray or Lookup
            (T, D, N) inputs, a column is one stream; or ids (T, N) for one-hot columns; or a lookup.
        state : LayerState, optional
            Carried over from the window before, each (H, N); zero when left out.
        resets : ndarray of bool, shape (T, N), optional
            Where the state is set to zero before the step.
        weight_rng : numpy.random.Generator, optional
            Draws which recurrent weights are dropped; without it none are.
        workspace : Workspace, optional
            Where results are kept and overwritten by the next window; fresh arrays without.

        Returns
        -------
        h : ndarray, shape (T, H, N)
        state : LayerState
        backprop : callable
            ``(dh, dstate=None) -> (dx, dstate)``; adds into ``params.grad``; once only.
        """
        T, N = _extent(x)
        symbols: IdArray | None = None
        if not isinstance(x, Lookup) and x.ndim == 2:
            symbols, x = occurring(x, self.input_size)
        ws = Workspace() if workspace is None else workspace
        kernel = ws.get((self, "kernel", N), lambda: Kernel(self, N))
        kernel.load_(self, weight_rng, symbols)
        mask = kernel.mask if weight_rng is not None else None
        masked = resets is not None and bool(resets[1:].any())  # those of the first step are made at the start
        window: Window = ws.get((self, "window", T, N, masked), lambda: self.window(T, N, masked))
        keep = (~resets[:, :, None]).astype(self.params.dtype) if resets is not None and masked else None

        for slots, start in zip(window.states, state or self.zero_state(N), strict=True):
            slots[0] = start.T
            if resets is not None:
                slots[0][resets[0]] = 0
        backprop_input = project(x, kernel.W_x, kernel.b, out=window.z, symbols=symbols)
        with unbuffered():
            for t, step in enumerate(window.steps):
                if keep is not None:
                    for slots, inputs in zip(window.states, window.inputs, strict=True):
                        np.multiply(slots[t], keep[t], inputs[t])
                self.advance(step, kernel.products)
        y = window.states[0][1:].transpose(0, 2, 1)
        end = self._state(slots[T].copy().T for slots in window.states)

        def backprop(dy: FloatArray, dstate: LayerState | None = None) -> tuple[FloatArray | None, LayerState]:
            carry = self._state(np.array(d.T, order="C") for d in (dstate or self.zero_state(N)))
            dy = dy.transpose(0, 2, 1)
            for steps in window.chunks():
                self.factors(window, steps)
                with unbuffered():
                    for t in range(steps.stop - 1, steps.start - 1, -1):
                        np.add(carry[0], dy[t], carry[0])
                        self.retreat(window.steps[t], kernel.products, carry)
                        if keep is not None:
                            for d in carry:
                                np.multiply(d, keep[t], d)
            if resets is not None:
                for d in carry:
                    d[resets[0]] = 0
            dx = self.gradients_(window, mask, backprop_input)
            return dx, self._state(d.T for d in carry)

        return y, end, backprop

    def step(self, x: NDArray[Any], state: LayerState) -> tuple[FloatArray, LayerState]:
        """Advance N streams by one symbol, without anything kept for a backward pass.

        Parameters
        ----------
        x : ndarray
            (D, N) inputs or (N,) ids.
        state : LayerState
            Left as it is.

        Returns
        -------
        h : ndarray, shape (H, N)
        state : LayerState
        """
        h, end = self.stepper(x.shape[-1])(x if x.ndim == 1 else x.T, self._state(part.T for part in state))
        return h.T, self._state(part.T for part in end)

    @abstractmethod
    def stepper(
        self, streams: int | None, table: NDArray[Any] | None = None, *, dot_for: DotFor | None = None
    ) -> StepFunction:
        """Return a function that advances by one symbol, with the weights as they are now.

        Parameters
        ----------
        streams : int or None
            N; None for one stream without an axis of its own, which is quickest.
        table : ndarray, shape (D, V), or of int, shape (S,), optional
            Ids pick columns of this table; of the identity (one-hot) when left out. Or they are places among these
            symbols, for one-hot input from a large vocabulary.
        dot_for : callable, optional
            As for `charlm.nn.products.Spread`.
        """

    # -- kernel order --

    def by_gate(self, name: str) -> FloatArray:
        """See a parameter as (G, H, …), a matrix or vector for each gate in the files' order."""
        weights = self.params[name]
        return weights.reshape(-1, self.hidden_size, *weights.shape[1:])

    def spread(self, gates: Sequence[Gate], N: int | None, dot_for: DotFor | None) -> Spread:
        """Return the product of states with gates' matrices, as they are now."""
        H = self.hidden_size
        product = Spread(gates, H, H, N, self.params.dtype, dot_for=dot_for, alike=True)
        product.load_(self.by_gate("W_h"))
        return product

    def reader(self, streams: int | None, table: NDArray[Any] | None) -> Callable[[Any], FloatArray]:
        """Return ``x -> W_x x + b`` by rows, (G, N, H): of ids, which `table` says the meaning of, or of dense x.

        For one stream without an axis (G, H). The result is overwritten by the next call, or a view.
        """
        symbols = table if table is not None and table.dtype.kind != "f" else None
        kernel = InputKernel(self, by_symbol=symbols is not None and streams is None)
        kernel.load_input_(self, symbols)
        W_x, b = kernel.W_x, kernel.b if streams is None else kernel.b[:, None]

        def read_dense(x: FloatArray) -> FloatArray:
            product: FloatArray = np.matmul(x, W_x) if streams is None else multiply_alike(x, W_x)
            product += b
            return product

        if symbols is None:
            projected = projected_table(W_x, kernel.b, table)
        else:  # then there is no dense input, and W_x may be overwritten
            projected = projected_table(W_x, kernel.b, None, out=W_x)
        if streams is None:
            rows = list(np.ascontiguousarray(projected.transpose(1, 0, 2)))  # V times (G, H)
            if symbols is not None:
                return rows.__getitem__
            return lambda x: read_dense(x) if isinstance(x, np.ndarray) else rows[x]
        out = empty((self.gates, streams, self.hidden_size), self.params.dtype)

        def read(x: Any) -> FloatArray:
            if x.dtype.kind == "f":
                return read_dense(x)
            return projected.take(x, axis=1, out=out, mode="clip")

        return read

    def add_gradient_(
        self,
        name: str,
        kernel_gradient: FloatArray,
        order: Sequence[Gate],
        mask: FloatArray | None = None,
        *,
        columns: IdArray | slice | None = None,
    ) -> None:
        """Add the gradient (gates, H, …) of a parameter, in kernel order, in place; `mask` is in files' order.

        With a mask it acts on `kernel_gradient`, in place. With `columns` the gradient is of those alone.
        """
        H, gradient = self.hidden_size, self.params.gradient(name)
        for gate, part in zip(order, kernel_gradient, strict=True):
            rows = slice(gate.place * H, (gate.place + 1) * H)
            place = rows if columns is None else (rows, columns)
            gradient[place] += part if mask is None else np.multiply(part, mask[rows], out=part)


def _extent(x: Inputs) -> tuple[int, int]:
    """Return (T, N)."""
    shape = x.ids.shape if isinstance(x, Lookup) else x.shape
    wanted = 2 if isinstance(x, Lookup) or np.issubdtype(x.dtype, np.integer) else 3
    if len(shape) != wanted:
        raise UsageError(f"inputs have shape {shape}; a sequence is (T, D, N), or (T, N) for ids")
    return shape[0], shape[-1]
