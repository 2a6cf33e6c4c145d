"""Tick labels: round numbers for an axis."""

from __future__ import annotations

import math

__all__ = ["tick_labels"]

_STEPS = (1, 2, 2.5, 5, 10, 20, 50, 100)
_UNITS = ((1e9, 1e9, "G"), (1e6, 1e6, "M"), (1e4, 1e3, "k"))  # smallest number, unit, its letter


def tick_labels(low: float, high: float, most: int) -> list[tuple[float, str]]:
    """Choose round numbers between two.

    Parameters
    ----------
    low, high : float
        ``low < high``.
    most : int
        Largest number of them; at least one is returned.

    Returns
    -------
    list of (float, str)
        Numbers and their labels, all with the same digits after the point.

    Examples
    --------
    >>> [label for _, label in tick_labels(1.21, 4.17, 5)]
    ['2', '3', '4']
    >>> [label for _, label in tick_labels(0, 2_400_000, 4)]
    ['0', '1M', '2M']
    """
    span = high - low
    power = 10.0 ** math.floor(math.log10(span / max(most, 1)))
    step = next(step * power for step in _STEPS if _count(low, high, step * power) <= max(most, 1))
    first = math.ceil(low / step - 1e-9)
    values = [k * step for k in range(first, math.floor(high / step + 1e-9) + 1)] or [(low + high) / 2]
    largest = max(abs(low), abs(high))
    return [(value, _label(value, step, largest)) for value in values]


def _count(low: float, high: float, step: float) -> int:
    return math.floor(high / step + 1e-9) - math.ceil(low / step - 1e-9) + 1


def _label(value: float, step: float, largest: float) -> str:
    fitting = ((size, letter) for above, size, letter in _UNITS if largest >= above and step >= size / 100)
    scale, letter = next(fitting, (1.0, ""))
    return f"{value / scale:,.{_digits(step / scale)}f}{letter}" if abs(value) > step / 2 else "0"


def _digits(step: float) -> int:
    """Return the digits after the point that distinguish multiples of a step."""
    return next((digits for digits in range(10) if abs(step * 10**digits - round(step * 10**digits)) < 1e-6), 10)
