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
memory (`charlm.nn.kernels.weights`). `charlm.nn.reference` has the same cell as a textbook writes it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import DTypeLike

from charlm.errors import UsageError
from charlm.nn.arrays import FloatArray
from charlm.nn.kernels.gate_products import Gate, GateProduct
from charlm.nn.kernels.memory import NEW, empty, half
from charlm.nn.kernels.products import Product, Products, ProductTransposed
from charlm.nn.kernels.single_stream import scales
from charlm.nn.kernels.window import Window, gate_by_gate
from charlm.nn.parameters import ParameterStore
from charlm.nn.recurrent import LayerState, Recurrent, StepFunction, StepInput

__all__ = ["LSTM", "LSTMState"]

I, F, G, O = range(4)  # noqa: E741  the order of the gates in files


class LSTMState(NamedTuple):
    """Hidden state and cell state, each (N, H)."""

    h: FloatArray
    c: FloatArray


@dataclass(slots=True)
class Forward:
    """Arrays of a forward step, (N, H) unless noted. The gates are in the memory of z."""

    W_h: Product
    wx: FloatArray  # (4, N, H): W_x x + b
    h_before: FloatArray
    c_before: FloatArray
    h: FloatArray  # NEW for a new array
    c: FloatArray
    z: FloatArray  # (4, N, H)
    sigmoids: FloatArray  # (3, N, H): o i f; or of one stream z, with a scale of 1 and a shift of 0 for g
    scale: FloatArray  # ½
    shift: FloatArray  # ½
    o: FloatArray
    i: FloatArray
    f: FloatArray
    g: FloatArray
    ig: FloatArray  # i ⊙ g
    tanh_c: FloatArray


@dataclass(slots=True)
class Backward:
    """Arrays of a backward step, (N, H) unless noted. dz is in the memory of its factors."""

    W_h_transposed: ProductTransposed
    dh: FloatArray
    dc: FloatArray
    dc_of_h: FloatArray  # k_c ⊙ dh
    f: FloatArray
    k_c: FloatArray
    k_o: FloatArray
    k_ifg: FloatArray  # (3, N, H)
    dz_o: FloatArray
    dz_ifg: FloatArray  # (3, N, H)
    dcs: FloatArray | None  # (3, N, H) of one stream: dc again
    dcs_dh: FloatArray  # (4, N, H)
    k: FloatArray  # (4, N, H)
    dz: FloatArray  # (4, N, H)
    dz_of_gates: FloatArray  # the same, as the product reads it


class LSTMWindow(Window[Forward, Backward]):
    """Adds tanh(c) (T, N, H); f, k_c, f ⊙ c₋ and i ⊙ g for a chunk of steps; and arrays of a backward step."""

    def __init__(self, cell: LSTM, T: int, N: int, products: Products, *, resets: bool) -> None:
        H, dtype = cell.hidden_size, cell.params.dtype
        super().__init__(4, 2, T, N, H, dtype, resets=resets)
        self.tanh_c = empty((T, N, H), dtype)
        self.f, self.k_c, self.fc, self.ig = empty((4, self.chunk, N, H), dtype)
        self._step = empty((6 if self.single else 3, N, H), dtype)
        self.carry = self._step[-1], self._step[1]
        self.forward = [self._forward(t, products.forward[0]) for t in range(T)]
        self.backward = [self._backward(t, products.backward[0]) for t in range(T)]

    def _forward(self, t: int, W_h: Product) -> Forward:
        z, (h, c), (h_before, c_before) = self.z[:, t], self.states, self.before
        before, after = (h_before[t], c_before[t]), (h[t + 1], c[t + 1])
        return forward_step(W_h, z, *before, *after, z, self.ig[0], self.tanh_c[t], stored=self.single)

    def _backward(self, t: int, W_h_transposed: ProductTransposed) -> Backward:
        (dh, dc), dc_of_h, dcs_dh = self.carry, self._step[0], self._step[2:]
        k = dz = self.z[:, t]
        k_o, k_ifg = dz_o, dz_ifg = split(k, stored=self.single)
        f, k_c, product = self.f[t % self.chunk], self.k_c[t % self.chunk], W_h_transposed
        dcs = dcs_dh[:3] if self.single else None
        return Backward(
            product, dh, dc, dc_of_h, f, k_c, k_o, k_ifg, dz_o, dz_ifg, dcs, dcs_dh, k, dz, product.operand(dz)
        )


def split(z: FloatArray, *, stored: bool) -> tuple[FloatArray, FloatArray]:
    """Return the gates o (…), and i f g (3, …), of all gates in kernel order, or as stored."""
    return (z[3], z[:3]) if stored else (z[0], z[1:])


def forward_step(
    W_h: Product,
    wx: FloatArray,
    h_before: FloatArray,
    c_before: FloatArray,
    h: FloatArray,
    c: FloatArray,
    z: FloatArray,
    ig: FloatArray,
    tanh_c: FloatArray,
    *,
    stored: bool = False,
) -> Forward:
    """Return the arrays of a step, those of the gates as views of z, which are in kernel order, or as stored."""
    o, (i, f, g) = split(z, stored=stored)
    scale = shift = half(z.dtype)
    sigmoids = z[:3]
    if stored:
        sigmoids, scale = z, scales(sorted(LSTM.input_order), z.shape[-1], z.dtype)
        shift = np.where(scale == 1, z.dtype.type(0), scale)
    return Forward(W_h, wx, h_before, c_before, h, c, z, sigmoids, scale, shift, o, i, f, g, ig, tanh_c)


class LSTM(Recurrent[Forward, Backward, LSTMWindow]):
    """LSTM layer.

    Parameters
    ----------
    input_size, hidden_size : int
        D and H.
    params, rng, dtype, weight_drop
        As for `Recurrent`.
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

    input_order = recurrent_order = (Gate(O, 0.5), Gate(I, 0.5), Gate(F, 0.5), Gate(G, 1.0))
    gate_names, state_names = "ifgo", "hc"
    state_type = LSTMState
    state_parts = 2

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
        np.add(step.wx, step.W_h(step.h_before), step.z)  # (1)
        np.tanh(step.z, step.z)  # (3) and, as σ(z) = ½(1 + tanh(z/2)), (2)
        np.multiply(step.sigmoids, step.scale, step.sigmoids)
        np.add(step.sigmoids, step.shift, step.sigmoids)
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
        return LSTMWindow(self, T, N, products, resets=resets)

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
