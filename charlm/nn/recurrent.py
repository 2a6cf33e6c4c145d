"""The base class of RNN, LSTM and GRU: parameters, the time loop forward, the time loop backward, weight gradients.

A cell adds its equations and their derivatives, one method each::

    step_forward    one step forward      from ``W_x x + b`` and the state before to the state after
    gate_factors    many steps at once    the factors of dL/dh and dL/dc in the gradients of the pre-activations
    step_backward   one step backward     dL/dstate after a step → dL/dz and dL/dstate before it

so that the loops make few NumPy calls. The output array is the last positional argument: the keyword ``out`` costs
a few per cent for small arrays. Training, evaluation and sampling share `step_forward`.

Arrays inside a window are (G, T, N, H): each gate of the whole window is a matrix (T·N, H), and nothing is copied
between the time loop and the products over the window. Code that exists for speed alone is in `charlm.nn.kernels`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any, ClassVar, Generic, TypeAlias, TypeVar, cast

import numpy as np
from numpy.typing import DTypeLike, NDArray

from charlm.errors import UsageError
from charlm.nn.arrays import FloatArray, IdArray, Inputs, Lookup, Shape, check_shape, occurring
from charlm.nn.backprop import once
from charlm.nn.kernels.blocks import multiply
from charlm.nn.kernels.gate_products import (
    DotFor,
    Gate,
    GateProduct,
    GateProductTransposed,
)
from charlm.nn.kernels.products import Products
from charlm.nn.kernels.projection import BackpropInput
from charlm.nn.kernels.reader import StepInput, make_reader, make_reader_in_place
from charlm.nn.kernels.single_stream import StoredInputWeights, stored_products
from charlm.nn.kernels.weights import DroppedWeights, InputWeights, runs
from charlm.nn.kernels.window import BackwardT, ForwardT, Window, matrix
from charlm.nn.kernels.workspace import Workspace
from charlm.nn.parameters import ParameterStore

__all__ = ["Backprop", "LayerState", "Recurrent", "Resets", "StepFunction", "StepInput"]

LayerState: TypeAlias = tuple[FloatArray, ...]
"""A `NamedTuple` of arrays (N, H). It is a value: nothing modifies it."""
Resets: TypeAlias = NDArray[np.bool_]
"""(T, N): True if the stream's state is set to zero before the step."""
Backprop: TypeAlias = Callable[..., tuple[FloatArray | None, LayerState]]
"""``(dy, dstate=None) -> (dx, dstate)``; adds into the parameters' gradients; to be called once."""
StepFunction: TypeAlias = Callable[[StepInput, LayerState], tuple[FloatArray, LayerState]]
"""``(x, state) -> (h, state)``, with the weights as they were when it was made: x is (N, D) or ids (N,), h and each
part of the state (N, H); for one stream without an axis x (D,) or one id, h and state (H,)."""


WindowT = TypeVar("WindowT", bound=Window[Any, Any])


class Recurrent(ABC, Generic[ForwardT, BackwardT, WindowT]):
    """A recurrent layer over sequences ``(T, N, D) -> (T, N, H)``.

    Parameters
    ----------
    input_size, hidden_size : int
        D and H.
    params : ParameterStore, optional
        A store with the weights, used as they are unless `rng` is given; by default a new one.
    rng : numpy.random.Generator, optional
        Draws the initial weights. Without it, those of a new store are drawn with seed 0.
    dtype : dtype-like
        Precision of a new store.
    weight_drop : float
        Probability that a weight of ``W_h`` is dropped for a window while training (DropConnect).

    References
    ----------
    .. [1] Merity, Keskar & Socher (2018), "Regularizing and Optimizing LSTM Language Models": weight_drop.
    """

    input_order: ClassVar[tuple[Gate, ...]]  # the gates' kernel order in W_x and b
    recurrent_order: ClassVar[tuple[Gate, ...]]  # and in W_h
    state_type: ClassVar[Callable[..., LayerState]]  # a NamedTuple of arrays
    state_parts: ClassVar[int] = 1  # number of arrays
    adds_to_dh: ClassVar[bool] = False  # whether dh₋ has a term beside W_hᵀ dz
    gate_names: ClassVar[str] = ""  # the gates' letters in the equations, in files' order; none for an RNN
    state_names: ClassVar[str] = "h"

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
        self.params = ParameterStore(self.own_shapes(), dtype) if params is None else params
        if params is None or rng is not None:
            self.initialize_(np.random.default_rng(0) if rng is None else rng)

    @classmethod
    def shapes(cls, input_size: int, hidden_size: int) -> dict[str, Shape]:
        """Return the shape of each parameter."""
        D, H, GH = input_size, hidden_size, len(cls.input_order) * hidden_size
        return {"W_x": (GH, D), "W_h": (GH, H), "b": (GH,)}

    def own_shapes(self) -> dict[str, Shape]:
        """Return the shape of each of this layer's parameters."""
        return self.shapes(self.input_size, self.hidden_size)

    def initialize_(self, rng: np.random.Generator) -> None:
        """Draw weights uniform in ±1/√H and zero biases, in place."""
        bound = self.hidden_size**-0.5
        for name in ("W_x", "W_h"):
            self.params[name][...] = rng.uniform(-bound, bound, self.params[name].shape)
        self.params["b"][...] = 0

    def zero_state(self, streams: int) -> LayerState:
        """Return the state of N streams that have read nothing, each part (N, H)."""
        zero = np.zeros((streams, self.hidden_size), self.params.dtype)
        return self.state_type(*[zero] * self.state_parts)

    # -- the equations of a cell --

    @abstractmethod
    def step_forward(self, step: ForwardT) -> tuple[FloatArray, ...]:
        """Compute a step's new state from the state before it and ``W_x x + b``, in place, and return it."""

    @abstractmethod
    def gate_factors(self, window: WindowT, steps: slice) -> None:
        """Compute the factors of `step_backward` from the activations of many steps, in place."""

    @abstractmethod
    def step_backward(self, step: BackwardT) -> None:
        """Compute dL/dz, and turn dL/dstate after a step (the window's `carry`) into that before it, in place."""

    @abstractmethod
    def window(self, T: int, N: int, products: Products, *, resets: bool) -> WindowT:
        """Return the arrays for T steps of N streams."""

    @abstractmethod
    def step_function(
        self, read: Callable[[StepInput], FloatArray], products: Sequence[GateProduct]
    ) -> StepFunction:
        """Return a function that advances by one symbol: `step_forward` on separate arrays.

        `read` returns ``W_x x + b`` (G, N, H).
        """

    def order(self, N: int) -> Sequence[Gate]:
        """Return the gates in the kernel order of N streams: that of files for a single one."""
        return sorted(self.input_order) if N == 1 else self.input_order

    @property
    def recurrent_groups(self) -> Sequence[Sequence[Gate]]:
        """Groups of gates with a common operand."""
        return [self.recurrent_order]

    def gradients_(self, window: WindowT, mask: FloatArray | None, backprop_x: BackpropInput) -> FloatArray | None:
        """Add the window's weight gradients, in place, and return dx."""
        dz, order = matrix(window.dz), self.order(window.dz.shape[2])
        dx = self.input_gradients_(dz, order, backprop_x)
        dW_h = multiply(dz.transpose(0, 2, 1), matrix(window.before[0]))
        self.add_gradient_("W_h", dW_h, order, mask)
        return dx

    def input_gradients_(
        self, dz: FloatArray, order: Sequence[Gate], backprop_x: BackpropInput
    ) -> FloatArray | None:
        """Add the gradients of ``W_x`` and ``b`` for dz (G, T·N, H) in place, and return dx."""
        W_x = self.by_gate("W_x")
        of_input = backprop_x(dz, [W_x[gate.position] for gate in order])
        self.add_gradient_("W_x", of_input.dW_x, order, columns=of_input.columns)
        self.add_gradient_("b", of_input.db, order)
        return of_input.dx

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
            (T, N, D) inputs; or ids (T, N) for one-hot rows; or a lookup.
        state : LayerState, optional
            Carried over from the window before, of arrays (N, H); by default zero.
        resets : ndarray of bool, shape (T, N), optional
            Streams whose state is set to zero before the step.
        weight_rng : numpy.random.Generator, optional
            Draws the recurrent weights to drop; without it none are dropped.
        workspace : Workspace, optional
            Arrays for the results, overwritten by the next window; by default fresh ones.

        Returns
        -------
        h : ndarray, shape (T, N, H)
        state : LayerState
        backprop : callable
            ``(dh, dstate=None) -> (dx, dstate)``; adds into ``params.grad``; once only.

        Raises
        ------
        UsageError
            If a shape does not fit.
        """
        T, N = self._extent(x)
        H = self.hidden_size
        symbols: IdArray | None = None
        if not isinstance(x, Lookup) and x.ndim == 2:
            symbols, x = occurring(cast("IdArray", x), self.input_size)
        ws = Workspace() if workspace is None else workspace
        weights, products = ws.get((self, "weights", N), lambda: self._weights(N))
        weights.load_(self, symbols)
        W_h, mask = self.by_gate("W_h"), None
        if weight_rng is not None and self.weight_drop:
            dropped = ws.get((self, "dropped"), lambda: DroppedWeights(self))
            W_h, mask = dropped.draw(self, self.weight_drop, weight_rng), dropped.mask
        products.load_(W_h)

        start = self.zero_state(N) if state is None else state
        for part in start:
            check_shape("the state", part, (N, H), "(N, H)")
        inside = resets is not None and bool(resets[1:].any())  # resets at the first step act on the initial state
        window = ws.get((self, "window", T, N, inside), lambda: self.window(T, N, products, resets=inside))
        window.load_(self.params)
        keep = (~resets[:, :, None]).astype(self.params.dtype) if resets is not None and inside else None
        for slots, part in zip(window.states, start, strict=True):
            slots[0] = part
            if resets is not None:
                slots[0][resets[0]] = 0

        backprop_x = weights.project(x, out=window.z, symbols=symbols)
        step_forward = self.step_forward
        with window.unbuffered():
            for t, step in enumerate(window.forward):
                if keep is not None:
                    for slots, before in zip(window.states, window.before, strict=True):
                        np.multiply(slots[t], keep[t], before[t])
                step_forward(step)
        end = self.state_type(*(slots[T].copy() for slots in window.states))

        @once
        def backprop(dy: FloatArray, dstate: LayerState | None = None) -> tuple[FloatArray | None, LayerState]:
            check_shape("dh", dy, (T, N, H), "(T, N, H)")
            for d, part in zip(window.carry, dstate or self.zero_state(N), strict=True):
                d[...] = part
            dh, dhs, backward, step_backward = window.carry[0], list(dy), window.backward, self.step_backward
            for steps in window.chunks():
                self.gate_factors(window, steps)
                with window.unbuffered():
                    for t in range(steps.stop - 1, steps.start - 1, -1):
                        np.add(dh, dhs[t], dh)
                        step_backward(backward[t])
                        if keep is not None:
                            for d in window.carry:
                                np.multiply(d, keep[t], d)
            dstart = self.state_type(*(d.copy() for d in window.carry))
            if resets is not None:
                for d in dstart:
                    d[resets[0]] = 0
            return self.gradients_(window, mask, backprop_x), dstart

        return window.states[0][1:], end, backprop

    def trace(
        self,
        x: Inputs,
        state: LayerState | None = None,
        *,
        resets: Resets | None = None,
        workspace: Workspace | None = None,
    ) -> tuple[dict[str, FloatArray], LayerState]:
        """Advance over a whole sequence and return every activation.

        Parameters
        ----------
        x, state, resets, workspace
            As for `forward`.

        Returns
        -------
        activations : dict of ndarray, each (T, N, H)
            By their letters in the equations: the gates, the hidden state h, and c of an LSTM. The next window
            of the same workspace overwrites them.
        state : LayerState
        """
        ws = Workspace() if workspace is None else workspace
        h, end, _ = self.forward(x, state, resets=resets, workspace=ws)
        T, N = h.shape[:2]
        inside = resets is not None and bool(resets[1:].any())
        window = ws.get((self, "window", T, N, inside), lambda: self.window(T, N, self._products(N), resets=inside))
        gates = zip(self.order(N), window.z, strict=True) if self.gate_names else ()
        states = dict(zip(self.state_names, window.states, strict=True))
        return {self.gate_names[gate.position]: z for gate, z in gates} | {s: h[1:] for s, h in states.items()}, end

    def _extent(self, x: Inputs) -> tuple[int, int]:
        """Return (T, N)."""
        if isinstance(x, Lookup):
            x = x.ids
        if x.dtype.kind == "f":
            check_shape("the input", x, (None, None, self.input_size), "(T, N, D)")
        else:
            check_shape("ids", x, (None, None), "(T, N)")
        return x.shape[0], x.shape[1]

    def _weights(self, N: int) -> tuple[InputWeights | StoredInputWeights, Products]:
        return StoredInputWeights(self) if N == 1 else InputWeights(self), self._products(N)

    def _products(self, N: int) -> Products:
        groups, H, dtype = self.recurrent_groups, self.hidden_size, self.params.dtype
        if N == 1:
            return stored_products(groups, H, dtype, addend=self.adds_to_dh)
        return Products(
            [GateProduct(gates, H, H, N, dtype) for gates in groups],
            [
                GateProductTransposed(gates, H, H, N, dtype, addend=self.adds_to_dh and k == 0)
                for k, gates in enumerate(groups)
            ],
        )

    # -- inference, one symbol at a time --

    def step(self, x: FloatArray | IdArray, state: LayerState) -> tuple[FloatArray, LayerState]:
        """Advance N streams by one symbol; nothing is stored for a backward pass.

        Packs the weights at every call: for many steps, `stepper` is up to thirty times as fast.

        Parameters
        ----------
        x : ndarray
            (N, D) inputs or (N,) ids.
        state : LayerState
            Unchanged.

        Returns
        -------
        h : ndarray, shape (N, H)
        state : LayerState
        """
        return self.stepper(len(x))(x, state)

    def stepper(
        self,
        streams: int | None,
        table: FloatArray | IdArray | None = None,
        *,
        dot_for: DotFor | None = None,
        in_place: bool = False,
    ) -> StepFunction:
        """Return a function that advances by one symbol, with the weights as they are now.

        Parameters
        ----------
        streams : int or None
            N; None for one stream without an axis, which is fastest.
        table : ndarray, shape (D, V), or of int, shape (S,), optional
            Ids select columns of this table, by default of the identity (one-hot). With symbols (S,), for
            one-hot input from a large vocabulary, ids are indices into these.
        dot_for : callable, optional
            As for `charlm.nn.kernels.gate_products.GateProduct`.
        in_place : bool
            Whether the input weights of a table of symbols are read where they are, without a copy. They must then
            not change while the function is used. N streams only.
        """
        H, dtype = self.hidden_size, self.params.dtype
        products = [
            GateProduct(gates, H, H, streams, dtype, dot_for=dot_for, row_invariant=True)
            for gates in self.recurrent_groups
        ]
        Products(products, []).load_(self.by_gate("W_h"))
        make = make_reader_in_place if in_place else make_reader
        return self.step_function(make(self, streams, table), products)

    # -- kernel order --

    def by_gate(self, name: str) -> FloatArray:
        """View a parameter as (G, H, …), a matrix or vector for each gate in the files' order."""
        weights = self.params[name]
        return weights.reshape(-1, self.hidden_size, *weights.shape[1:])

    def add_gradient_(
        self,
        name: str,
        kernel_gradient: FloatArray,
        order: Sequence[Gate],
        mask: FloatArray | None = None,
        *,
        columns: IdArray | slice = slice(None),
    ) -> None:
        """Add the gradient (gates, H, …) of a parameter, in kernel order, in place; `mask` is in files' order.

        A mask multiplies `kernel_gradient` in place. With `columns`, the gradient is that of these columns alone.
        """
        H, gradient = self.hidden_size, self.params.gradient(name, columns)
        by_gate = gradient.reshape(-1, H, *gradient.shape[1:])
        masks = None if mask is None else mask.reshape(-1, H, H)
        for kernel, files in runs(tuple(order)):
            part = kernel_gradient[kernel]
            if masks is not None:
                np.multiply(part, masks[files], out=part)
            if isinstance(columns, slice):
                by_gate[files] += part
            else:  # of a table, whose columns are adjacent in memory
                by_gate.transpose(2, 0, 1)[columns, files] += part.transpose(2, 0, 1)
