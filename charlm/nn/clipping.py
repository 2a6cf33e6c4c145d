"""Keeping a gradient from exploding, in place."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np

from charlm.nn.arrays import FloatArray

__all__ = ["BLOCK", "clip_norm_", "clip_value_", "global_norm", "norm_of_squares", "scale_to_norm_", "squared_norm"]

BLOCK = 16384


def squared_norm(block: FloatArray) -> float:
    """Return Σ g² of a part of a gradient; in float64 where the squares overflow its own precision.

    To be called where NumPy's warning of that overflow is off.
    """
    square = float(np.dot(block, block))
    return square if math.isfinite(square) else float(np.dot(block.astype(np.float64), block.astype(np.float64)))


def global_norm(grad: FloatArray) -> float:
    """Return ‖g‖ of a flat vector, with sums over fixed blocks, so that it never depends on who computes it.

    NaN and infinity stay what they are.
    """
    blocks = np.split(grad, range(BLOCK, grad.size, BLOCK))
    with np.errstate(over="ignore"):
        return norm_of_squares([squared_norm(block) for block in blocks])


def norm_of_squares(squares: Iterable[float]) -> float:
    """Return the norm of the whole from `squared_norm` of its blocks."""
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
    The direction does not change. PyTorch adds 1e-6 to the norm; this does not.

    References
    ----------
    .. [1] Pascanu, Mikolov & Bengio (2013), "On the difficulty of training recurrent neural networks".
    """
    norm = global_norm(grad)
    scale_to_norm_(grad, norm, max_norm)
    return norm


def scale_to_norm_(grad: FloatArray, norm: float, max_norm: float) -> None:
    """Scale a gradient, or a part of one, by ``min(1, θ/‖g‖)`` for the norm of the whole, in place."""
    if max_norm and norm > max_norm and math.isfinite(norm):
        np.multiply(grad, max_norm / norm, out=grad)


def clip_value_(grad: FloatArray, max_value: float) -> None:
    """Limit every entry to ±`max_value`, in place; 0 clips nothing."""
    if max_value:
        np.clip(grad, -max_value, max_value, out=grad)
