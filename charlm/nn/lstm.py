"""Long short-term memory.

::

    (1) z = W_x x + W_h h₋ + b
    (2) i, f, o = σ(z_i), σ(z_f), σ(z_o)
    (3) g = tanh(z_g)
    (4) c = f ⊙ c₋ + i ⊙ g
    (5) h = o ⊙ tanh(c)          or h = o ⊙ c with ``output_activation="identity"``

Files and PyTorch keep the gates in the order i f g o. Inside it is o i f g: the three σ together, and the three
that multiply dL/dc together.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import DTypeLike, NDArray

from charlm.errors import UsageError
from charlm.nn.memory import empty
from charlm.nn.parameters import FloatArray, ParameterStore
from charlm.nn.products import DotFor, Gate, Products, both_ways
from charlm.nn.recurrent import LayerState, Recurrent, StepFunction
from charlm.nn.window import Window

__all__ = ["LSTM", "LSTMState"]

I, F, G, O = range(4)  # noqa: E741  the gates' places in files


class LSTMState(NamedTuple):
    """Hidden state and cell state, each (H, N)."""

    h: FloatArray
    c: FloatArray


@dataclass(slots=True)
class Step:
    """Views of one step; each (N, H) unless said."""

    z: FloatArray  # (4, N, H)
    delta: FloatArray  # (4, 1, N, H)
    sigmoids: FloatArray  # (3, N, H), o i f
    o: FloatArray
    i: FloatArray
    f: FloatArray
    g: FloatArray
    ifg: FloatArray  # (3, N, H)
    half: FloatArray  # (): ½, which NumPy takes quicker than a number of Python's
    c_before: FloatArray
    c: FloatArray
    h_before: FloatArray
    h: FloatArray
    tanh_c: FloatArray
    dh_to_dc: FloatArray
    f_kept: FloatArray
    scratch: FloatArray


class LSTMWindow(Window):
    """Adds tanh(c) (T, N, H), and for a chunk of the way back what the gates' arrays do not hold."""

    def __init__(self, cell: LSTM, T: int, N: int, resets: bool) -> None:
        super().__init__(cell, T, N, resets)
        H, dtype = cell.hidden_size, cell.params.dtype
        self.tanh_c = empty((T, N, H), dtype)
        self.dh_to_dc, self.f_kept = empty((2, self.chunk, N, H), dtype)
        self.scratch = empty((3, self.chunk, N, H), dtype)
        self.steps = [self._views(t) for t in range(T)]

    def _views(self, t: int) -> Step:
        z, (h, c), (h_in, c_in) = self.z[:, t], self.states, self.inputs
        return Step(
            z=z,
            delta=z[:, None],
            sigmoids=z[:3],
            o=z[0],
            i=z[1],
            f=z[2],
            g=z[3],
            ifg=z[1:],
            half=self.half,
            c_before=c_in[t],
            c=c[t + 1],
            h_before=h_in[t],
            h=h[t + 1],
            tanh_c=self.tanh_c[t],
            dh_to_dc=self.dh_to_dc[t % self.chunk],
            f_kept=self.f_kept[t % self.chunk],
            scratch=self.scratch[0, 0],
        )


class LSTM(Recurrent):
    """LSTM layer.

    Parameters
    ----------
    input_size, hidden_size : int
        D and H.
    params, rng, dtype, weight_drop
        As for every recurrent layer.
    output_activation : {"tanh", "identity"}
        What equation (5) applies to c.

    Notes
    -----
    The forget gate starts with bias 1, which keeps early memory [3]_.

    References
    ----------
    .. [1] Hochreiter & Schmidhuber (1997), "Long Short-Term Memory".
    .. [2] Gers, Schmidhuber & Cummins (2000), "Learning to Forget".
    .. [3] Jozefowicz, Zaremba & Sutskever (2015), "An Empirical Exploration of Recurrent Network Architectures".
    """

    gates = 4
    input_order = recurrent_order = (Gate(O, 0.5), Gate(I, 0.5), Gate(F, 0.5), Gate(G, 1.0))
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
        self.params["b"].reshape(4, -1)[F] = 1

    def window(self, T: int, N: int, resets: bool) -> LSTMWindow:
        """Return the arrays for T steps of N streams."""
        return LSTMWindow(self, T, N, resets)

    def products(self, N: int) -> Products:
        """Return the product with ``W_h``, and the one with its transpose."""
        return both_ways(self.recurrent_order, self.hidden_size, N, self.params.dtype)

    def advance(self, step: Step, products: Products) -> None:
        """Compute h and c of a step, equations (1) to (5), in place."""
        np.add(step.z, products.forward(step.h_before), step.z)  # (1)
        np.tanh(step.z, step.z)  # (2) σ(z) = ½(1 + tanh(z/2)), (3)
        np.multiply(step.sigmoids, step.half, step.sigmoids)
        np.add(step.sigmoids, step.half, step.sigmoids)
        np.multiply(step.f, step.c_before, step.c)  # (4)
        np.multiply(step.i, step.g, step.scratch)
        np.add(step.c, step.scratch, step.c)
        if self.squash:
            np.tanh(step.c, step.tanh_c)  # (5)
            np.multiply(step.o, step.tanh_c, step.h)
        else:
            np.multiply(step.o, step.c, step.h)

    def factors(self, window: LSTMWindow, steps: slice) -> None:
        """Replace each gate by what dL/dh (for o) or dL/dc (for i, f, g) is multiplied with, in place."""
        o, i, f, g = window.z[:, steps]
        h = window.states[0][steps.start + 1 : steps.stop + 1]
        c_before, tanh_c = window.inputs[1][steps], window.tanh_c[steps]
        dh_to_dc, f_kept = window.dh_to_dc[: len(o)], window.f_kept[: len(o)]
        fc, gig, iig = window.scratch[:, : len(o)]

        f_kept[...] = f
        if self.squash:  # (5) dc += dh o (1 - tanh(c)²), where o tanh(c) is h
            np.multiply(tanh_c, h, out=dh_to_dc)
            np.subtract(o, dh_to_dc, out=dh_to_dc)
        else:
            dh_to_dc[...] = o
        # (2) σ' = σ(1 - σ), and what σ is multiplied with is there: o tanh(c) is h
        np.multiply(o, h, out=o)
        np.subtract(h, o, out=o)  # (5) do = dh tanh(c)
        np.multiply(f, c_before, out=fc)
        np.multiply(f, fc, out=f)
        np.subtract(fc, f, out=f)  # (4) df = dc c₋
        ig = np.multiply(i, g, out=fc)
        np.multiply(g, ig, out=gig)
        np.multiply(i, ig, out=iig)
        np.subtract(i, gig, out=g)  # (4) dg = dc i, (3) tanh' = 1 - tanh²
        np.subtract(ig, iig, out=i)  # (4) di = dc g

    def retreat(self, step: Step, products: Products, carry: LayerState) -> None:
        """Go one step back, in place."""
        dh, dc = carry
        np.multiply(dh, step.dh_to_dc, step.scratch)  # (5)
        np.add(dc, step.scratch, dc)
        np.multiply(step.o, dh, step.o)  # dz_o
        np.multiply(step.ifg, dc, step.ifg)  # dz_i, dz_f, dz_g
        np.multiply(dc, step.f_kept, dc)  # (4) dc₋ = dc f
        products.backward(step.delta, out=dh)  # (1) dh₋ = W_hᵀ dz

    def stepper(
        self, streams: int | None, table: NDArray[Any] | None = None, *, dot_for: DotFor | None = None
    ) -> StepFunction:
        """Return a function that advances by one symbol, with the weights as they are now."""
        read, product = self.reader(streams, table), self.spread(self.recurrent_order, streams, dot_for)
        z, squash, half = product.product, self.squash, np.array(0.5, self.params.dtype)
        sigmoids, (o, i, f, g) = z[:3], z

        def step(x: Any, state: LayerState) -> tuple[FloatArray, LayerState]:
            h, c = state
            np.add(product(h), read(x), z)  # (1)
            np.tanh(z, z)  # (2), (3)
            np.multiply(sigmoids, half, sigmoids)
            np.add(sigmoids, half, sigmoids)
            c = np.multiply(f, c)  # (4)
            np.multiply(i, g, i)
            np.add(c, i, c)
            h = np.tanh(c) if squash else c.copy()  # (5)
            np.multiply(h, o, h)
            return h, LSTMState(h, c)

        return step
