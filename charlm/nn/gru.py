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
from charlm.nn.memory import empty
from charlm.nn.parameters import FloatArray, ParameterStore, Shape
from charlm.nn.pieces import multiply
from charlm.nn.products import DotFor, Gate, Gather, Spread, both_ways
from charlm.nn.projection import BackpropInput
from charlm.nn.recurrent import LayerState, Recurrent, StepFunction
from charlm.nn.window import Window, matrix

__all__ = ["GRU", "GRUState"]

R, Z, N_ = range(3)


class GRUState(NamedTuple):
    """Hidden state (H, N)."""

    h: FloatArray


@dataclass(slots=True)
class Step:
    """Views of one step; each (N, H) unless said."""

    rz: FloatArray  # (2, N, H)
    r: FloatArray
    z: FloatArray
    n: FloatArray
    half: FloatArray  # (): ½, which NumPy takes quicker than a number of Python's
    memory: FloatArray  # after: W_hn h₋ + b_hn; before: r ⊙ h₋
    b_hn: FloatArray  # (H,)
    h_before: FloatArray
    h: FloatArray
    delta: FloatArray  # (4, N, H): dL/d of memory, r, z, n
    delta_nrz: FloatArray  # (3, 1, N, H), memory standing for n, as reset after has it
    delta_rz: FloatArray  # (2, 1, N, H)
    delta_n: FloatArray  # (1, 1, N, H)


class GRUWindow(Window):
    """Adds what the candidate reads, and groups of `delta` for memory, r, z and n.

    So ``delta[:3]`` goes with ``W_h`` in its order n r z, and ``delta[1:]`` with ``W_x`` in its order r z n.
    """

    def __init__(self, cell: GRU, T: int, N: int, resets: bool) -> None:
        super().__init__(cell, T, N, resets, groups=4)
        H, dtype = cell.hidden_size, cell.params.dtype
        self.memory = empty((T, N, H), dtype)
        self.b_hn = cell.params["b_hn"] if cell.reset_after else np.zeros(H, dtype)
        self.steps = [self._views(t) for t in range(T)]

    def _views(self, t: int) -> Step:
        rzn, delta = self.z[:, t], self.delta[:, t]
        return Step(
            rz=rzn[:2],
            r=rzn[0],
            z=rzn[1],
            n=rzn[2],
            half=self.half,
            memory=self.memory[t],
            b_hn=self.b_hn,
            h_before=self.inputs[0][t],
            h=self.states[0][t + 1],
            delta=delta,
            delta_nrz=delta[:3, None],
            delta_rz=delta[1:3, None],
            delta_n=delta[3:, None],
        )


class GRUProducts(NamedTuple):
    """The products with all gates' matrices; with reset before, with those of r and z, and of n apart."""

    forward: Spread
    backward: Gather
    candidate: Spread | None = None
    candidate_backward: Gather | None = None


class GRU(Recurrent):
    """GRU layer.

    Parameters
    ----------
    input_size, hidden_size : int
        D and H.
    params, rng, dtype, weight_drop
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
        weight_drop: float = 0.0,
        reset: Literal["after", "before"] = "after",
    ) -> None:
        if reset not in ("after", "before"):
            raise UsageError(f"reset is {reset!r}; choose after or before")
        self.reset_after = reset == "after"
        if params is None:
            params = ParameterStore(self.shapes(input_size, hidden_size, reset), dtype)
        super().__init__(input_size, hidden_size, params=params, rng=rng, dtype=dtype, weight_drop=weight_drop)

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

    def products(self, N: int) -> GRUProducts:
        """Return the products with ``W_h``, whole or in parts, and those with its transpose."""
        H, order, dtype = self.hidden_size, self.recurrent_order, self.params.dtype
        if self.reset_after:
            return GRUProducts(*both_ways(order, H, N, dtype, addend=True))
        return GRUProducts(
            *both_ways(order[1:], H, N, dtype, addend=True),
            *both_ways(order[:1], H, N, dtype),
        )

    def advance(self, step: Step, products: GRUProducts) -> None:
        """Compute h of a step, equations (1) to (3), in place."""
        product = products.forward(step.h_before)
        product_rz = product[-2:]
        np.add(step.rz, product_rz, step.rz)
        np.tanh(step.rz, step.rz)  # (1) σ(z) = ½(1 + tanh(z/2))
        np.multiply(step.rz, step.half, step.rz)
        np.add(step.rz, step.half, step.rz)
        if products.candidate is None:
            product_n = product[0]
            np.add(product_n, step.b_hn, step.memory)
            np.multiply(step.r, step.memory, product_n)
        else:
            np.multiply(step.r, step.h_before, step.memory)
            product_n = products.candidate(step.memory)[0]
        np.add(step.n, product_n, step.n)
        np.tanh(step.n, step.n)  # (2)
        np.subtract(step.h_before, step.n, step.h)
        np.multiply(step.h, step.z, step.h)
        np.add(step.h, step.n, step.h)  # (3) h = n + z (h₋ - n)

    def factors(self, window: GRUWindow, steps: slice) -> None:
        """Write what dL/dh is multiplied with to give dL/d of memory, r, z and n into `delta`, in place.

        With reset before, r's factor is of dL/d(memory) instead, and memory's place stays free.
        """
        h_before, memory = window.inputs[0][steps], window.memory[steps]
        r, z, n = window.z[:, steps]
        d_memory, d_r, d_z, d_n = window.delta[:, steps]

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

    def retreat(self, step: Step, products: GRUProducts, carry: LayerState) -> None:
        """Go one step back, in place."""
        (dh,) = carry
        dh_before = products.backward.addend
        if products.candidate_backward is None:
            np.multiply(step.delta, dh, step.delta)
            np.multiply(dh, step.z, dh_before)  # (3) dh₋ = dh z
            products.backward(step.delta_nrz, out=dh)  # (1), (2) dh₋ += W_hᵀ (d memory, dz_r, dz_z)
            return
        d_memory, d_r, d_zn = step.delta[0], step.delta[1], step.delta[2:]
        np.multiply(d_zn, dh, d_zn)
        np.multiply(dh, step.z, dh_before)  # (3) dh₋ = dh z
        products.candidate_backward(step.delta_n, out=d_memory)  # (2)
        np.multiply(d_r, d_memory, d_r)
        np.multiply(d_memory, step.r, d_memory)  # (2) dh₋ += r d(r h₋)
        np.add(dh_before, d_memory, dh_before)
        products.backward(step.delta_rz, out=dh)  # (1) dh₋ += W_hᵀ (dz_r, dz_z)

    def gradients_(
        self, window: GRUWindow, mask: FloatArray | None, backprop_input: BackpropInput
    ) -> FloatArray | None:
        """Add the window's weight gradients, in place, and return dx."""
        delta, before = matrix(window.delta), window.before  # memory, r, z, n
        dx = self.input_gradients_(delta[1:], backprop_input)
        if self.reset_after:
            self.add_gradient_("W_h", multiply(delta[:3].transpose(0, 2, 1), before), self.recurrent_order, mask)
            self.params.gradient("b_hn")[...] += delta[0].sum(axis=0)
        else:
            d_n = delta[3:].transpose(0, 2, 1)
            self.add_gradient_("W_h", multiply(d_n, matrix(window.memory)), self.recurrent_order[:1], mask)
            d_rz = delta[1:3].transpose(0, 2, 1)
            self.add_gradient_("W_h", multiply(d_rz, before), self.recurrent_order[1:], mask)
        return dx

    def stepper(
        self, streams: int | None, table: NDArray[Any] | None = None, *, dot_for: DotFor | None = None
    ) -> StepFunction:
        """Return a function that advances by one symbol, with the weights as they are now."""
        order, half = self.recurrent_order, np.array(0.5, self.params.dtype)
        read, after = self.reader(streams, table), self.reset_after
        product = self.spread(order if after else order[1:], streams, dot_for)
        candidate = None if after else self.spread(order[:1], streams, dot_for)
        b_hn = self.params["b_hn"].copy() if after else np.zeros(self.hidden_size)
        m, rz = product.product[0], product.product[-2:]
        r, z = rz

        def step(x: Any, state: LayerState) -> tuple[FloatArray, LayerState]:
            (h,) = state
            zx = read(x)
            product(h)
            np.add(rz, zx[:2], rz)
            np.tanh(rz, rz)  # (1)
            np.multiply(rz, half, rz)
            np.add(rz, half, rz)
            if candidate is None:
                n = np.add(m, b_hn)
                np.multiply(n, r, n)
            else:
                n = candidate(np.multiply(r, h))[0]
            np.add(n, zx[2], n)
            np.tanh(n, n)  # (2)
            h = np.subtract(h, n)
            np.multiply(h, z, h)
            np.add(h, n, h)  # (3) h = n + z (h₋ - n)
            return h, GRUState(h)

        return step
