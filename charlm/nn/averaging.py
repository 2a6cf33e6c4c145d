"""The exponential moving average of the weights, which often has a lower validation loss than the weights.

::

    ā ← a ā + (1 - a) w
"""

from __future__ import annotations

import numpy as np

from charlm.nn.arrays import FloatArray

__all__ = ["average_"]

BLOCK = 16384


def average_(average: FloatArray, value: FloatArray, decay: float) -> None:
    """Move an average one step towards the weights, in place, in blocks that stay in the cache.

    Parameters
    ----------
    average, value : ndarray, shape (P,)
    decay : float
        a.

    References
    ----------
    .. [1] Polyak & Juditsky (1992), "Acceleration of Stochastic Approximation by Averaging".
    """
    difference = np.empty(min(BLOCK, value.size), value.dtype)
    for start in range(0, value.size, BLOCK):
        a, w = average[start : start + BLOCK], value[start : start + BLOCK]
        d = difference[: w.size]
        np.subtract(w, a, out=d)
        d *= 1 - decay
        a += d
