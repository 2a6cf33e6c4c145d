"""Types of arrays, and of what goes into a layer; checks of shapes, masks and ids."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from charlm.errors import UsageError

__all__ = [
    "LARGE_VOCABULARY",
    "ByColumn",
    "FloatArray",
    "IdArray",
    "Inputs",
    "LayerState",
    "Lookup",
    "Resets",
    "Shape",
    "StepInput",
    "check_ids",
    "check_mask",
    "check_shape",
    "occurring",
    "table_shape",
]

LARGE_VOCABULARY = 1024  # symbols; above it, a window uses only those that occur, and logits are computed in blocks

FloatArray: TypeAlias = NDArray[np.floating[Any]]
IdArray: TypeAlias = NDArray[np.integer[Any]]
Shape: TypeAlias = tuple[int, ...]
LayerState: TypeAlias = tuple[FloatArray, ...]
"""A `NamedTuple` of arrays (N, H). It is a value: nothing modifies it."""
Resets: TypeAlias = NDArray[np.bool_]
"""(T, N): True if the stream's state is set to zero before the step."""


class ByColumn(tuple[int, ...]):
    """Shape (D, V) of a table that a `ParameterStore` holds column after column.

    The D numbers of a symbol are adjacent in memory, so that a window that has few of the symbols reads and writes
    few places.
    """

    __slots__ = ()


@dataclass(frozen=True, slots=True, eq=False)
class Lookup:
    """Columns of a table by their ids: the output of an embedding, before any copy.

    Parameters
    ----------
    ids : ndarray of int, shape (T, N)
    table : ndarray, shape (D, V)
        Column v stands for symbol v.
    """

    ids: IdArray
    table: FloatArray

    def dense(self) -> FloatArray:
        """Copy each id's column as a row, shape (T, N, D)."""
        picked: FloatArray = self.table.T[self.ids]
        return picked


Inputs: TypeAlias = FloatArray | IdArray | Lookup
"""Inputs of a layer: dense (T, N, D), ids (T, N) that stand for one-hot rows, or a `Lookup`."""
StepInput: TypeAlias = FloatArray | IdArray | int
"""Inputs of a step: dense (N, D) or ids (N,); of one stream without an axis (D,) or one id."""


def check_shape(name: str, array: NDArray[np.generic], shape: tuple[int | None, ...], letters: str) -> None:
    """Raise an error for an array of another shape; None stands for any length.

    Raises
    ------
    UsageError

    Examples
    --------
    >>> check_shape("the input", np.zeros((2, 3)), (2, 4), "(N, D)")
    Traceback (most recent call last):
    charlm.errors.UsageError: the input has shape (2, 3); it must be (N, D) = (2, 4)
    """
    found = array.shape
    if len(found) != len(shape) or any(want not in (None, got) for want, got in zip(shape, found, strict=True)):
        wanted = ", ".join("any" if length is None else str(length) for length in shape)
        raise UsageError(f"{name} has shape {found}; it must be {letters} = ({wanted})")


def check_mask(mask: NDArray[np.generic], shape: tuple[int | None, ...], letters: str) -> None:
    """Raise an error for a mask of another shape, or of numbers, for which ``~`` and ``sum`` differ from booleans.

    Raises
    ------
    UsageError
    """
    check_shape("the mask", mask, shape, letters)
    if mask.dtype != bool:
        raise UsageError(f"the mask is {mask.dtype}; give booleans, for example mask != 0")


def check_ids(ids: IdArray, size: int) -> None:
    """Raise an error for ids outside a table of `size` symbols.

    Raises
    ------
    UsageError
    """
    unsigned = ids.view(f"u{ids.itemsize}")  # in which a negative id is larger than any table
    if ids.size and unsigned.max() >= size:
        raise UsageError(f"symbol ids run from {ids.min()} to {ids.max()}; they must be 0 to {size - 1}")


def occurring(ids: IdArray, size: int) -> tuple[IdArray | None, IdArray]:
    """Return the symbols of a large vocabulary that occur, and the index of each id among them.

    A table is then read and projected, and its gradient computed, in their columns only.

    Parameters
    ----------
    ids : ndarray of int
    size : int
        V.

    Returns
    -------
    symbols : ndarray of int, shape (S,), or None
        In ascending order; None for a vocabulary of up to `LARGE_VOCABULARY` symbols, which uses all.
    indices : ndarray of int
        ``symbols[indices]`` are the ids; the ids themselves if `symbols` is None.

    Raises
    ------
    UsageError
        If an id of a large vocabulary is not below `size`. The ids of a small one are not checked.

    Examples
    --------
    >>> occurring(np.array([[3000, 7], [7, 8]]), 5000)
    (array([   7,    8, 3000]), array([[2, 0],
           [0, 1]]))
    """
    if size <= LARGE_VOCABULARY:
        return None, ids
    check_ids(ids, size)
    symbols, indices = np.unique(ids, return_inverse=True)
    return symbols, indices.reshape(ids.shape)


def table_shape(features: int, size: int) -> Shape:
    """Return the shape (D, V) of a table with a column for each symbol, `ByColumn` for a large vocabulary."""
    return ByColumn((features, size)) if size > LARGE_VOCABULARY else (features, size)
