"""Clipping of gradients, in place."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np

from charlm.nn.arrays import FloatArray

__all__ = ["BLOCK", "clip_norm_", "clip_value_", "global_norm", "norm_of_squares", "scale_to_norm_", "squared_norm"]

BLOCK = 16384


def squared_norm(block: FloatArray) -> float:
    """Return Σ g² of a block of a gradient, in float64 if it overflows the block's precision.

    The caller silences NumPy's overflow warning.
    """
    square = float(np.dot(block, block))
    return square if math.isfinite(square) else float(np.dot(block.astype(np.float64), block.astype(np.float64)))


def global_norm(grad: FloatArray) -> float:
    """Return ‖g‖ of a flat vector; NaN or infinite if an entry is.

    The sums are over fixed blocks, so the bits do not depend on the number of workers.
    """
    blocks = np.split(grad, range(BLOCK, grad.size, BLOCK))
    with np.errstate(over="ignore"):
        return norm_of_squares([squared_norm(block) for block in blocks])


def norm_of_squares(squares: Iterable[float]) -> float:
    """Return the global norm from the `squared_norm` of each block."""
    squares = list(squares)
    return math.sqrt(math.fsum(squares)) if all(map(math.isfinite, squares)) else math.sqrt(float(np.sum(squares)))


def clip_norm_(grad: FloatArray, max_norm: float) -> float:
    """Scale a gradient to at most `max_norm`, in place: ``g ← g · min(1, θ/‖g‖)``.

    Parameters
    ----------
    grad : ndarray, shape (P,)
    max_norm : float
        θ; 0 clips nothing.

    Returns
    -------
    float
        The norm before clipping.

    Notes
    -----
    The direction does not change. Unlike PyTorch, nothing is added to the norm.

    References
    ----------
    .. [1] Pascanu, Mikolov & Bengio (2013), "On the difficulty of training recurrent neural networks".
    """
    norm = global_norm(grad)
    scale_to_norm_(grad, norm, max_norm)
    return norm


def scale_to_norm_(grad: FloatArray, norm: float, max_norm: float) -> None:
    """Scale a gradient or a slice of it by ``min(1, θ/‖g‖)``, in place; `norm` is that of the whole gradient."""
    if max_norm and norm > max_norm and math.isfinite(norm):
        np.multiply(grad, max_norm / norm, out=grad)


def clip_value_(grad: FloatArray, max_value: float) -> None:
    """Limit every entry to ±`max_value`, in place; 0 clips nothing."""
    if max_value:
        np.clip(grad, -max_value, max_value, out=grad)
