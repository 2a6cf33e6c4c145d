"""The vanilla recurrent network.

::

    (1) z = W_x x + W_h h₋ + b
    (2) h = tanh(z)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from charlm.nn.parameters import FloatArray
from charlm.nn.products import DotFor, Gate, Products, both_ways
from charlm.nn.recurrent import LayerState, Recurrent, StepFunction
from charlm.nn.window import Window

__all__ = ["RNN", "RNNState"]


class RNNState(NamedTuple):
    """Hidden state (H, N)."""

    h: FloatArray


@dataclass(slots=True)
class Step:
    """Views of one step, each (N, H) unless said."""

    z: FloatArray
    delta: FloatArray  # (1, 1, N, H)
    h_before: FloatArray
    h: FloatArray


class RNNWindow(Window):
    """Adds nothing but the views."""

    def __init__(self, cell: RNN, T: int, N: int, resets: bool) -> None:
        super().__init__(cell, T, N, resets)
        (h,), (h_in,) = self.states, self.inputs
        self.steps = [Step(self.z[0, t], self.z[:, None, t], h_in[t], h[t + 1]) for t in range(T)]


class RNN(Recurrent):
    """Vanilla recurrent layer with tanh.

    Parameters
    ----------
    input_size, hidden_size : int
        D and H.
    params, rng, dtype, weight_drop
        As for every recurrent layer.

    References
    ----------
    .. [1] Elman (1990), "Finding Structure in Time".
    """

    gates = 1
    input_order = recurrent_order = (Gate(0, 1.0),)
    state_type = RNNState

    def window(self, T: int, N: int, resets: bool) -> RNNWindow:
        """Return the arrays for T steps of N streams."""
        return RNNWindow(self, T, N, resets)

    def products(self, N: int) -> Products:
        """Return the product with ``W_h``, and the one with its transpose."""
        return both_ways(self.recurrent_order, self.hidden_size, N, self.params.dtype)

    def advance(self, step: Step, products: Products) -> None:
        """Compute h of a step, equations (1) and (2), in place."""
        np.add(step.z, products.forward(step.h_before)[0], step.z)  # (1)
        np.tanh(step.z, step.h)  # (2)

    def factors(self, window: RNNWindow, steps: slice) -> None:
        """Replace z by tanh'(z) = 1 - h², in place."""
        h, z = window.states[0][steps.start + 1 : steps.stop + 1], window.z[0, steps]
        np.multiply(h, h, out=z)
        np.subtract(1, z, out=z)  # (2)

    def retreat(self, step: Step, products: Products, carry: LayerState) -> None:
        """Go one step back, in place."""
        (dh,) = carry
        np.multiply(step.z, dh, step.z)  # (2) dz = dh (1 - h²)
        products.backward(step.delta, out=dh)  # (1) dh₋ = W_hᵀ dz

    def stepper(
        self, streams: int | None, table: NDArray[Any] | None = None, *, dot_for: DotFor | None = None
    ) -> StepFunction:
        """Return a function that advances by one symbol, with the weights as they are now."""
        read, product = self.reader(streams, table), self.spread(self.recurrent_order, streams, dot_for)

        def step(x: Any, state: LayerState) -> tuple[FloatArray, LayerState]:
            z = product(state[0])[0]
            np.add(z, read(x)[0], z)  # (1)
            h = np.tanh(z)  # (2)
            return h, RNNState(h)

        return step
