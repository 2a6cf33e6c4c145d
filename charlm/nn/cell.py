"""`Cell`: the base class of RNN, LSTM and GRU without time: parameters, initial weights, gradients of the weights.

A cell adds its equations and their derivatives, one method each::

    step_forward    one step forward      from ``W_x x + b`` and the state before to the state after
    gate_factors    many steps at once    the factors of dL/dh and dL/dc in the gradients of the pre-activations
    step_backward   one step backward     dL/dstate after a step → dL/dz and dL/dstate before it

so that the time loops of `charlm.nn.recurrent` make few NumPy calls. The output array is the last positional
argument: the keyword ``out`` costs a few per cent for small arrays. Training, evaluation and sampling share
`step_forward`.

Gates are in one order in files and in another one in memory (`charlm.nn.kernels.gates`).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any, ClassVar, Generic, TypeAlias, TypeVar

import numpy as np
from numpy.typing import DTypeLike

from charlm.errors import UsageError
from charlm.nn.arrays import FloatArray, IdArray, LayerState, Shape, StepInput
from charlm.nn.kernels.blocks import multiply
from charlm.nn.kernels.gate_products import GateProduct
from charlm.nn.kernels.gates import Gate, runs
from charlm.nn.kernels.products import Products
from charlm.nn.kernels.projection import BackpropInput
from charlm.nn.kernels.window import BackwardT, ForwardT, Window, matrix
from charlm.nn.parameters import ParameterStore

__all__ = ["AnyCell", "Cell", "StepFunction", "WindowT"]

StepFunction: TypeAlias = Callable[[StepInput, LayerState], tuple[FloatArray, LayerState]]
"""``(x, state) -> (h, state)``, with the weights as they were when it was made: x is (N, D) or ids (N,), h and each
part of the state (N, H); for one stream without an axis x (D,) or one id, h and state (H,)."""

WindowT = TypeVar("WindowT", bound=Window[Any, Any])


class Cell(ABC, Generic[ForwardT, BackwardT, WindowT]):
    """The parameters of a recurrent layer, and its equations.

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

    Raises
    ------
    UsageError
        If `weight_drop` is not a probability below 1.

    References
    ----------
    .. [1] Merity, Keskar & Socher (2018), "Regularizing and Optimizing LSTM Language Models": weight_drop.
    """

    input_order: ClassVar[tuple[Gate, ...]]  # the gates' kernel order in W_x and b
    recurrent_order: ClassVar[tuple[Gate, ...]]  # and in W_h
    state_type: ClassVar[type[Any]]  # a NamedTuple of arrays, by their letters in the equations
    adds_to_dh: ClassVar[bool] = False  # whether dh₋ has a term beside W_hᵀ dz
    gate_names: ClassVar[str] = ""  # the gates' letters in the equations, in files' order; none for an RNN

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
        state: LayerState = self.state_type(*[zero] * len(self.state_type._fields))
        return state

    # -- the equations --

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

    # -- weights by gate --

    def order(self, N: int) -> Sequence[Gate]:
        """Return the gates in the kernel order of N streams: that of files for a single one."""
        return sorted(self.input_order) if N == 1 else self.input_order

    @property
    def recurrent_groups(self) -> Sequence[Sequence[Gate]]:
        """Groups of gates with a common operand."""
        return [self.recurrent_order]

    def by_gate(self, name: str) -> FloatArray:
        """View a parameter as (G, H, …), a matrix or vector for each gate in the files' order."""
        weights = self.params[name]
        return weights.reshape(-1, self.hidden_size, *weights.shape[1:])

    # -- gradients of the weights --

    def gradients_(self, window: WindowT, mask: FloatArray | None, backprop_x: BackpropInput) -> FloatArray | None:
        """Add the window's weight gradients, in place, and return dx; `mask` is of dropped weights, (G·H, H)."""
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


AnyCell: TypeAlias = Cell[Any, Any, Any]
"""A cell, whatever the arrays of its steps."""
