"""Luong attention: decoder states combined with their contexts.

::

    forward                                   backward

    (1) c_t = Σ_s w_ts h_s                    (1′) dh, dh_s by `dot_attention`, whose scale is 1
        w_t = softmax(h_t · h_s)
    (2) z = W [h; c] + b                      (2′) [dh; dc] = Wᵀ dz,  dW += dz [h; c]ᵀ,  db += dz
    (3) y = tanh(z)                           (3′) dz = dy ⊙ (1 - y²)
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import DTypeLike, NDArray

from charlm.nn.arrays import FloatArray, Shape
from charlm.nn.attention import attention_stepper, dot_attention
from charlm.nn.backprop import once
from charlm.nn.kernels.workspace import Workspace
from charlm.nn.linear import Linear
from charlm.nn.parameters import ParameterStore

__all__ = ["LuongAttention"]

SCALE = 1.0


class LuongAttention:
    """Attention of decoder states (T, N, H) to encoder states (S, N, H), ``-> (T, N, H)``.

    Parameters
    ----------
    hidden_size : int
        H.
    params : ParameterStore, optional
        A store with ``W`` (H, 2 H) and ``b`` (H,), used as they are unless `rng` is given; by default a new one.
    rng : numpy.random.Generator, optional
        Draws the initial weights. Without it, those of a new store are drawn with seed 0.
    dtype : dtype-like
        Precision of a new store.

    References
    ----------
    .. [1] Luong, Pham & Manning (2015), "Effective Approaches to Attention-based Neural Machine Translation",
       section 3.1 and eq. 5.

    Examples
    --------
    >>> h, h_source = np.ones((4, 2, 3), np.float32), np.ones((5, 2, 3), np.float32)
    >>> y, weights, backprop = LuongAttention(3).forward(h, h_source)
    >>> y.shape, weights.shape
    ((4, 2, 3), (4, 2, 5))
    """

    def __init__(
        self,
        hidden_size: int,
        *,
        params: ParameterStore | None = None,
        rng: np.random.Generator | None = None,
        dtype: DTypeLike = np.float32,
    ) -> None:
        H = hidden_size
        self.hidden_size, self._linear = H, Linear(2 * H, H, params=params, rng=rng, dtype=dtype)
        self.params = self._linear.params

    @classmethod
    def shapes(cls, hidden_size: int) -> dict[str, Shape]:
        """Return the shape of each parameter."""
        return Linear.shapes(2 * hidden_size, hidden_size)

    def initialize_(self, rng: np.random.Generator) -> None:
        """Draw weights uniform in ±1/√(2H) and zero biases, in place."""
        self._linear.initialize_(rng)

    def forward(
        self,
        h: FloatArray,
        h_source: FloatArray,
        mask: NDArray[np.bool_] | None = None,
        *,
        workspace: Workspace | None = None,
    ) -> tuple[FloatArray, FloatArray, Callable[[FloatArray], tuple[FloatArray, FloatArray]]]:
        """Compute attention at every step.

        Parameters
        ----------
        h : ndarray, shape (T, N, H)
        h_source : ndarray, shape (S, N, H)
        mask : ndarray of bool, shape (S, N), optional
            True where there is a source.
        workspace : Workspace, optional
            Arrays for the result, overwritten by the next window.

        Returns
        -------
        y : ndarray, shape (T, N, H)
        weights : ndarray, shape (T, N, S)
        backprop : callable
            ``dy -> (dh, dh_source)``; adds into ``params.grad``; once only.

        Raises
        ------
        UsageError
            If a shape does not fit.
        """
        H, ws = self.hidden_size, Workspace() if workspace is None else workspace
        context, weights, backprop_dots = dot_attention(h, h_source, h_source, mask, SCALE)  # (1)
        both = ws.array((self, "both"), (*h.shape[:2], 2 * H), h.dtype)
        both[..., :H], both[..., H:] = h, context
        z, backprop_linear = self._linear.forward(both, workspace=ws)  # (2)
        y = np.tanh(z, out=z)  # (3)

        @once
        def backprop(dy: FloatArray) -> tuple[FloatArray, FloatArray]:
            dboth = backprop_linear(dy * (1 - y * y))  # (3′), (2′)
            dh, dkeys, dvalues = backprop_dots(dboth[..., H:])  # (1′)
            return np.add(dh, dboth[..., :H], out=dh), np.add(dkeys, dvalues, out=dkeys)

        return y, weights, backprop

    def stepper(
        self, h_source: FloatArray, mask: NDArray[np.bool_]
    ) -> Callable[[FloatArray], tuple[FloatArray, FloatArray]]:
        """Return a function that computes attention for one step, with weights and sources as they are now.

        Parameters
        ----------
        h_source : ndarray, shape (S, N, H)
            Finite where masked.
        mask : ndarray of bool, shape (S, N)

        Returns
        -------
        callable
            ``h (N, H) -> (y (N, H), weights (N, S))``.
        """
        attend = attention_stepper(h_source, h_source, mask, SCALE)
        W, b = np.ascontiguousarray(self.params["W"].T), self.params["b"].copy()

        def step(h: FloatArray) -> tuple[FloatArray, FloatArray]:
            context, weights = attend(h)
            z = np.concatenate([h, context], axis=1) @ W
            return np.tanh(z + b), weights

        return step
