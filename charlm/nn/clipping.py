"""Keeping a gradient from exploding, in place."""

from __future__ import annotations

import math

import numpy as np

from charlm.nn.parameters import FloatArray

__all__ = ["clip_norm_", "clip_value_", "global_norm"]

BLOCK = 4096


def global_norm(grad: FloatArray) -> float:
    """Return ‖g‖ of a flat vector, with sums over fixed blocks, so that it never depends on who computes it."""
    squares = [float(np.dot(g, g)) for g in np.split(grad, range(BLOCK, grad.size, BLOCK))]
    return math.sqrt(math.fsum(squares)) if all(map(math.isfinite, squares)) else _wide_norm(grad)


def _wide_norm(grad: FloatArray) -> float:
    """Return ‖g‖ where squares overflow the gradient's own precision; NaN and infinity stay what they are."""
    largest = float(np.abs(grad).max())
    if not math.isfinite(largest):
        return largest
    scaled = grad.astype(np.float64) / largest
    return largest * math.sqrt(float(np.dot(scaled, scaled)))


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
    The direction is kept. PyTorch adds 1e-6 to the norm; this does not.

    References
    ----------
    .. [1] Pascanu, Mikolov & Bengio (2013), "On the difficulty of training recurrent neural networks".
    """
    norm = global_norm(grad)
    if max_norm and norm > max_norm and math.isfinite(norm):
        np.multiply(grad, max_norm / norm, out=grad)
    return norm


def clip_value_(grad: FloatArray, max_value: float) -> None:
    """Limit every entry to ±`max_value`, in place; 0 clips nothing."""
    if max_value:
        np.clip(grad, -max_value, max_value, out=grad)
