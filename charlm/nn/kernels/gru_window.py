"""The arrays of a GRU's steps, and the order of its gates in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import DTypeLike

from charlm.nn.arrays import FloatArray
from charlm.nn.kernels.memory import empty, half
from charlm.nn.kernels.products import Product, Products, ProductTransposed
from charlm.nn.kernels.window import Window

__all__ = ["Backward", "Forward", "GRUWindow", "forward_step"]


@dataclass(slots=True)
class Forward:
    """Arrays of a forward step, (N, H) unless noted."""

    W_h: Product  # of the gates n r z, of one stream r z n; with reset before r z
    W_hn: Product | None  # with reset before
    b_hn: FloatArray  # (H,)
    Wh_rz: FloatArray  # (2, N, H): W_h h₋, then s_r and s_z: contiguous, unlike rz
    Wh_n: FloatArray  # W_hn h₋, or with reset before W_hn a
    ra: FloatArray  # r ⊙ a, in the memory of Wh_n
    wx_rz: FloatArray  # (2, N, H): W_x x + b
    wx_n: FloatArray
    h_before: FloatArray
    h: FloatArray  # NEW for a new array
    rz: FloatArray  # (2, N, H)
    r: FloatArray
    z: FloatArray
    n: FloatArray
    a: FloatArray
    half: FloatArray  # ()


@dataclass(slots=True)
class Backward:
    """Arrays of a backward step, (N, H) unless noted. Gradients are in the memory of their factors."""

    W_h_transposed: ProductTransposed
    W_hn_transposed: ProductTransposed | None  # with reset before
    dh: FloatArray
    dhs: FloatArray  # dh; of one stream dh again for each group of k
    dh_before: FloatArray  # the addend of W_h_transposed
    r: FloatArray
    z: FloatArray
    k: FloatArray  # (4, N, H), with reset before (2, N, H): k_z, k_n
    k_r: FloatArray
    d: FloatArray  # (4, N, H): da, ds_r, ds_z, ds_n; with reset before (2, N, H): ds_z, ds_n
    d_a: FloatArray
    ds_r: FloatArray
    of_gates: FloatArray  # da, ds_r, ds_z as W_h_transposed reads them; with reset before ds_r, ds_z
    of_candidate: FloatArray  # ds_n as W_hn_transposed reads it


class GRUWindow(Window[Forward, Backward]):
    """Adds a (T, N, H), and da to `dz`, whose groups are a, r, z, n.

    So ``dz[:3]`` has the gates of ``W_h`` in kernel order n r z, and ``dz[1:]`` those of ``W_x``, r z n. With one
    stream and reset after, a and n change places: the gates of ``W_h`` are then those of ``dz[1:]``, as stored.
    With reset before ``dz[1:3]`` goes with the rows of ``W_h`` for r z, and ``dz[3:]`` with those for n.
    """

    def __init__(self, T: int, N: int, H: int, dtype: DTypeLike, products: Products, *, resets: bool) -> None:
        reset_after = len(products.forward) == 1
        super().__init__(3, 1, T, N, H, dtype, resets=resets, groups=4)
        self.swapped = self.single and reset_after
        self.arzn = (3, 1, 2, 0) if self.swapped else (0, 1, 2, 3)
        self.a = empty((T, N, H), dtype)
        self.b_hn = np.zeros(H, dtype)
        self._dh = empty((N, H), dtype)
        self._dhs = empty((4 if reset_after else 2, N, H), dtype) if self.single else self._dh
        self.carry = (self._dh,)
        (h,), (h_before,) = self.states, self.before
        rzn = [self.z[:, t] for t in range(T)]
        self.forward = [
            forward_step(
                products.forward, self.b_hn, rzn[t], h_before[t], h[t + 1], rzn[t], self.a[t], stored=self.single
            )
            for t in range(T)
        ]
        self.backward = [self._backward(t, products.backward) for t in range(T)]

    def load_(self, params: Mapping[str, FloatArray]) -> None:
        """Copy ``b_hn``, in place."""
        if "b_hn" in params:
            self.b_hn[:] = params["b_hn"]

    def _backward(self, t: int, products: Sequence[ProductTransposed]) -> Backward:
        (r, z, _), d = self.z[:, t], self.dz[:, t]
        product, candidate = products[0], products[1] if len(products) > 1 else None
        dh, dhs, d_a, k_r = self._dh, self._dhs, d[self.arzn[0]], d[1]
        if candidate is not None:
            of_gates, of_n, d = product.operand(d[1:3]), candidate.operand(d[3:]), d[2:]
        else:
            of_gates, of_n = product.operand(d[1:] if self.swapped else d[:3]), d
        return Backward(product, candidate, dh, dhs, product.addend, r, z, d, k_r, d, d_a, k_r, of_gates, of_n)


def forward_step(
    products: Sequence[Product],
    b_hn: FloatArray,
    wx: FloatArray,
    h_before: FloatArray,
    h: FloatArray,
    rzn: FloatArray,
    a: FloatArray,
    *,
    stored: bool = False,
) -> Forward:
    """Return the arrays of a step, those of the gates as views of rzn (3, N, H)."""
    W_h, W_hn = products[0], products[1] if len(products) > 1 else None
    Wh_rz = W_h.product[:2] if stored else W_h.product[-2:]
    Wh_n = W_hn.product[0] if W_hn is not None else W_h.product[2 if stored else 0]
    wx_rz, wx_n, rz, (r, z, n) = wx[:2], wx[2], rzn[:2], rzn
    return Forward(W_h, W_hn, b_hn, Wh_rz, Wh_n, Wh_n, wx_rz, wx_n, h_before, h, rz, r, z, n, a, half(a.dtype))
