"""Dropout: activations set to zero at random while training, the rest scaled up."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from charlm.errors import UsageError
from charlm.nn.parameters import FloatArray
from charlm.nn.workspace import Workspace

__all__ = ["Dropout"]


class Dropout:
    """Inverted dropout.

    Parameters
    ----------
    probability : float
        Share of activations that become zero, in steps of 2⁻¹⁶; the others are divided by the share that stays.

    References
    ----------
    .. [1] Srivastava et al. (2014), "Dropout: A Simple Way to Prevent Neural Networks from Overfitting".
    .. [2] Zaremba, Sutskever & Vinyals (2014), "Recurrent Neural Network Regularization": between layers only.
    """

    def __init__(self, probability: float) -> None:
        if not 0 <= probability < 1:
            raise UsageError(f"dropout is {probability}; it must be at least 0 and below 1")
        self.threshold = min(
            round(probability * 2**16), 2**16 - 1
        )  # 16 random bits an activation are enough, and quick to draw
        self.scale = 2**16 / (2**16 - self.threshold)

    def forward(
        self, x: FloatArray, rng: np.random.Generator, *, workspace: Workspace | None = None
    ) -> tuple[FloatArray, Callable[[FloatArray], FloatArray]]:
        """Drop activations of a sequence.

        Parameters
        ----------
        x : ndarray, shape (T, D, N)
            Left as it is.
        rng : numpy.random.Generator
            Draws the mask.
        workspace : Workspace, optional
            Where the result is kept until the next window.

        Returns
        -------
        y : ndarray, shape (T, D, N)
        backprop : callable
            ``dy -> dx``; overwrites `dy`.
        """
        if self.threshold == 0:
            return x, lambda dy: dy
        T, D, N = x.shape
        ws = Workspace() if workspace is None else workspace
        mask = ws.array((self, "mask"), (T, N, D), x.dtype)
        y = ws.array((self, "y"), (T, N, D), x.dtype).transpose(0, 2, 1)
        bits = rng.integers(0, 2**16, mask.shape, dtype=np.uint16)
        np.multiply(bits >= self.threshold, x.dtype.type(self.scale), out=mask)
        mask = mask.transpose(0, 2, 1)
        np.multiply(x, mask, out=y)
        return y, lambda dy: np.multiply(dy, mask, out=dy)
