"""The gated recurrent unit, with its reset gate after or before the recurrent product.

::

    (1) r, z = σ(W_x x + b + W_h h₋)
    (2) n = tanh(W_xn x + b_n + r ⊙ (W_hn h₋ + b_hn))     reset="after", PyTorch and cuDNN
        n = tanh(W_xn x + b_n + W_hn (r ⊙ h₋))            reset="before", Cho et al. 2014
    (3) h = (1 - z) ⊙ n + z ⊙ h₋

The gates stand in the order r z n, in files and inside.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import DTypeLike, NDArray

from charlm.errors import UsageError
from charlm.nn.arrays import Blocked, columns
from charlm.nn.parameters import FloatArray, ParameterStore, Shape
from charlm.nn.projection import BackpropInput
from charlm.nn.recurrent import Gate, Kernel, LayerState, Recurrent, StepFunction, Window

__all__ = ["GRU", "GRUState"]

R, Z, N_ = range(3)


class GRUState(NamedTuple):
    """Hidden state (H, N)."""

    h: FloatArray


@dataclass(slots=True)
class Step:
    """Views of one step; each (H, N) unless said."""

    rz: FloatArray  # (2H, N)
    r: FloatArray
    z: FloatArray
    n: FloatArray
    memory: FloatArray  # after: W_hn h₋ + b_hn; before: r ⊙ h₋
    b_hn: FloatArray  # (H, 1)
    h_before: FloatArray
    h: FloatArray
    delta: FloatArray  # (4H, N): dL/d of memory, r, z, n
    delta4: FloatArray  # the same, (4, H, N)
    product: FloatArray  # (3H, N) scratch
    product_n: FloatArray
    product_rz: FloatArray  # (2H, N)


class GRUWindow(Window):
    """Adds what the candidate reads, and rows of `delta` for memory, r, z and n.

    So ``delta[:, :3H]`` goes with ``W_h`` in its order n r z, and ``delta[:, H:]`` with ``W_x`` in its order r z n.
    """

    def __init__(self, cell: GRU, T: int, N: int, resets: bool) -> None:
        super().__init__(cell, T, N, resets, delta_rows=4 * cell.hidden_size)
        H = cell.hidden_size
        self.memory = np.empty((T, H, N), cell.params.dtype)
        self.b_hn = cell.params["b_hn"][:, None] if cell.reset_after else np.zeros((H, 1), cell.params.dtype)
        self.steps = [self._views(t, H) for t in range(T)]

    def _views(self, t: int, H: int) -> Step:
        rzn = self.z[t]
        return Step(
            rz=rzn[: 2 * H],
            r=rzn[:H],
            z=rzn[H : 2 * H],
            n=rzn[2 * H :],
            memory=self.memory[t],
            b_hn=self.b_hn,
            h_before=self.inputs[0][t],
            h=self.states[0][t + 1],
            delta=self.delta[t],
            delta4=self.delta[t].reshape(4, H, -1),
            product=self.product,
            product_n=self.product[:H],
            product_rz=self.product[H:],
        )


class GRU(Recurrent):
    """GRU layer.

    Parameters
    ----------
    input_size, hidden_size : int
        D and H.
    params, rng, dtype
        As for every recurrent layer.
    reset : {"after", "before"}
        Where the reset gate acts: on the recurrent product or on the state that goes into it.

    References
    ----------
    .. [1] Cho et al. (2014), "Learning Phrase Representations using RNN Encoder-Decoder".
    .. [2] PyTorch, ``torch.nn.GRU``.
    """

    gates = 3
    input_order = (Gate(R, 0.5), Gate(Z, 0.5), Gate(N_, 1.0))
    recurrent_order = (Gate(N_, 1.0), Gate(R, 0.5), Gate(Z, 0.5))
    state_type = GRUState

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        *,
        params: ParameterStore | None = None,
        rng: np.random.Generator | None = None,
        dtype: DTypeLike = np.float32,
        reset: Literal["after", "before"] = "after",
    ) -> None:
        if reset not in ("after", "before"):
            raise UsageError(f"reset is {reset!r}; choose after or before")
        self.reset_after = reset == "after"
        if params is None:
            params = ParameterStore(self.shapes(input_size, hidden_size, reset), dtype)
        super().__init__(input_size, hidden_size, params=params, rng=rng, dtype=dtype)

    @classmethod
    def shapes(
        cls, input_size: int, hidden_size: int, reset: Literal["after", "before"] = "after"
    ) -> dict[str, Shape]:
        """Return the shape of each parameter; ``b_hn`` only with reset after."""
        shapes = super().shapes(input_size, hidden_size)
        return shapes | {"b_hn": (hidden_size,)} if reset == "after" else shapes

    def initialize_(self, rng: np.random.Generator) -> None:
        """Draw weights uniform in ±1/√H and zero biases, in place."""
        super().initialize_(rng)
        if self.reset_after:
            self.params["b_hn"][...] = 0

    def window(self, T: int, N: int, resets: bool) -> GRUWindow:
        """Return the arrays for T steps of N streams."""
        return GRUWindow(self, T, N, resets)

    def products(self, kernel: Kernel, N: int) -> dict[str, Blocked]:
        """Return ``W_h``, whole or in parts, and its transpose."""
        H, W, plain = self.hidden_size, kernel.W_h, kernel.W_h_plain
        if self.reset_after:
            return {"forward": Blocked(W, N), "backward": Blocked(plain.T, N)}
        return {
            "candidate": Blocked(W[:H], N),
            "gates": Blocked(W[H:], N),
            "candidate backward": Blocked(plain[:H].T, N),
            "gates backward": Blocked(plain[H:].T, N),
        }

    def advance(self, step: Step, kernel: Kernel) -> None:
        """Compute h of a step, equations (1) to (3), in place."""
        if self.reset_after:
            kernel.products["forward"].dot(step.h_before, out=step.product)
        else:
            kernel.products["gates"].dot(step.h_before, out=step.product_rz)
        np.add(step.rz, step.product_rz, out=step.rz)
        np.tanh(step.rz, out=step.rz)  # (1) σ(z) = ½(1 + tanh(z/2))
        np.multiply(step.rz, 0.5, out=step.rz)
        np.add(step.rz, 0.5, out=step.rz)
        if self.reset_after:
            np.add(step.product_n, step.b_hn, out=step.memory)
            np.multiply(step.r, step.memory, out=step.product_n)
        else:
            np.multiply(step.r, step.h_before, out=step.memory)
            kernel.products["candidate"].dot(step.memory, out=step.product_n)
        np.add(step.n, step.product_n, out=step.n)
        np.tanh(step.n, out=step.n)  # (2)
        np.subtract(step.h_before, step.n, out=step.h)
        np.multiply(step.h, step.z, out=step.h)
        np.add(step.h, step.n, out=step.h)  # (3) h = n + z (h₋ - n)

    def factors(self, window: GRUWindow, steps: slice) -> None:
        """Write what dL/dh is multiplied with to give dL/d of memory, r, z and n into `delta`, in place.

        With reset before, r's factor is of dL/d(memory) instead, and memory's row stays free.
        """
        H, h_before = self.hidden_size, window.inputs[0][steps]
        rzn, memory, delta = window.z[steps], window.memory[steps], window.delta[steps]
        r, z, n = rzn[:, :H], rzn[:, H : 2 * H], rzn[:, 2 * H :]
        d_memory, d_r, d_z, d_n = (delta[:, k * H : (k + 1) * H] for k in range(4))

        np.multiply(n, n, out=d_memory)
        np.subtract(1, d_memory, out=d_memory)  # (2) tanh' = 1 - n²
        np.subtract(1, z, out=d_z)
        np.multiply(d_memory, d_z, out=d_n)  # (3) dn = dh (1 - z)
        np.multiply(d_z, z, out=d_z)  # (1) σ' = z(1 - z)
        np.subtract(h_before, n, out=d_memory)
        np.multiply(d_z, d_memory, out=d_z)  # (3) dz = dh (h₋ - n)
        np.subtract(1, r, out=d_r)
        np.multiply(d_r, memory, out=d_r)
        if self.reset_after:
            np.multiply(d_n, r, out=d_memory)  # (2) d(memory) = dn r
            np.multiply(d_r, d_memory, out=d_r)  # (2) dr = dn memory, (1) σ' = r(1 - r)
        # before: dr = d(memory) h₋ and σ' = r(1 - r) make d(memory) (1 - r) memory, as memory is r h₋

    def retreat(self, step: Step, kernel: Kernel, carry: LayerState) -> None:
        """Go one step back, in place."""
        (dh,) = carry
        H = self.hidden_size
        if self.reset_after:
            np.multiply(step.delta4, dh, out=step.delta4)
            np.multiply(dh, step.z, out=dh)  # (3) dh₋ = dh z
            kernel.products["backward"].dot(step.delta[: 3 * H], out=step.product_n)
            np.add(dh, step.product_n, out=dh)  # (1), (2) dh₋ += W_hᵀ (d memory, dz_r, dz_z)
            return
        d_memory, d_r, d_zn = step.delta4[0], step.delta4[1], step.delta4[2:]
        np.multiply(d_zn, dh, out=d_zn)
        np.multiply(dh, step.z, out=dh)  # (3) dh₋ = dh z
        kernel.products["candidate backward"].dot(step.delta4[3], out=d_memory)  # (2)
        np.multiply(d_r, d_memory, out=d_r)
        np.multiply(d_memory, step.r, out=d_memory)  # (2) dh₋ += r d(r h₋)
        np.add(dh, d_memory, out=dh)
        kernel.products["gates backward"].dot(step.delta[H : 3 * H], out=step.product_n)
        np.add(dh, step.product_n, out=dh)  # (1) dh₋ += W_hᵀ (dz_r, dz_z)

    def gradients_(self, window: GRUWindow, delta: FloatArray, backprop_input: BackpropInput) -> FloatArray | None:
        """Add the window's weight gradients and return dx; `delta` is (4H, T·N): memory, r, z, n."""
        H = self.hidden_size
        dW_x, db, dx = backprop_input(delta[H:])
        self.add_gradient_("W_x", dW_x, self.input_order)
        self.add_gradient_("b", db, self.input_order)
        if self.reset_after:
            self.add_gradient_("W_h", delta[: 3 * H] @ window.before.T, self.recurrent_order)
            self.params.gradient("b_hn")[...] += delta[:H].sum(axis=1)
        else:
            self.add_gradient_("W_h", delta[3 * H :] @ columns(window.memory).T, self.recurrent_order[:1])
            self.add_gradient_("W_h", delta[H : 3 * H] @ window.before.T, self.recurrent_order[1:])
        return dx

    def stepper(self, table: FloatArray | None = None) -> StepFunction:
        """Return a function that advances by one symbol, with the weights as they are now."""
        kernel, picked = self.packed(table)
        W_x, W_h, b, H = kernel.W_x, kernel.W_h, kernel.b[:, None], self.hidden_size
        b_hn = self.params["b_hn"][:, None].copy() if self.reset_after else None

        def step(x: NDArray[Any], state: LayerState) -> tuple[FloatArray, LayerState]:
            (h,) = state
            zx: Any = picked.take(x, axis=0).T if x.ndim == 1 else W_x @ x + b
            product = W_h @ h if b_hn is not None else W_h[H:] @ h
            rz = product[-2 * H :]
            rz += zx[: 2 * H]
            np.tanh(rz, out=rz)  # (1)
            rz *= 0.5
            rz += 0.5
            n = (product[:H] + b_hn) * rz[:H] if b_hn is not None else W_h[:H] @ (rz[:H] * h)
            n += zx[2 * H :]
            np.tanh(n, out=n)  # (2)
            h = n + rz[H:] * (h - n)  # (3)
            return h, GRUState(h)

        return step
