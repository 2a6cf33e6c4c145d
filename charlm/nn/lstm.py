"""The long short-term memory.

::

    forward                                backward, from dh = dL/dh and dc = dL/dc

    (1) z = W_x x + W_h h₋ + b             (1′) dx = W_xᵀ dz,  dh₋ = W_hᵀ dz
                                                dW_x += dz xᵀ,  dW_h += dz h₋ᵀ,  db += dz
    (2) i, f, o = σ(z_i), σ(z_f), σ(z_o)   (2′) dz_i = di ⊙ i(1 - i), and f, o likewise
    (3) g = tanh(z_g)                      (3′) dz_g = dg ⊙ (1 - g²)
    (4) c = f ⊙ c₋ + i ⊙ g                 (4′) df = dc ⊙ c₋,  di = dc ⊙ g,  dg = dc ⊙ i,  dc₋ = dc ⊙ f
    (5) h = o ⊙ tanh(c)                    (5′) do = dh ⊙ tanh(c),  dc += dh ⊙ o(1 - tanh²(c))

The factors of dh and dc do not depend on dh and dc. They are computed for many steps at once; then (5′) to (2′) are
four products in a backward step::

    (6′) dc += k_c ⊙ dh,  k_c = o(1 - tanh²(c)) = o - h tanh(c)
    (7′) dz_o = k_o ⊙ dh,  k_o = tanh(c) o(1 - o) = h - o h
    (8′) dz_i = k_i ⊙ dc,  k_i = g i(1 - i) = i g - i (i g)
         dz_f = k_f ⊙ dc,  k_f = c₋ f(1 - f) = f c₋ - f (f c₋)
         dz_g = k_g ⊙ dc,  k_g = i(1 - g²) = i - g (i g)

With ``output_activation="identity"``, (5) is h = o ⊙ c; (5′) to (7′) have c for tanh(c), and k_c = o.

Equations are for one stream; N streams are rows, ``z = x W_xᵀ + h₋ W_hᵀ + b``. x and the weights enter (1) and (1′)
for a whole window at once (`charlm.nn.recurrent`). The gates are in the order i f g o in files, and o i f g in
memory (`charlm.nn.kernels.gates`). `charlm.nn.reference` has the same cell as a textbook writes it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import DTypeLike

from charlm.errors import UsageError
from charlm.nn.arrays import FloatArray, LayerState, StepInput
from charlm.nn.cell import StepFunction
from charlm.nn.kernels.gate_products import GateProduct
from charlm.nn.kernels.lstm_window import ORDER, Backward, Forward, LSTMWindow, forward_step, split
from charlm.nn.kernels.memory import NEW, empty
from charlm.nn.kernels.products import Products
from charlm.nn.kernels.window import gate_by_gate
from charlm.nn.parameters import ParameterStore
from charlm.nn.recurrent import Recurrent

__all__ = ["LSTM", "LSTMState"]

F = 1  # the forget gate's position in files


class LSTMState(NamedTuple):
    """Hidden state and cell state, each (N, H)."""

    h: FloatArray
    c: FloatArray


class LSTM(Recurrent[Forward, Backward, LSTMWindow]):
    """LSTM layer.

    Parameters
    ----------
    input_size, hidden_size : int
        D and H.
    params, rng, dtype, weight_drop
        As for `charlm.nn.cell.Cell`.
    output_activation : {"tanh", "identity"}
        The function that equation (5) applies to c.

    Notes
    -----
    The forget gate's initial bias is 1, which preserves early memory [3]_.

    References
    ----------
    .. [1] Hochreiter & Schmidhuber (1997), "Long Short-Term Memory".
    .. [2] Gers, Schmidhuber & Cummins (2000), "Learning to Forget".
    .. [3] Jozefowicz, Zaremba & Sutskever (2015), "An Empirical Exploration of Recurrent Network Architectures".

    Examples
    --------
    >>> layer = LSTM(3, 5)
    >>> h, state, backprop = layer.forward(np.ones((7, 2, 3), np.float32))  # (T, N, D)
    >>> h.shape, state.c.shape
    ((7, 2, 5), (2, 5))
    >>> dx, dstate = backprop(np.ones_like(h))
    >>> dx.shape
    (7, 2, 3)
    """

    input_order = recurrent_order = ORDER
    gate_names = "ifgo"
    state_type = LSTMState

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        *,
        params: ParameterStore | None = None,
        rng: np.random.Generator | None = None,
        dtype: DTypeLike = np.float32,
        weight_drop: float = 0.0,
        output_activation: Literal["tanh", "identity"] = "tanh",
    ) -> None:
        if output_activation not in ("tanh", "identity"):
            raise UsageError(f"output_activation is {output_activation!r}; choose tanh or identity")
        self.squash = output_activation == "tanh"
        super().__init__(input_size, hidden_size, params=params, rng=rng, dtype=dtype, weight_drop=weight_drop)

    def initialize_(self, rng: np.random.Generator) -> None:
        """Draw weights uniform in ±1/√H, biases 0 but 1 for the forget gate, in place."""
        super().initialize_(rng)
        self.by_gate("b")[F] = 1

    def step_forward(self, step: Forward) -> tuple[FloatArray, FloatArray]:
        """Compute h and c of a step, in place, and return them."""
        np.add(step.wx, step.W_h(step.h_before), step.pre)  # (1)
        np.tanh(step.pre, step.pre)  # (3) and, as σ(z) = ½(1 + tanh(z/2)), (2)
        np.multiply(step.sigmoids, step.scale, step.sigmoids)
        np.add(step.unshifted, step.shift, step.shifted)
        c = np.multiply(step.f, step.c_before, step.c)  # (4)
        np.multiply(step.i, step.g, step.ig)
        np.add(c, step.ig, c)
        tanh_c = np.tanh(c, step.tanh_c) if self.squash else c
        return np.multiply(step.o, tanh_c, step.h), c  # (5)

    def gate_factors(self, window: LSTMWindow, steps: slice) -> None:
        """Compute the factors of (6′) to (8′), in place.

        Each of k_o, k_f, k_g, k_i overwrites its gate after the last use of the gate.
        """
        z = gate_by_gate(window.z[:, steps])
        o, ifg = split(z, stored=window.single)
        k_o, (i, f, g), (k_i, k_f, k_g) = o, ifg, ifg
        S = len(o)
        c_before, tanh_c = window.before[1][steps], window.tanh_c[steps]
        h = window.states[0][steps.start + 1 : steps.stop + 1]
        k_c, fc, ig = window.k_c[:S], window.fc[:S], window.ig[:S]

        window.f[:S] = f
        if self.squash:
            np.multiply(h, tanh_c, out=k_c)
            np.subtract(o, k_c, out=k_c)  # (6′) k_c = o - h tanh(c)
        else:
            k_c[...] = o
        np.multiply(o, h, out=k_o)
        np.subtract(h, k_o, out=k_o)  # (7′) k_o = h - o h
        np.multiply(f, c_before, out=fc)
        np.multiply(f, fc, out=k_f)
        np.subtract(fc, k_f, out=k_f)  # (8′) k_f = f c₋ - f (f c₋)
        np.multiply(i, g, out=ig)
        np.multiply(g, ig, out=k_g)
        np.subtract(i, k_g, out=k_g)  # (8′) k_g = i - g (i g)
        np.multiply(i, ig, out=k_i)
        np.subtract(ig, k_i, out=k_i)  # (8′) k_i = i g - i (i g)
        window.z[:, steps] = z

    def step_backward(self, step: Backward) -> None:
        """Compute dz, and dh and dc of the step before from those of this step, in place."""
        np.multiply(step.dh, step.k_c, step.dc_of_h)  # (6′)
        np.add(step.dc, step.dc_of_h, step.dc)
        if step.dcs is None:
            np.multiply(step.k_o, step.dh, step.dz_o)  # (7′)
            np.multiply(step.k_ifg, step.dc, step.dz_ifg)  # (8′)
        else:  # both at once: NumPy takes a quarter of the time if its operands are contiguous
            step.dcs[...] = step.dc
            np.multiply(step.k, step.dcs_dh, step.dz)
        np.multiply(step.dc, step.f, step.dc)  # (4′) dc₋ = dc ⊙ f, from here on in dc
        step.W_h_transposed(step.dz_of_gates, step.dh)  # (1′) dh₋ = W_hᵀ dz

    def window(self, T: int, N: int, products: Products, *, resets: bool) -> LSTMWindow:
        """Return the arrays for T steps of N streams."""
        return LSTMWindow(T, N, self.hidden_size, self.params.dtype, products, resets=resets)

    def step_function(
        self, read: Callable[[StepInput], FloatArray], products: Sequence[GateProduct]
    ) -> StepFunction:
        """Return a function that advances by one symbol."""
        (W_h,), step_forward = products, self.step_forward
        z = W_h.product
        scratch = empty(z.shape[1:], z.dtype)
        step = forward_step(W_h, z, scratch, scratch, NEW, NEW, z, scratch, scratch)

        def advance(x: StepInput, state: LayerState) -> tuple[FloatArray, LayerState]:
            step.wx = read(x)
            step.h_before, step.c_before = state
            h, c = step_forward(step)
            return h, LSTMState(h, c)

        return advance
