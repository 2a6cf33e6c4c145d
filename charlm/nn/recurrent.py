"""What RNN, LSTM and GRU share: parameters, the time loop forward, the time loop backward, weight gradients.

A cell adds its equations and their derivatives, one method each::

    advance   one step forward            z = W_x x + W_h h₋ + b is half done: z holds W_x x + b
    factors   many steps at once          everything in dL/dz that does not depend on dL/dh
    retreat   one step backward           dL/dh_t → dL/dz_t and dL/dh_{t-1}

so that the loops themselves make few NumPy calls.

The weights are used in *kernel order*: gates sorted so that those that share an operation lie next to each other,
and rows of sigmoid gates halved, since σ(z) = ½(1 + tanh(z/2)) then needs one tanh for all gates. It never
overflows. Halving is exact in binary floating point.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from typing import Any, ClassVar, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import DTypeLike, NDArray

from charlm.errors import UsageError
from charlm.nn.arrays import Blocked, Inputs, Lookup, columns, copy_steps, empty_columns, sequence
from charlm.nn.parameters import FloatArray, ParameterStore, Shape
from charlm.nn.projection import BackpropInput, project, projected_table
from charlm.nn.workspace import Workspace

__all__ = ["Backprop", "Gate", "Kernel", "LayerState", "Recurrent", "Resets", "StepFunction", "Window"]

LayerState: TypeAlias = tuple[FloatArray, ...]
"""A `NamedTuple` of arrays (H, N). A value: nothing modifies it."""
Resets: TypeAlias = NDArray[np.bool_]
"""(T, N): where a stream's state is zero before it reads this input."""
Backprop: TypeAlias = Callable[..., tuple[FloatArray | None, LayerState]]
"""``(dy, dstate=None) -> (dx, dstate)``; adds into the parameters' gradients; to be called once."""
StepFunction: TypeAlias = Callable[[NDArray[Any], LayerState], tuple[FloatArray, LayerState]]
"""``(x (D, N) or ids (N,), state) -> (h (H, N), state)``, with the weights as they were when it was made."""


class Gate(NamedTuple):
    """A row block of the kernel: its place in the files' order, and how its rows are scaled."""

    row: int
    scale: float


class Window:
    """The arrays of one window of T steps and N streams; a cell adds its own and each step's views of them.

    Shapes: ``states[k]`` (T+1, H, N), slot 0 is the start; ``z`` (T, G·H, N) in kernel order; ``delta``
    (T, rows, N), the gradient of the pre-activations, in place of ``z`` unless the cell says otherwise;
    ``product`` (G·H, N) scratch. With resets, a step does not read slot t itself but ``inputs[k][t]``, its copy
    with some columns set to zero. Arrays that only the way back needs hold `chunk` steps at a time, as many as
    stay in a core's cache.
    """

    steps: Sequence[Any]
    CHUNK_BYTES = 2**18

    def __init__(self, cell: Recurrent, T: int, N: int, resets: bool, delta_rows: int = 0) -> None:
        H, rows, dtype = cell.hidden_size, cell.gates * cell.hidden_size, cell.params.dtype
        self.states = [np.empty((T + 1, H, N), dtype) for _ in cell.state_type._fields]
        self.inputs = [np.empty((T, H, N), dtype) if resets else slots[:T] for slots in self.states]
        self.z = np.empty((T, rows, N), dtype)
        self.product = np.empty((rows, N), dtype)
        self.delta = np.empty((T, delta_rows, N), dtype) if delta_rows else self.z
        self.flat_delta = empty_columns(self.delta.shape[1], T * N, dtype)
        self.flat_h = empty_columns(H, (T + 1) * N, dtype)
        self.resets = resets
        self.chunk = min(T, max(1, self.CHUNK_BYTES // self.delta[0].nbytes))

    @property
    def before(self) -> FloatArray:
        """Columns (H, T·N) of the hidden state that each step read."""
        if self.resets:
            return columns(self.inputs[0])
        return self.flat_h[:, : self.flat_delta.shape[1]]

    def chunks(self) -> list[slice]:
        """Cut the steps into runs of `chunk`, the last first."""
        T = len(self.steps)
        return [slice(t, min(t + self.chunk, T)) for t in reversed(range(0, T, self.chunk))]


class Kernel:
    """The weights as the time loop uses them: gates in kernel order, sigmoid rows halved.

    ``W_x`` (G·H, D), ``W_h`` (G·H, H) and ``b`` (G·H,) are scaled, for the way forward; those named ``_plain``
    are not, for the way back. ``products`` holds the cell's `Blocked` views of them.
    """

    def __init__(self, cell: Recurrent, N: int) -> None:
        G, H, D, dtype = cell.gates, cell.hidden_size, cell.input_size, cell.params.dtype
        self.W_x, self.W_x_plain = np.empty((2, G * H, D), dtype)
        self.W_h, self.W_h_plain = np.empty((2, G * H, H), dtype)
        self.b, self.b_plain = np.empty((2, G * H), dtype)
        self.products: dict[str, Blocked] = cell.products(self, N)

    def load_(self, cell: Recurrent) -> None:
        """Copy the weights as they are now, in place."""
        H = cell.hidden_size
        for name, order in (
            ("W_x", cell.input_order),
            ("W_h", cell.recurrent_order),
            ("b", cell.input_order),
        ):
            weights, scaled, plain = cell.params[name], getattr(self, name), getattr(self, name + "_plain")
            for k, (gate, scale) in enumerate(order):
                rows, source = slice(k * H, (k + 1) * H), weights[gate * H : (gate + 1) * H]
                plain[rows] = source
                np.multiply(source, scale, out=scaled[rows])


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
    ) -> None:
        self.input_size, self.hidden_size = input_size, hidden_size
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
    def products(self, kernel: Kernel, N: int) -> dict[str, Blocked]:
        """Return the matrices that the time loops multiply with."""

    @abstractmethod
    def advance(self, step: Any, kernel: Kernel) -> None:
        """Compute a step's new state from the state before it and ``z = W_x x + b``, in place."""

    @abstractmethod
    def factors(self, window: Any, steps: slice) -> None:
        """Turn the stored activations of many steps into the factors that `retreat` multiplies with, in place."""

    @abstractmethod
    def retreat(self, step: Any, kernel: Kernel, carry: LayerState) -> None:
        """Turn dL/dstate after a step (`carry`) into dL/dz in `delta` and dL/dstate before it, in place."""

    def gradients_(self, window: Any, delta: FloatArray, backprop_input: BackpropInput) -> FloatArray | None:
        """Add the window's weight gradients and return dx; `delta` is (rows, T·N)."""
        dW_x, db, dx = backprop_input(delta)
        self.add_gradient_("W_x", dW_x, self.input_order)
        self.add_gradient_("b", db, self.input_order)
        self.add_gradient_("W_h", delta @ window.before.T, self.recurrent_order)
        return dx

    # -- the time loops --

    def forward(
        self,
        x: Inputs,
        state: LayerState | None = None,
        *,
        resets: Resets | None = None,
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
        ws = Workspace() if workspace is None else workspace
        kernel = ws.get((self, "kernel", N), lambda: Kernel(self, N))
        kernel.load_(self)
        masked = resets is not None and bool(resets.any())
        window: Window = ws.get((self, "window", T, N, masked), lambda: self.window(T, N, masked))
        keep = (~resets[:, None, :]).astype(self.params.dtype) if resets is not None and masked else None

        for slots, start in zip(window.states, state or self.zero_state(N), strict=True):
            slots[0] = start
        backprop_input = project(x, kernel.W_x, kernel.b, W_back=kernel.W_x_plain, out=window.z)
        for t, step in enumerate(window.steps):
            if keep is not None:
                for slots, inputs in zip(window.states, window.inputs, strict=True):
                    np.multiply(slots[t], keep[t], out=inputs[t])
            self.advance(step, kernel)
        copy_steps(window.states[0], out=sequence(window.flat_h, T + 1))
        y = sequence(window.flat_h[:, N:], T)
        end = self._state(slots[T].copy() for slots in window.states)

        def backprop(dy: FloatArray, dstate: LayerState | None = None) -> tuple[FloatArray | None, LayerState]:
            carry = self._state(d.copy() for d in (dstate or self.zero_state(N)))
            for steps in window.chunks():
                self.factors(window, steps)
                for t in range(steps.stop - 1, steps.start - 1, -1):
                    np.add(carry[0], dy[t], out=carry[0])
                    self.retreat(window.steps[t], kernel, carry)
                    if keep is not None:
                        for d in carry:
                            np.multiply(d, keep[t], out=d)
                copy_steps(window.delta[steps], out=sequence(window.flat_delta, T)[steps])
            dx = self.gradients_(window, window.flat_delta, backprop_input)
            return dx, carry

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
        return self.stepper()(x, state)

    @abstractmethod
    def stepper(self, table: FloatArray | None = None) -> StepFunction:
        """Return a function that advances by one symbol, with the weights as they are now.

        Parameters
        ----------
        table : ndarray, shape (D, V), optional
            Ids pick columns of this table; of the identity (one-hot) when left out.
        """

    # -- kernel order --

    def packed(self, table: FloatArray | None, N: int = 1) -> tuple[Kernel, FloatArray]:
        """Return fresh weights in kernel order and the projected table, transposed: (V, G·H)."""
        kernel = Kernel(self, N)
        kernel.load_(self)
        return kernel, np.ascontiguousarray(projected_table(kernel.W_x, kernel.b, table).T)

    def add_gradient_(self, name: str, kernel_gradient: FloatArray, order: Sequence[Gate]) -> None:
        """Add rows in kernel order to a parameter's gradient, in place."""
        H, gradient = self.hidden_size, self.params.gradient(name)
        for k, gate in enumerate(order):
            gradient[gate.row * H : (gate.row + 1) * H] += kernel_gradient[k * H : (k + 1) * H]


def _extent(x: Inputs) -> tuple[int, int]:
    """Return (T, N)."""
    shape = x.ids.shape if isinstance(x, Lookup) else x.shape
    wanted = 2 if isinstance(x, Lookup) or np.issubdtype(x.dtype, np.integer) else 3
    if len(shape) != wanted:
        raise UsageError(f"inputs have shape {shape}; a sequence is (T, D, N), or (T, N) for ids")
    return shape[0], shape[-1]
