"""Memory that the C library keeps after it was freed.

glibc returns the end of its heap to the system only beyond a threshold, which grows with the arrays that a program
frees, to 64 MB. So after work with large arrays, such as counting n-grams or a validation, tens of megabytes stay
in the process for good.
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable
from functools import cache

__all__ = ["release_free_memory"]


@cache
def _malloc_trim() -> Callable[[int], int] | None:
    """Return glibc's function of that name; None with another C library."""
    trim: Callable[[int], int] | None = None
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    return trim


def release_free_memory() -> None:
    """Return freed memory to the system, if the C library can; takes about a millisecond."""
    trim = _malloc_trim()
    if trim is not None:
        trim(0)
