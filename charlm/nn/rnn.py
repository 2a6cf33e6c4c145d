"""The vanilla recurrent network.

::

    forward                            backward, from dh = dL/dh

    (1) z = W_x x + W_h h₋ + b         (1′) dx = W_xᵀ dz,  dh₋ = W_hᵀ dz,  dW_x += dz xᵀ,  dW_h += dz h₋ᵀ,  db += dz
    (2) h = tanh(z)                    (2′) dz = k ⊙ dh,  k = 1 - h²

Equations are for one stream; N streams are rows, ``z = x W_xᵀ + h₋ W_hᵀ + b``. x and the weights enter (1) and (1′)
for a whole window at once (`charlm.nn.recurrent`). `charlm.nn.reference` has the same cell as a textbook writes it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from charlm.nn.arrays import FloatArray, LayerState, StepInput
from charlm.nn.cell import StepFunction
from charlm.nn.kernels.gate_products import GateProduct
from charlm.nn.kernels.gates import Gate
from charlm.nn.kernels.memory import NEW, empty
from charlm.nn.kernels.products import Product, Products, ProductTransposed
from charlm.nn.kernels.window import Window
from charlm.nn.recurrent import Recurrent

__all__ = ["RNN", "RNNState"]


class RNNState(NamedTuple):
    """Hidden state (N, H)."""

    h: FloatArray


@dataclass(slots=True)
class Forward:
    """Arrays of a forward step, (N, H) unless noted."""

    W_h: Product
    wx: FloatArray  # (1, N, H): W_x x + b
    h_before: FloatArray
    h: FloatArray  # NEW for a new array
    z_of_gates: FloatArray  # (1, N, H)
    z: FloatArray  # the same, (N, H)


@dataclass(slots=True)
class Backward:
    """Arrays of a backward step, (N, H) unless noted."""

    W_h_transposed: ProductTransposed
    dh: FloatArray
    k: FloatArray
    dz: FloatArray  # in the memory of k
    dz_of_gates: FloatArray  # the same, as the product reads it


class RNN(Recurrent[Forward, Backward, Window[Forward, Backward]]):
    """Vanilla recurrent layer with tanh.

    Parameters
    ----------
    input_size, hidden_size : int
        D and H.
    params, rng, dtype, weight_drop
        As for `charlm.nn.cell.Cell`.

    References
    ----------
    .. [1] Elman (1990), "Finding Structure in Time".
    """

    input_order = recurrent_order = (Gate(0, 1.0),)
    state_type = RNNState

    def step_forward(self, step: Forward) -> tuple[FloatArray]:
        """Compute h of a step, in place, and return it."""
        np.add(step.wx, step.W_h(step.h_before), step.z_of_gates)  # (1)
        return (np.tanh(step.z, step.h),)  # (2)

    def gate_factors(self, window: Window[Forward, Backward], steps: slice) -> None:
        """Compute the factors k of (2′), in place."""
        h, k = window.states[0][steps.start + 1 : steps.stop + 1], window.z[0, steps]
        np.multiply(h, h, out=k)
        np.subtract(1, k, out=k)  # (2′) k = 1 - h²

    def step_backward(self, step: Backward) -> None:
        """Compute dz, and dh of the step before from that of this step, in place."""
        np.multiply(step.k, step.dh, step.dz)  # (2′)
        step.W_h_transposed(step.dz_of_gates, step.dh)  # (1′) dh₋ = W_hᵀ dz

    def window(self, T: int, N: int, products: Products, *, resets: bool) -> Window[Forward, Backward]:
        """Return the arrays for T steps of N streams."""
        window: Window[Forward, Backward] = Window(1, 1, T, N, self.hidden_size, self.params.dtype, resets=resets)
        (h,), (h_before,) = window.states, window.before
        (W_h,), (W_h_transposed,) = products
        of_gates, dh = [window.z[:, t] for t in range(T)], empty(h[0].shape, h.dtype)
        window.carry = (dh,)
        window.forward = [Forward(W_h, z, h_before[t], h[t + 1], z, z[0]) for t, z in enumerate(of_gates)]
        window.backward = [Backward(W_h_transposed, dh, k[0], k[0], W_h_transposed.operand(k)) for k in of_gates]
        return window

    def step_function(
        self, read: Callable[[StepInput], FloatArray], products: Sequence[GateProduct]
    ) -> StepFunction:
        """Return a function that advances by one symbol."""
        (W_h,), step_forward = products, self.step_forward
        z = W_h.product
        step = Forward(W_h, z, z, NEW, z, z[0])

        def advance(x: StepInput, state: LayerState) -> tuple[FloatArray, LayerState]:
            step.wx = read(x)
            (step.h_before,) = state
            (h,) = step_forward(step)
            return h, RNNState(h)

        return advance
