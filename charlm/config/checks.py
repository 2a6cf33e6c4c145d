"""Checks of settings: a choice among names, a number within bounds."""

from __future__ import annotations

import math
from typing import get_args

from charlm.errors import UsageError

__all__ = ["check_choice", "check_number"]


def check_choice(name: str, value: object, choices: object) -> None:
    """Raise an error for a value that is not a name in a `Literal`.

    Raises
    ------
    UsageError
    """
    allowed = get_args(choices)
    if value not in allowed:
        raise UsageError(f"`{name}` is {value!r}; choose one of {', '.join(map(str, allowed))}")


def check_number(
    name: str,
    value: float | None,
    *,
    low: float = 0.0,
    high: float = math.inf,
    above: bool = False,
    below: bool = False,
    whole: bool = False,
) -> None:
    """Raise an error for a number outside ``[low, high]``; `above` and `below` exclude the bounds. None is valid.

    Raises
    ------
    UsageError
    """
    if value is None:
        return
    if isinstance(value, bool) or not isinstance(value, int if whole else (int, float)):
        raise UsageError(f"`{name}` is {value!r}; it must be a {'whole number' if whole else 'number'}")
    inside = (value > low if above else value >= low) and (value < high if below else value <= high)
    if not inside or not math.isfinite(value):
        border = "above" if above else "at least"
        top = "" if math.isinf(high) else f" and {'below' if below else 'at most'} {high:g}"
        raise UsageError(f"`{name}` is {value}; it must be {border} {low:g}{top}")
