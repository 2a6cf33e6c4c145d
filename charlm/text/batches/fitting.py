"""The split for validation, and window sizes that a text can fill."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from charlm.errors import CorpusError, UsageError

__all__ = ["fit", "split"]

_Number = TypeVar("_Number", bound=np.number[Any])


def split(series: NDArray[_Number], val_frac: float) -> tuple[NDArray[_Number], NDArray[_Number]]:
    """Hold out the end of a text or a series of numbers.

    Parameters
    ----------
    series : ndarray, shape (n,) or (n, D)
    val_frac : float
        Fraction f that is held out.

    Returns
    -------
    train, validation : ndarray
        Views of the first ⌊(1−f)·n⌋ steps and of the rest, which may be empty.

    Raises
    ------
    UsageError
        If the fraction is not from 0 to below 1.
    """
    if not 0 <= val_frac < 1:
        raise UsageError(f"`val_frac` is {val_frac}; it must be at least 0 and below 1")
    # the fraction as a decimal: in binary, (1 - 0.9) · 10 is less than 1
    border = math.floor((1 - Fraction(str(val_frac))) * len(series))
    return series[:border], series[border:]


def fit(n: int, streams: int, length: int) -> tuple[int, int]:
    """Shrink the number of streams, then their length, to what `n` symbols can fill.

    Parameters
    ----------
    n : int
        Symbols of the text; a window has T inputs and one more symbol, the last target.
    streams, length : int
        Requested N and T, both at least 1.

    Returns
    -------
    streams, length : int
        The largest that fit, neither above the requested one.

    Raises
    ------
    CorpusError
        If the text has fewer than two symbols.

    Examples
    --------
    >>> fit(1_000_000, 16, 32), fit(200, 16, 32), fit(10, 16, 32)
    ((16, 32), (6, 32), (1, 9))
    """
    if n < 2:
        raise CorpusError(f"the text has {n} symbol{'s' * (n != 1)} to train on; give one of at least 2")
    streams = max(1, min(streams, (n - 1) // length))
    return streams, min(length, (n - 1) // streams)
