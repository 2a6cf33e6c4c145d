"""`Batch` and `Batches`: the interface of all kinds of batches, and what they share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from reprlib import repr as brief
from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from charlm.errors import CheckpointError, CorpusError, UsageError

__all__ = [
    "Batch",
    "BatchShapes",
    "Batches",
    "IdArray",
    "Series",
    "check_size",
    "checked_series",
    "initial_resets",
    "stored_count",
    "text_batch",
    "text_shapes",
    "window_batch",
    "window_shapes",
]

IdArray: TypeAlias = NDArray[np.integer[Any]]
Series: TypeAlias = NDArray[np.number[Any]]
"""A text as ids (n,), or a series of numbers (n, D)."""

BatchShapes: TypeAlias = Mapping[str, tuple[tuple[int, ...], str]]
"""Shape and NumPy dtype string of each array of the largest batch, by name."""


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """The input of one update: named arrays over N streams.

    Parameters
    ----------
    arrays : mapping of str to ndarray, each (T, N, …)
        Of text: ``inputs`` and ``targets``, ids (T, N), and optionally ``resets`` (T, N), True if a stream begins
        from zero state. Of numbers: the same, with ``inputs`` and ``targets`` (T, N, D). An array without time has
        a T of 1.
    counted : int
        Number of predictions, the denominator of a mean loss.
    """

    arrays: Mapping[str, NDArray[Any]]
    counted: int

    def __getitem__(self, name: str) -> NDArray[Any]:
        return self.arrays[name]

    def get(self, name: str) -> NDArray[Any] | None:
        """Return an array, or None if there is none of this name."""
        return self.arrays.get(name)


def text_batch(inputs: Series, targets: Series, resets: NDArray[np.bool_] | None = None) -> Batch:
    """Return a batch of input ids (T, N), target ids and resets.

    Numbers are (T, N, D).
    """
    arrays: dict[str, NDArray[Any]] = {"inputs": inputs, "targets": targets}
    return Batch(arrays if resets is None else arrays | {"resets": resets}, targets.size)


def text_shapes(length: int, streams: int) -> BatchShapes:
    """Return the shapes of a batch of text."""
    shape, ids = (length, streams), np.dtype(np.intp).str
    return {"inputs": (shape, ids), "targets": (shape, ids), "resets": (shape, "|b1")}


class Batches(Protocol):
    """An endless sequence of batches with a cursor that can be stored and restored.

    The owner of the random generator stores its state beside the cursor.

    Attributes
    ----------
    streams, length : int
        N, and the largest T.
    lengths : tuple of int
        Every possible T, in ascending order; see `charlm.text.batches.lengths`.
    """

    streams: int
    length: int
    lengths: tuple[int, ...]

    def shapes(self) -> BatchShapes:
        """Return the shapes of the largest batch."""
        ...

    @property
    def batches_per_epoch(self) -> int:
        """Batches in the first pass over the ids; a partial batch counts as one.

        The expected number for random lengths.
        """
        ...

    @property
    def epoch(self) -> float:
        """Finished passes over the ids, the last returned batch included."""
        ...

    def next(self) -> Batch:
        """Return the next batch."""
        ...

    def state(self) -> dict[str, Any]:
        """Return the cursor, of JSON types."""
        ...

    def restore(self, state: Mapping[str, Any]) -> None:
        """Restore a cursor of batches over the same ids with the same sizes.

        Raises
        ------
        CheckpointError
            If it is invalid.
        """
        ...


def checked_series(series: Series) -> Series:
    """Check a series; return ids (n,) unchanged, and numbers (n,) or (n, D) as (n, D).

    Raises
    ------
    UsageError
        If it has another shape, or a type other than integers, float32 and float64.
    CorpusError
        If a number is not finite.
    """
    kind, shape = series.dtype.kind, series.shape
    if kind in "iu" and series.ndim == 1:
        return series
    if kind in "iu":
        raise UsageError(f"ids have shape {shape}; give ids (n,), or float32 or float64 for numbers (n, D)")
    if kind != "f" or series.itemsize not in (4, 8):
        raise UsageError(f"a series is of {series.dtype}; give float32 or float64 for numbers, integers for ids")
    if series.ndim not in (1, 2) or not all(shape[1:]):
        raise UsageError(f"a series of numbers has shape {shape}; give (n,) or (n, D), D features at each step")
    numbers = series[:, None] if series.ndim == 1 else series
    finite = np.isfinite(numbers)
    if not finite.all():
        t, d = (int(k) for k in np.unravel_index(np.argmin(finite), finite.shape))
        raise CorpusError(
            f"feature {d} of step {t} is {numbers[t, d]}; replace it by a number, or leave that part out"
        )
    return numbers.astype(series.dtype.newbyteorder("="), copy=False)


def check_size(series: Series, streams: int, length: int, *, needed: int) -> None:
    """Raise an error for empty windows, or windows that a series cannot fill.

    Raises
    ------
    UsageError, CorpusError
    """
    symbols, text = ("symbols", "text") if series.ndim == 1 else ("steps", "series")
    if streams < 1 or length < 1:
        raise UsageError(f"{streams} streams of {length} {symbols} hold nothing; both must be at least 1")
    if len(series) < needed:
        raise CorpusError(
            f"{len(series)} {symbols} cannot fill {streams} streams of {length}, that takes {needed}; "
            f"give a longer {text}, or lower `batch_size` or `seq_length`"
        )


def initial_resets(length: int, fresh: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return resets (T, N) by which the streams marked in `fresh` (N,) begin their window from zero state."""
    resets = np.zeros((length, len(fresh)), np.bool_)
    resets[0] = fresh
    return resets


def window_batch(
    series: Series, starts: NDArray[np.intp], length: int, resets: NDArray[np.bool_] | None = None
) -> Batch:
    """Return the windows of a series that begin at ``starts`` (N,); targets are the inputs one step later."""
    indices = starts + np.arange(length + 1)[:, None]
    window = np.asarray(series[indices], dtype=np.intp if series.ndim == 1 else series.dtype)
    return text_batch(window[:-1], window[1:], resets)


def window_shapes(series: Series, length: int, streams: int) -> BatchShapes:
    """Return the shapes of the largest batch of windows of a series."""
    shapes = text_shapes(length, streams)
    if series.ndim == 1:
        return shapes
    numbers = (length, streams, series.shape[1]), series.dtype.str
    return {**shapes, "inputs": numbers, "targets": numbers}


def stored_count(state: Mapping[str, Any], name: str, *, below: int | None = None) -> int:
    """Return a count of a stored cursor.

    Raises
    ------
    CheckpointError
        If it is missing, not a whole number, negative, or not below the bound.
    """
    value = state.get(name) if isinstance(state, Mapping) else None
    if type(value) is not int or value < 0 or (below is not None and value >= below):
        bound = "" if below is None else f" below {below}"
        raise CheckpointError(
            f"the data cursor's {name} is {brief(value)}, not a whole number{bound}; "
            f"the checkpoint is damaged or belongs to another text"
        )
    return value
