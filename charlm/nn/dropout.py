"""Dropout: random activations or recurrent weights are zero while training, the others are scaled up."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from charlm.errors import UsageError
from charlm.nn.arrays import FloatArray
from charlm.nn.backprop import once
from charlm.nn.kernels.workspace import Workspace

__all__ = ["Dropout", "draw_mask_"]


def draw_mask_(mask: FloatArray, probability: float, rng: np.random.Generator) -> None:
    """Fill a mask in place: 0 with the given probability, else the inverse of the share that stays.

    The probability is rounded to a multiple of 2⁻¹⁶.
    """
    threshold = min(round(probability * 2**16), 2**16 - 1)
    # 16 random bits an entry are enough; NumPy draws 64 at once
    bits = rng.integers(0, 2**64, -(-mask.size // 4), dtype=np.uint64).view(np.uint16)[: mask.size]
    scale = mask.dtype.type(2**16 / (2**16 - threshold))
    np.multiply(bits.reshape(mask.shape) >= threshold, scale, out=mask)


class Dropout:
    """Inverted dropout.

    Parameters
    ----------
    probability : float
        Probability that an activation becomes zero, rounded to a multiple of 2⁻¹⁶. The others are divided by the
        share that stays.
    variational : bool
        Whether the same units are dropped at all steps of a window.

    References
    ----------
    .. [1] Srivastava et al. (2014), "Dropout: A Simple Way to Prevent Neural Networks from Overfitting".
    .. [2] Zaremba, Sutskever & Vinyals (2014), "Recurrent Neural Network Regularization": between layers only.
    .. [3] Gal & Ghahramani (2016), "A Theoretically Grounded Application of Dropout in Recurrent Neural Networks":
       variational.

    Examples
    --------
    >>> y, backprop = Dropout(0.5).forward(np.ones((2, 3, 4)), np.random.default_rng(0))
    >>> sorted(set(y.ravel().tolist()))
    [0.0, 2.0]
    """

    def __init__(self, probability: float, *, variational: bool = False) -> None:
        if not 0 <= probability < 1:
            raise UsageError(f"dropout is {probability}; it must be at least 0 and below 1")
        self.probability, self.variational = probability, variational

    def forward(
        self, x: FloatArray, rng: np.random.Generator, *, workspace: Workspace | None = None
    ) -> tuple[FloatArray, Callable[[FloatArray], FloatArray]]:
        """Drop activations of a sequence, or of one step.

        Parameters
        ----------
        x : ndarray, shape (T, N, D) or (N, D)
            Unchanged.
        rng : numpy.random.Generator
            Draws the mask.
        workspace : Workspace, optional
            Arrays for the result, overwritten by the next window.

        Returns
        -------
        y : ndarray, of the same shape
        backprop : callable
            ``dy -> dx``; overwrites `dy`; once only.
        """
        if not self.probability:
            return x, once(lambda dy: dy)
        ws = Workspace() if workspace is None else workspace
        mask_shape = (1, *x.shape[1:]) if self.variational and x.ndim == 3 else x.shape
        mask = ws.array((self, "mask"), mask_shape, x.dtype)
        draw_mask_(mask, self.probability, rng)
        y = np.multiply(x, mask, out=ws.array((self, "y"), x.shape, x.dtype))
        return y, once(lambda dy: np.multiply(dy, mask, out=dy))
