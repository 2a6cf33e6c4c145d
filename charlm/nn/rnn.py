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

from charlm.nn.arrays import Blocked
from charlm.nn.parameters import FloatArray
from charlm.nn.recurrent import Gate, Kernel, LayerState, Recurrent, StepFunction, Window

__all__ = ["RNN", "RNNState"]


class RNNState(NamedTuple):
    """Hidden state (H, N)."""

    h: FloatArray


@dataclass(slots=True)
class Step:
    """Views of one step, each (H, N)."""

    z: FloatArray
    h_before: FloatArray
    h: FloatArray
    product: FloatArray


class RNNWindow(Window):
    """Adds nothing but the views."""

    def __init__(self, cell: RNN, T: int, N: int, resets: bool) -> None:
        super().__init__(cell, T, N, resets)
        (h,), (h_in,) = self.states, self.inputs
        self.steps = [Step(self.z[t], h_in[t], h[t + 1], self.product) for t in range(T)]


class RNN(Recurrent):
    """Vanilla recurrent layer with tanh.

    Parameters
    ----------
    input_size, hidden_size : int
        D and H.
    params, rng, dtype
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

    def products(self, kernel: Kernel, N: int) -> dict[str, Blocked]:
        """Return ``W_h`` and its transpose."""
        return {"forward": Blocked(kernel.W_h, N), "backward": Blocked(kernel.W_h_plain.T, N)}

    def advance(self, step: Step, kernel: Kernel) -> None:
        """Compute h of a step, equations (1) and (2), in place."""
        kernel.products["forward"].dot(step.h_before, out=step.product)
        np.add(step.z, step.product, out=step.z)  # (1)
        np.tanh(step.z, out=step.h)  # (2)

    def factors(self, window: RNNWindow, steps: slice) -> None:
        """Replace z by tanh'(z) = 1 - h², in place."""
        h, z = window.states[0][steps.start + 1 : steps.stop + 1], window.z[steps]
        np.multiply(h, h, out=z)
        np.subtract(1, z, out=z)  # (2)

    def retreat(self, step: Step, kernel: Kernel, carry: LayerState) -> None:
        """Go one step back, in place."""
        (dh,) = carry
        np.multiply(step.z, dh, out=step.z)  # (2) dz = dh (1 - h²)
        kernel.products["backward"].dot(step.z, out=dh)  # (1) dh₋ = W_hᵀ dz

    def stepper(self, table: FloatArray | None = None) -> StepFunction:
        """Return a function that advances by one symbol, with the weights as they are now."""
        kernel, columns = self.packed(table)
        W_x, W_h, b = kernel.W_x, kernel.W_h, kernel.b[:, None]

        def step(x: NDArray[Any], state: LayerState) -> tuple[FloatArray, LayerState]:
            h = W_h @ state[0]
            h += columns.take(x, axis=0).T if x.ndim == 1 else W_x @ x + b  # (1)
            np.tanh(h, out=h)  # (2)
            return h, RNNState(h)

        return step
