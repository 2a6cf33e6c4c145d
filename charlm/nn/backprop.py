"""Check that a backward pass runs once, since it overwrites the activations that it needs."""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec, TypeVar

from charlm.errors import UsageError

__all__ = ["once"]

_P = ParamSpec("_P")
_R = TypeVar("_R")


def once(backprop: Callable[_P, _R]) -> Callable[_P, _R]:
    """Wrap a backward pass so that a second call is an error.

    Raises
    ------
    UsageError
        At the second call.

    Examples
    --------
    >>> backprop = once(lambda dy: 2 * dy)
    >>> backprop(3)
    6
    >>> backprop(3)
    Traceback (most recent call last):
    charlm.errors.UsageError: this backprop was called before; call forward again for another
    """
    called = False

    def call(*args: _P.args, **kwargs: _P.kwargs) -> _R:
        nonlocal called
        if called:
            raise UsageError("this backprop was called before; call forward again for another")
        called = True
        return backprop(*args, **kwargs)

    return call
