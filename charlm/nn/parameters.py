"""`ParameterStore`: all weights of a network in one flat vector, with names.

Clipping, optimiser updates and averaging over workers are vector expressions on ``value`` and ``grad``. A layer
uses named, shaped views of the same memory.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import accumulate, pairwise
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
        Shape of each tensor, in their order in memory.
    dtype : dtype-like
        ``float32`` or ``float64``.
    value : ndarray, shape (P,), optional
        Memory that holds the weights; by default zeros.
    grad : callable, optional
        ``() -> ndarray (P,)``, the memory of the gradient, called at its first use; by default zeros.

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
        self.shapes = dict(shapes)
        ends = list(accumulate(map(math.prod, shapes.values()), initial=0))
        self._slices = {name: slice(*pair) for name, pair in zip(shapes, pairwise(ends), strict=True)}
        self.value = zeros((ends[-1],), dtype) if value is None else value
        self._make_grad = grad
        self._values = self.named(self.value)
        self._parts: list[tuple[ParameterStore, slice]] = []

    @cached_property
    def grad(self) -> FloatArray:
        """Gradient of all weights, (P,); allocated at its first use, since inference needs none."""
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
        """Split a vector (P,) such as an optimiser's slot or an average into named views."""
        return {name: flat[where].reshape(self.shapes[name]) for name, where in self._slices.items()}

    def on(self, value: FloatArray) -> ParameterStore:
        """Return a store of the same tensors whose weights are in `value` (P,)."""
        return ParameterStore(self.shapes, self.dtype, value=value)

    def move_(self, value: FloatArray) -> None:
        """Replace the memory and the values of the weights by `value` (P,), in place, in every part too.

        Earlier views of the weights no longer belong to the store.
        """
        self.value = value
        self._values = self.named(value)
        for part, where in self._parts:
            part.move_(value[where])

    def replica(self, grad: FloatArray | None = None) -> ParameterStore:
        """Return a store with the same weights in the same memory and a separate gradient."""
        return ParameterStore(
            self.shapes, self.dtype, value=self.value, grad=None if grad is None else lambda: grad
        )

    def slice_of(self, prefix: str) -> slice:
        """Return the slice of the flat vectors that holds the tensors whose names begin with `prefix` and a dot."""
        own = [where for name, where in self._slices.items() if name.startswith(prefix + ".")]
        return slice(own[0].start, own[-1].stop)

    def become_part_(self, store: ParameterStore, where: slice) -> None:
        """Move the weights into a slice of another store and use its gradient there, in place."""
        store.value[where] = self.value
        self.move_(store.value[where])
        self._make_grad = lambda: store.grad[where]
        self._forget_grad_()
        store._parts.append((self, where))

    def _forget_grad_(self) -> None:
        for name in ("grad", "_grads"):
            self.__dict__.pop(name, None)
        for part, _ in self._parts:
            part._forget_grad_()

    def under(self, prefix: str) -> ParameterStore:
        """Return a store of the tensors whose names begin with `prefix` and a dot, as views, without the prefix.

        The tensors of a prefix are adjacent in memory.
        """
        names = [name for name in self.shapes if name.startswith(prefix + ".")]
        shapes = {name.removeprefix(prefix + "."): self.shapes[name] for name in names}
        where = self.slice_of(prefix)
        part = ParameterStore(shapes, self.dtype, value=self.value[where], grad=lambda: self.grad[where])
        self._parts.append((part, where))
        return part


class HasParameters(Protocol):
    """A layer, or a network of layers."""

    @property
    def params(self) -> ParameterStore:
        """All weights."""


def join(**layers: HasParameters | Sequence[HasParameters]) -> ParameterStore:
    """Join layers that were built separately in one parameter store, with their weights.

    Parameters
    ----------
    **layers
        Layers or sequences of layers; the argument's name becomes the prefix of their tensors. Their ``params``
        become views.

    Returns
    -------
    ParameterStore
        For one optimiser, one clip and one gradient check over all layers.

    Raises
    ------
    UsageError
        If the layers differ in precision.

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
        layer.params.become_part_(store, store.slice_of(part))
    return store
