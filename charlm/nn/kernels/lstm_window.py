"""The arrays of an LSTM's steps, and the order of its gates in memory: o i f g, or i f g o as in files."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from charlm.nn.arrays import FloatArray
from charlm.nn.kernels.gates import Gate
from charlm.nn.kernels.memory import empty, half
from charlm.nn.kernels.products import Product, Products, ProductTransposed
from charlm.nn.kernels.window import Window

__all__ = ["ORDER", "Backward", "Forward", "LSTMWindow", "forward_step", "split"]

ORDER = (Gate(3, 0.5), Gate(0, 0.5), Gate(1, 0.5), Gate(2, 1.0))
"""o i f g: the gates in kernel order."""


@dataclass(slots=True)
class Forward:
    """Arrays of a forward step, (N, H) unless noted."""

    W_h: Product
    wx: FloatArray  # (4, N, H): W_x x + b
    h_before: FloatArray
    c_before: FloatArray
    h: FloatArray  # NEW for a new array
    c: FloatArray
    pre: FloatArray  # (4, N, H): pre-activations, contiguous and so faster than the gates of a window
    sigmoids: FloatArray  # (3, N, H): o i f of `pre`; or as stored all of it, with a scale of 1 for g
    scale: FloatArray  # ½
    unshifted: FloatArray  # o i f of `pre`, or all of it with a shift of 0 for g
    shift: FloatArray  # ½
    shifted: FloatArray  # the gates
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

    def __init__(self, T: int, N: int, H: int, dtype: DTypeLike, products: Products, *, resets: bool) -> None:
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
    pre = z if stored else W_h.product
    scale = shift = half(z.dtype)
    sigmoids = unshifted = shifted = pre[:3]
    if stored:
        scale, shift = scale_and_shift(tuple(sorted(ORDER)), z.shape, z.dtype)
        sigmoids = unshifted = shifted = z
    elif z is not pre:  # g moves, too
        _, shift = scale_and_shift(ORDER, (4, 1, 1), z.dtype)
        unshifted, shifted = pre, z
    before, after, gates = (W_h, wx, h_before, c_before), (h, c), (o, i, f, g)
    return Forward(*before, *after, pre, sigmoids, scale, unshifted, shift, shifted, *gates, ig, tanh_c)


@lru_cache(maxsize=64)
def scale_and_shift(
    gates: tuple[Gate, ...], shape: tuple[int, ...], dtype: np.dtype[Any]
) -> tuple[FloatArray, FloatArray]:
    """Return ½ and ½ for a sigmoid gate, 1 and 0 for g, as arrays of a shape (4, …)."""
    scale = np.empty(shape, dtype)
    for part, gate in zip(scale, gates, strict=True):
        part[...] = gate.scale
    return scale, np.where(scale == 1, dtype.type(0), scale)
