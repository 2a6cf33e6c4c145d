"""`ParameterStore`: every weight of a network in one flat vector, with names.

Clipping, optimiser updates, averaging over workers and counting are vector expressions on ``value`` and
``grad``; a layer sees named, shaped views of the same memory.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, Protocol

import numpy as np
from numpy.typing import DTypeLike

from charlm.errors import UsageError
from charlm.nn.arrays import FloatArray, Shape
from charlm.nn.kernels.memory import zeros

__all__ = ["ParameterStore", "join"]


class ParameterStore(Mapping[str, FloatArray]):
    """Named views of two flat vectors, the weights and their gradient.

    Parameters
    ----------
    shapes : mapping of str to tuple of int
        Shape of each tensor, in the order in which they lie in memory.
    dtype : dtype-like
        ``float32`` or ``float64``.
    value : ndarray, shape (P,), optional
        Memory of the weights, as they are there; new and zero when left out.
    grad : callable, optional
        ``() -> ndarray (P,)``, the memory of the gradient, asked for at its first use; new when left out.

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

    def __init__(
        self,
        shapes: Mapping[str, Shape],
        dtype: DTypeLike = np.float32,
        *,
        value: FloatArray | None = None,
        grad: Callable[[], FloatArray] | None = None,
    ) -> None:
        size = sum(math.prod(shape) for shape in shapes.values())
        self.shapes = dict(shapes)
        self.value = zeros((size,), dtype) if value is None else value
        self._make_grad = grad
        self._values = self.named(self.value)
        self._parts: list[tuple[ParameterStore, slice]] = []

    @cached_property
    def grad(self) -> FloatArray:
        """Gradient of all weights, (P,); made at first use, since a model that only writes needs none."""
        return zeros(self.value.shape, self.dtype) if self._make_grad is None else self._make_grad()

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
        """Split any vector that is laid out like ``value`` (an optimiser's slot, an average) into named views."""
        views, start = {}, 0
        for name, shape in self.shapes.items():
            stop = start + math.prod(shape)
            views[name] = flat[start:stop].reshape(shape)
            start = stop
        return views

    def on(self, value: FloatArray) -> ParameterStore:
        """Return a store of the same tensors on other memory (P,), with the weights that are there."""
        return ParameterStore(self.shapes, self.dtype, value=value)

    def move_(self, value: FloatArray) -> None:
        """Let the weights, and those of every part, be the ones in other memory (P,), in place.

        Views of the old memory are no longer the store's.
        """
        self.value = value
        self._values = self.named(value)
        for part, where in self._parts:
            part.move_(value[where])

    def replica(self, grad: FloatArray | None = None) -> ParameterStore:
        """Return a store with the same weights, in the same memory, and a gradient of its own."""
        return ParameterStore(
            self.shapes, self.dtype, value=self.value, grad=None if grad is None else lambda: grad
        )

    def under(self, prefix: str) -> ParameterStore:
        """Return the tensors whose names begin with `prefix` and a dot, by their short names, as views.

        The tensors of a prefix lie next to each other, so that the part is a store of its own.
        """
        names = [name for name in self.shapes if name.startswith(prefix + ".")]
        sizes = {name: math.prod(shape) for name, shape in self.shapes.items()}
        order = list(self.shapes)
        start = sum(sizes[name] for name in order[: order.index(names[0])])
        stop = start + sum(sizes[name] for name in names)
        shapes = {name.removeprefix(prefix + "."): self.shapes[name] for name in names}
        where = slice(start, stop)
        part = ParameterStore(shapes, self.dtype, value=self.value[where], grad=lambda: self.grad[where])
        self._parts.append((part, where))
        return part


class HasParameters(Protocol):
    """A layer, or a network whose own parts are layers."""

    params: ParameterStore


def join(**layers: HasParameters | Sequence[HasParameters]) -> ParameterStore:
    """Put layers that were built on their own into one parameter store, with the weights that they have.

    Parameters
    ----------
    **layers
        Layers, or sequences of layers, by the names that their tensors get in front. Their ``params`` become views.

    Returns
    -------
    ParameterStore
        For one optimiser, one clip, one gradient check over all of them.

    Raises
    ------
    UsageError
        If the layers are of different precision.

    Examples
    --------
    >>> from charlm.nn import LSTM, Linear
    >>> lstm, head = LSTM(3, 5), Linear(5, 2)
    >>> store = join(lstm=lstm, head=head)
    >>> list(store)
    ['lstm.W_x', 'lstm.W_h', 'lstm.b', 'head.W', 'head.b']
    >>> store["head.b"][:] = 1
    >>> head.params["b"].tolist()
    [1.0, 1.0]
    """
    parts: dict[str, HasParameters] = {}
    for name, layer in layers.items():
        if isinstance(layer, Sequence):
            parts |= {f"{name}.{k}": each for k, each in enumerate(layer)}
        else:
            parts[name] = layer
    dtypes = {layer.params.dtype for layer in parts.values()}
    if len(dtypes) != 1:
        found = " and ".join(sorted(map(str, dtypes))) or "no layers"
        raise UsageError(f"one store holds one precision, not {found}; give every layer the same dtype")
    shapes = {
        f"{part}.{name}": shape for part, layer in parts.items() for name, shape in layer.params.shapes.items()
    }
    store = ParameterStore(shapes, dtypes.pop())
    for part, layer in parts.items():
        own = store.under(part)
        own.value[:] = layer.params.value
        layer.params = own
    return store
