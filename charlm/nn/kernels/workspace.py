"""`Workspace`: arrays that a training loop allocates once and every window reuses."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any, TypeVar

import numpy as np
from numpy.typing import DTypeLike

from charlm.nn.arrays import FloatArray
from charlm.nn.kernels.memory import empty

__all__ = ["Workspace"]

_T = TypeVar("_T")


class Workspace:
    """Arrays for reuse, by name and shape.

    A call that is given a workspace writes its results into arrays that are stored in it, so the results
    of one window are overwritten by the next. A call without one uses fresh arrays. Two threads never share one.

    Reuse saves time because the system hands out fresh memory page by page, at the first touch.
    """

    def __init__(self) -> None:
        self._stored: dict[Hashable, Any] = {}

    def get(self, key: Hashable, make: Callable[[], _T]) -> _T:
        """Return the value stored under `key`, made at the first call."""
        if key not in self._stored:
            self._stored[key] = make()
        stored: _T = self._stored[key]
        return stored

    def array(self, name: Hashable, shape: tuple[int, ...], dtype: DTypeLike) -> FloatArray:
        """Return an array, holding the values of its last use."""
        return self.get((name, shape, np.dtype(dtype)), lambda: empty(shape, dtype))
