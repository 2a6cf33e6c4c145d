"""The gated recurrent unit, with its reset gate after or before the recurrent product.

::

    forward                                   backward, from dh = dL/dh

    (1) s_r, s_z = W_x x + W_h h₋ + b         (1′) dh₋ += W_hᵀ (ds_r, ds_z),  dW_h += (ds_r, ds_z) h₋ᵀ
        r, z = σ(s_r), σ(s_z)                      ds_r = dr ⊙ r(1 - r),  ds_z = dz ⊙ z(1 - z)

    reset="after", PyTorch and cuDNN:
    (2) a = W_hn h₋ + b_hn                    (2′) da = ds_n ⊙ r,  dr = ds_n ⊙ a
        s_n = W_xn x + b_n + r ⊙ a                 dh₋ += W_hnᵀ da,  dW_hn += da h₋ᵀ,  db_hn += da

    reset="before", Cho et al. 2014:
    (3) a = r ⊙ h₋                            (3′) da = W_hnᵀ ds_n,  dr = da ⊙ h₋
        s_n = W_xn x + b_n + W_hn a                dh₋ += da ⊙ r,  dW_hn += ds_n aᵀ

    (4) n = tanh(s_n)                         (4′) ds_n = dn ⊙ (1 - n²)
                                                   of ds = (ds_r, ds_z, ds_n):
                                                   dx = W_xᵀ ds,  dW_x += ds xᵀ,  db += ds
    (5) h = (1 - z) ⊙ n + z ⊙ h₋              (5′) dn = dh ⊙ (1 - z),  dz = dh ⊙ (h₋ - n),  dh₋ = dh ⊙ z
          = n + z ⊙ (h₋ - n)

The factors of dh do not depend on dh, and are computed for many steps at once::

    (6′) ds_n = k_n ⊙ dh,  k_n = (1 - n²)(1 - z)
    (7′) ds_z = k_z ⊙ dh,  k_z = z(1 - z)(h₋ - n)
    (8′) da = k_a ⊙ dh,    k_a = k_n r                             reset="after"
         ds_r = k_r ⊙ dh,  k_r = k_n a r(1 - r) = (1 - r) a k_a
    (9′) ds_r = k_r ⊙ da,  k_r = h₋ r(1 - r) = (1 - r) a           reset="before"

Equations are for one stream; N streams are rows, ``s = x W_xᵀ + h₋ W_hᵀ + b``. x and the weights enter (4′) for a
whole window at once (`charlm.nn.recurrent`). The gates are in the order r z n. `charlm.nn.reference` has the same
cell as a textbook writes it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import DTypeLike

from charlm.errors import UsageError
from charlm.nn.arrays import FloatArray, LayerState, Shape, StepInput
from charlm.nn.cell import StepFunction
from charlm.nn.kernels.blocks import multiply
from charlm.nn.kernels.gate_products import GateProduct
from charlm.nn.kernels.gates import Gate
from charlm.nn.kernels.gru_window import Backward, Forward, GRUWindow, forward_step
from charlm.nn.kernels.memory import NEW, empty
from charlm.nn.kernels.products import Products
from charlm.nn.kernels.projection import BackpropInput
from charlm.nn.kernels.window import gate_by_gate, matrix
from charlm.nn.parameters import ParameterStore
from charlm.nn.recurrent import Recurrent

__all__ = ["GRU", "GRUState"]

R, Z, N_ = range(3)  # the order of the gates in files


class GRUState(NamedTuple):
    """Hidden state (N, H)."""

    h: FloatArray


class GRU(Recurrent[Forward, Backward, GRUWindow]):
    """GRU layer.

    Parameters
    ----------
    input_size, hidden_size : int
        D and H.
    params, rng, dtype, weight_drop
        As for `charlm.nn.cell.Cell`.
    reset : {"after", "before"}
        Whether the reset gate multiplies the recurrent product or the state that enters it.

    References
    ----------
    .. [1] Cho et al. (2014), "Learning Phrase Representations using RNN Encoder-Decoder".
    .. [2] PyTorch, ``torch.nn.GRU``.

    Examples
    --------
    >>> layer = GRU(3, 5, reset="before")
    >>> h, state, backprop = layer.forward(np.ones((7, 2, 3), np.float32))  # (T, N, D)
    >>> h.shape, state.h.shape
    ((7, 2, 5), (2, 5))
    """

    input_order = (Gate(R, 0.5), Gate(Z, 0.5), Gate(N_, 1.0))
    recurrent_order = (Gate(N_, 1.0), Gate(R, 0.5), Gate(Z, 0.5))
    gate_names = "rzn"
    state_type = GRUState
    adds_to_dh = True

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        *,
        params: ParameterStore | None = None,
        rng: np.random.Generator | None = None,
        dtype: DTypeLike = np.float32,
        weight_drop: float = 0.0,
        reset: Literal["after", "before"] = "after",
    ) -> None:
        if reset not in ("after", "before"):
            raise UsageError(f"reset is {reset!r}; choose after or before")
        self.reset_after = reset == "after"
        super().__init__(input_size, hidden_size, params=params, rng=rng, dtype=dtype, weight_drop=weight_drop)

    def own_shapes(self) -> dict[str, Shape]:
        """Return the shape of each of this layer's parameters."""
        return self.shapes(self.input_size, self.hidden_size, "after" if self.reset_after else "before")

    @classmethod
    def shapes(
        cls, input_size: int, hidden_size: int, reset: Literal["after", "before"] = "after"
    ) -> dict[str, Shape]:
        """Return the shape of each parameter; ``b_hn`` only with reset after."""
        return super().shapes(input_size, hidden_size) | ({"b_hn": (hidden_size,)} if reset == "after" else {})

    def initialize_(self, rng: np.random.Generator) -> None:
        """Draw weights uniform in ±1/√H and zero biases, in place."""
        super().initialize_(rng)
        if self.reset_after:
            self.params["b_hn"][...] = 0

    @property
    def recurrent_groups(self) -> Sequence[Sequence[Gate]]:
        """Groups of gates with a common operand: with reset before, the candidate's is a, and not h₋."""
        order = self.recurrent_order
        return [order] if self.reset_after else [order[1:], order[:1]]

    def step_forward(self, step: Forward) -> tuple[FloatArray]:
        """Compute h of a step, in place, and return it."""
        step.W_h(step.h_before)  # fills Wh_rz and, with reset after, Wh_n
        np.add(step.wx_rz, step.Wh_rz, step.Wh_rz)  # (1)
        np.tanh(step.Wh_rz, step.Wh_rz)  # σ(s) = ½(1 + tanh(s/2))
        np.multiply(step.Wh_rz, step.half, step.Wh_rz)
        np.add(step.Wh_rz, step.half, step.rz)
        if step.W_hn is None:
            np.add(step.Wh_n, step.b_hn, step.a)  # (2)
            np.multiply(step.r, step.a, step.ra)
            np.add(step.wx_n, step.ra, step.n)
        else:
            np.multiply(step.r, step.h_before, step.a)  # (3)
            step.W_hn(step.a)
            np.add(step.wx_n, step.Wh_n, step.n)
        np.tanh(step.n, step.n)  # (4)
        h = np.subtract(step.h_before, step.n, step.h)
        np.multiply(h, step.z, h)
        return (np.add(h, step.n, h),)  # (5) h = n + z ⊙ (h₋ - n)

    def gate_factors(self, window: GRUWindow, steps: slice) -> None:
        """Compute the factors of (6′) to (9′), in place.

        Each factor is computed in its own memory, and h₋ - n in that of n.
        """
        h_before, a = window.before[0][steps], window.a[steps]
        r, z, n = gate_by_gate(window.z[:, steps])
        k = gate_by_gate(window.dz[:, steps])
        k_a, k_r, k_z, k_n = (k[group] for group in window.arzn)

        np.subtract(1, z, out=k_z)
        np.multiply(n, n, out=k_n)
        np.subtract(1, k_n, out=k_n)
        np.multiply(k_n, k_z, out=k_n)  # (6′) k_n = (1 - n²)(1 - z)
        np.multiply(k_z, z, out=k_z)
        h_minus_n = np.subtract(h_before, n, out=n)
        np.multiply(k_z, h_minus_n, out=k_z)  # (7′) k_z = (1 - z) z (h₋ - n)
        np.subtract(1, r, out=k_r)
        np.multiply(k_r, a, out=k_r)  # (9′) k_r = (1 - r) a, a factor of (8′) too
        if self.reset_after:
            np.multiply(k_n, r, out=k_a)  # (8′) k_a = k_n r
            np.multiply(k_r, k_a, out=k_r)  # (8′) k_r = (1 - r) a k_a
        window.dz[:, steps] = k

    def step_backward(self, step: Backward) -> None:
        """Compute da and ds, and dh of the step before from that of this step, in place."""
        np.multiply(step.dh, step.z, step.dh_before)  # (5′) dh₋ = dh ⊙ z
        if step.dhs is not step.dh:  # NumPy takes a quarter of the time if its operands are contiguous
            step.dhs[...] = step.dh
        np.multiply(step.k, step.dhs, step.d)  # (6′), (7′), (8′)
        if step.W_hn_transposed is not None:
            step.W_hn_transposed(step.of_candidate, step.d_a)  # (3′) da = W_hnᵀ ds_n
            np.multiply(step.k_r, step.d_a, step.ds_r)  # (9′)
            np.multiply(step.d_a, step.r, step.d_a)  # after (9′), which reads da
            np.add(step.dh_before, step.d_a, step.dh_before)  # (3′) dh₋ += da ⊙ r
        step.W_h_transposed(step.of_gates, step.dh)  # (1′), (2′) dh₋ += W_hᵀ (…): it adds dh_before

    def gradients_(
        self, window: GRUWindow, mask: FloatArray | None, backprop_x: BackpropInput
    ) -> FloatArray | None:
        """Add the window's weight gradients, (2′) to (4′), in place, and return dx."""
        dz, h_before = matrix(window.dz), matrix(window.before[0])
        of_h, of_x = (dz[:3], self.recurrent_order), (dz[1:], self.input_order)
        if window.swapped:
            of_h, of_x = of_x, of_h
        dx = self.input_gradients_(*of_x, backprop_x)
        if self.reset_after:
            dW_h = multiply(of_h[0].transpose(0, 2, 1), h_before)
            self.add_gradient_("W_h", dW_h, of_h[1], mask)
            self.params.gradient("b_hn")[...] += dz[window.arzn[0]].sum(axis=0)
        else:
            dW_hn = multiply(dz[3:].transpose(0, 2, 1), matrix(window.a))
            self.add_gradient_("W_h", dW_hn, self.recurrent_order[:1], mask)
            dW_h = multiply(dz[1:3].transpose(0, 2, 1), h_before)
            self.add_gradient_("W_h", dW_h, self.recurrent_order[1:], mask)
        return dx

    def window(self, T: int, N: int, products: Products, *, resets: bool) -> GRUWindow:
        """Return the arrays for T steps of N streams."""
        return GRUWindow(T, N, self.hidden_size, self.params.dtype, products, resets=resets)

    def step_function(
        self, read: Callable[[StepInput], FloatArray], products: Sequence[GateProduct]
    ) -> StepFunction:
        """Return a function that advances by one symbol."""
        product, step_forward = products[0].product, self.step_forward
        dtype, shape = product.dtype, product.shape[1:]
        rzn, a = empty((3, *shape), dtype), empty(shape, dtype)
        b_hn = self.params["b_hn"].copy() if self.reset_after else np.zeros(shape[-1], dtype)
        step = forward_step(products, b_hn, rzn, a, NEW, rzn, a)

        def advance(x: StepInput, state: LayerState) -> tuple[FloatArray, LayerState]:
            wx = read(x)
            step.wx_rz, step.wx_n = wx[:2], wx[2]
            (step.h_before,) = state
            (h,) = step_forward(step)
            return h, GRUState(h)

        return advance
