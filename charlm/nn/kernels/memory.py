"""Arrays that begin where a line of the cache begins.

NumPy puts an array anywhere that is a multiple of 16 bytes. A vector register is up to 64 bytes wide, and one that
is filled from two lines of the cache costs twice: products of a time step are up to half as fast again where
their operands begin with a line.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

__all__ = ["CACHE_LINE", "NEW", "empty", "half", "zeros"]

CACHE_LINE = 64
NEW: Any = None
"""As the output argument of a NumPy function: a new array."""


def empty(shape: tuple[int, ...], dtype: DTypeLike) -> NDArray[Any]:
    """Return a new array that begins with a line of the cache, with whatever its memory holds.

    Examples
    --------
    >>> empty((3, 5), np.float32).ctypes.data % CACHE_LINE
    0
    """
    return _aligned(np.empty, shape, dtype)


def zeros(shape: tuple[int, ...], dtype: DTypeLike) -> NDArray[Any]:
    """Return a new array of zeros that begins with a line of the cache."""
    return _aligned(np.zeros, shape, dtype)


@cache
def half(dtype: np.dtype[Any]) -> NDArray[Any]:
    """Return ½ as an array without axes: small arrays are multiplied by it quicker than by a number of Python's."""
    return np.array(0.5, dtype)


def _aligned(make: Callable[..., NDArray[Any]], shape: tuple[int, ...], dtype: DTypeLike) -> NDArray[Any]:
    size = math.prod(shape) * np.dtype(dtype).itemsize
    memory = make(size + CACHE_LINE, np.uint8)
    start = -memory.ctypes.data % CACHE_LINE
    return memory[start : start + size].view(dtype).reshape(shape)
