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
from numpy.typing import DTypeLike, NDArray

from charlm.errors import UsageError
from charlm.nn.arrays import ByColumn, FloatArray, IdArray, Shape
from charlm.nn.kernels.memory import zeros

__all__ = ["ParameterStore", "join"]


class ParameterStore(Mapping[str, FloatArray]):
    """Named views of two flat vectors, the weights and their gradient.

    Parameters
    ----------
    shapes : mapping of str to tuple of int
        Shape of each tensor, in their order in memory. Entries are in C order, those of a
        `charlm.nn.arrays.ByColumn` in Fortran order.
    dtype : dtype-like
        ``float32`` or ``float64``.
    value : ndarray, shape (P,), optional
        Memory that holds the weights; by default zeros.
    grad : callable, optional
        ``() -> ndarray (P,)``, the memory of the gradient, called at its first use; by default zeros.
    touched : callable, optional
        ``() -> ndarray``, the memory of `touched`, called at its first use; by default False.

    Attributes
    ----------
    value, grad : ndarray, shape (P,)
        All weights and all gradients.
    touched : ndarray of bool
        The columns of all tables (`ByColumn`), one after the other: True for those in which `gradient` was asked
        for. The gradient of all others is zero, if it was cleared together with these flags.

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
        touched: Callable[[], NDArray[np.bool_]] | None = None,
    ) -> None:
        self.shapes = dict(shapes)
        ends = list(accumulate(map(math.prod, shapes.values()), initial=0))
        self._slices = {name: slice(*pair) for name, pair in zip(shapes, pairwise(ends), strict=True)}
        self.value = zeros((ends[-1],), dtype) if value is None else value
        columns = [shape[1] if isinstance(shape, ByColumn) else 0 for shape in shapes.values()]
        ends = list(accumulate(columns, initial=0))
        self._columns = {name: slice(*pair) for name, pair in zip(shapes, pairwise(ends), strict=True)}
        self._make_grad, self._make_touched = grad, touched
        self._values = self.named(self.value)
        self._parts: list[tuple[ParameterStore, slice]] = []

    @cached_property
    def grad(self) -> FloatArray:
        """Gradient of all weights, (P,); allocated at its first use, since inference needs none."""
        return zeros(self.value.shape, self.dtype) if self._make_grad is None else self._make_grad()

    @cached_property
    def touched(self) -> NDArray[np.bool_]:
        """Flags of the columns of all tables; see the attributes."""
        total = max((columns.stop for columns in self._columns.values()), default=0)
        return np.zeros(total, bool) if self._make_touched is None else self._make_touched()

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

    def gradient(self, name: str, columns: IdArray | slice = slice(None)) -> FloatArray:
        """Return the gradient of one tensor, a view into ``grad``.

        Parameters
        ----------
        name : str
        columns : ndarray of int or slice
            The columns that the caller writes, by default all: of a table, they are noted in `touched`.
        """
        if isinstance(self.shapes[name], ByColumn):
            self.touched[self._columns[name]][columns] = True
        return self._grads[name]

    def tables(self) -> list[tuple[slice, slice, int]]:
        """Return of each table (`ByColumn`) its slices of the flat vectors and of `touched`, and its rows D."""
        shapes = self.shapes.items()
        return [(self._slices[n], self._columns[n], shape[0]) for n, shape in shapes if isinstance(shape, ByColumn)]

    def named(self, flat: FloatArray) -> dict[str, FloatArray]:
        """Split a vector (P,) such as an optimiser's slot or an average into named views."""
        return {name: _shaped(flat[where], self.shapes[name]) for name, where in self._slices.items()}

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

    def replica(self, grad: FloatArray | None = None, touched: NDArray[np.bool_] | None = None) -> ParameterStore:
        """Return a store with the same weights in the same memory, and a separate gradient and its flags."""
        return ParameterStore(
            self.shapes,
            self.dtype,
            value=self.value,
            grad=None if grad is None else lambda: grad,
            touched=None if touched is None else lambda: touched,
        )

    def slice_of(self, prefix: str) -> slice:
        """Return the slice of the flat vectors that holds one tensor, or those of `prefix` and a dot."""
        own = [where for name, where in self._slices.items() if f"{name}.".startswith(prefix + ".")]
        return slice(own[0].start, own[-1].stop)

    def become_part_(self, store: ParameterStore, where: slice) -> None:
        """Move the weights into a slice of another store and use its gradient there, in place."""
        store.value[where] = self.value
        self.move_(store.value[where])
        columns = store.columns_in(where)
        self._make_grad, self._make_touched = lambda: store.grad[where], lambda: store.touched[columns]
        self._forget_grad_()
        store._parts.append((self, where))

    def columns_in(self, where: slice) -> slice:
        """Return the slice of `touched` of the tensors in a slice of the flat vectors."""
        own = [self._columns[name] for name, part in self._slices.items() if where.start <= part.start < where.stop]
        return slice(own[0].start, own[-1].stop)

    def _forget_grad_(self) -> None:
        for name in ("grad", "_grads", "touched"):
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
        columns = self.columns_in(where)
        part = ParameterStore(
            shapes,
            self.dtype,
            value=self.value[where],
            grad=lambda: self.grad[where],
            touched=lambda: self.touched[columns],
        )
        self._parts.append((part, where))
        return part


def _shaped(flat: FloatArray, shape: Shape) -> FloatArray:
    return flat.reshape(shape[::-1]).T if isinstance(shape, ByColumn) else flat.reshape(shape)


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
