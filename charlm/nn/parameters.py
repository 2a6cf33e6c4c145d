"""`ParameterStore`: every weight of a network in one flat vector, with names.

Clipping, optimiser updates, averaging over workers and counting are vector expressions on ``value`` and
``grad``; a layer sees named, shaped views of the same memory.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import DTypeLike, NDArray

from charlm.nn.memory import zeros

__all__ = ["FloatArray", "ParameterStore", "Shape"]

FloatArray: TypeAlias = NDArray[np.floating[Any]]
Shape: TypeAlias = tuple[int, ...]


class ParameterStore(Mapping[str, FloatArray]):
    """Named views of two flat vectors, the weights and their gradient.

    Parameters
    ----------
    shapes : mapping of str to tuple of int
        Shape of each tensor, in the order in which they lie in memory.
    dtype : dtype-like
        ``float32`` or ``float64``.

    Attributes
    ----------
    value, grad : ndarray, shape (P,)
        All weights and all gradients.

    Examples
    --------
    >>> store = ParameterStore({"W": (2, 3), "b": (2,)}, np.float64)
    >>> store.value.shape
    (8,)
    >>> store["b"][:] = 1.0  # a view: writes into store.value
    >>> float(store.value.sum())
    2.0
    """

    def __init__(self, shapes: Mapping[str, Shape], dtype: DTypeLike = np.float32) -> None:
        size = sum(math.prod(shape) for shape in shapes.values())
        self._bind(dict(shapes), zeros((size,), dtype), lambda: zeros((size,), dtype))

    def _bind(self, shapes: dict[str, Shape], value: FloatArray, make_grad: Callable[[], FloatArray]) -> None:
        self.shapes, self.value, self._make_grad = shapes, value, make_grad
        self._values = self.named(value)

    @cached_property
    def grad(self) -> FloatArray:
        """Gradient of all weights, (P,); made at first use, since a model that only writes needs none."""
        return self._make_grad()

    @cached_property
    def _grads(self) -> dict[str, FloatArray]:
        return self.named(self.grad)

    def __getitem__(self, name: str) -> FloatArray:
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return f"ParameterStore({len(self)} tensors, {self.value.size:,} parameters, {self.value.dtype})"

    @property
    def dtype(self) -> np.dtype[Any]:
        """Precision of the weights."""
        return self.value.dtype

    def gradient(self, name: str) -> FloatArray:
        """Return the gradient of one tensor, a view into ``grad``."""
        return self._grads[name]

    def named(self, flat: FloatArray) -> dict[str, FloatArray]:
        """Cut any vector that is laid out like ``value`` (an optimiser's slot, an average) into named views."""
        views, start = {}, 0
        for name, shape in self.shapes.items():
            stop = start + math.prod(shape)
            views[name] = flat[start:stop].reshape(shape)
            start = stop
        return views

    def moved(self, value: FloatArray) -> ParameterStore:
        """Return a store of the same tensors on other memory (P,), as it is there."""
        twin = ParameterStore.__new__(ParameterStore)
        twin._bind(self.shapes, value, lambda: zeros(value.shape, value.dtype))
        return twin

    def replica(self, grad: FloatArray | None = None) -> ParameterStore:
        """Return a store with the same weights, in the same memory, and a gradient of its own."""
        twin = ParameterStore.__new__(ParameterStore)
        twin._bind(self.shapes, self.value, lambda: zeros(self.value.shape, self.dtype) if grad is None else grad)
        return twin

    def under(self, prefix: str) -> ParameterStore:
        """Return the tensors whose names begin with `prefix` and a dot, by their short names, as views.

        The tensors of a prefix lie next to each other, so that the part is a store of its own.
        """
        names = [name for name in self.shapes if name.startswith(prefix + ".")]
        sizes = {name: math.prod(shape) for name, shape in self.shapes.items()}
        order = list(self.shapes)
        start = sum(sizes[name] for name in order[: order.index(names[0])])
        stop = start + sum(sizes[name] for name in names)
        part = ParameterStore.__new__(ParameterStore)
        short = {name.removeprefix(prefix + "."): self.shapes[name] for name in names}
        part._bind(short, self.value[start:stop], lambda: self.grad[start:stop])
        return part
