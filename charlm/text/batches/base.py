"""What every kind of batches gives and takes."""

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
    "check_size",
    "first_reset",
    "restored",
    "text_batch",
    "text_shapes",
    "windows_at",
]

IdArray: TypeAlias = NDArray[np.integer[Any]]


BatchShapes: TypeAlias = Mapping[str, tuple[tuple[int, ...], str]]
"""Shape and dtype, as NumPy spells it, of each array of the largest batch; by name."""


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """What a learner reads in one update: named arrays over N streams.

    Parameters
    ----------
    arrays : mapping of str to ndarray, each (T, N, …)
        Of text: ``inputs`` and ``targets``, ids (T, N), and where a stream is to begin from zero state ``resets``
        (T, N). An array that has no time has a T of 1.
    counted : int
        Predictions in it, over which a mean loss is a mean.
    """

    arrays: Mapping[str, NDArray[Any]]
    counted: int

    def __getitem__(self, name: str) -> NDArray[Any]:
        return self.arrays[name]

    def get(self, name: str) -> NDArray[Any] | None:
        """Return an array that may be missing."""
        return self.arrays.get(name)


def text_batch(inputs: IdArray, targets: IdArray, resets: NDArray[np.bool_] | None = None) -> Batch:
    """Return a batch of text: ids (T, N) that are read, the ids that follow them, and where states are zero."""
    arrays: dict[str, NDArray[Any]] = {"inputs": inputs, "targets": targets}
    return Batch(arrays if resets is None else arrays | {"resets": resets}, targets.size)


def text_shapes(length: int, streams: int) -> BatchShapes:
    """Return the shapes of a batch of text."""
    shape, ids = (length, streams), np.dtype(np.intp).str
    return {"inputs": (shape, ids), "targets": (shape, ids), "resets": (shape, "|b1")}


class Batches(Protocol):
    """An endless sequence of batches that can be left and taken up again at any point.

    Chance comes from the generator that a kind of batches is given; whoever owns it stores its state beside
    the batches' own.

    Attributes
    ----------
    streams, length : int
        N, and the largest T.
    lengths : tuple of int
        Every T that a batch may have, in rising order; see `charlm.text.batches.lengths`.
    """

    streams: int
    length: int
    lengths: tuple[int, ...]

    def shapes(self) -> BatchShapes:
        """Return the shapes of the largest batch."""
        ...

    @property
    def batches_per_epoch(self) -> int:
        """Batches in the first pass over the ids; a pass begun within a batch counts whole.

        Where lengths are drawn, about so many.
        """
        ...

    @property
    def epoch(self) -> float:
        """Passes over the ids that are done, counting the last batch that was given out."""
        ...

    def next(self) -> Batch:
        """Return the next batch."""
        ...

    def state(self) -> dict[str, Any]:
        """Return where the batches are, in JSON types."""
        ...

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go to where batches over the same ids with the same sizes were.

        Raises
        ------
        CheckpointError
            If they can never have been there.
        """
        ...


def check_size(n: int, streams: int, length: int, *, needed: int) -> None:
    """Refuse windows that are empty, or that `n` symbols cannot fill.

    Raises
    ------
    UsageError, CorpusError
    """
    if streams < 1 or length < 1:
        raise UsageError(f"{streams} streams of {length} symbols hold nothing; both must be at least 1")
    if n < needed:
        raise CorpusError(
            f"{n} symbols cannot fill {streams} streams of {length}, that takes {needed}; "
            f"give a longer text, or lower `batch_size` or `seq_length`"
        )


def first_reset(length: int, fresh: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return resets (T, N) that let the streams marked in `fresh` (N,) begin their window from zero state."""
    resets = np.zeros((length, len(fresh)), np.bool_)
    resets[0] = fresh
    return resets


def windows_at(ids: IdArray, starts: NDArray[np.intp], length: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Cut inputs and targets (T, N) out of the ids; window n begins at ``starts[n]``."""
    places = starts + np.arange(length + 1)[:, None]
    window = np.asarray(ids[places], dtype=np.intp)
    return window[:-1], window[1:]


def restored(state: Mapping[str, Any], name: str, *, below: int | None = None) -> int:
    """Read a count out of a stored state.

    Raises
    ------
    CheckpointError
        If it is missing, no whole number, negative, or not below a bound.
    """
    value = state.get(name)
    if type(value) is not int or value < 0 or (below is not None and value >= below):
        bound = "" if below is None else f" below {below}"
        raise CheckpointError(
            f"the data cursor's {name} is {brief(value)}, not a whole number{bound}; "
            f"the checkpoint is damaged or belongs to another text"
        )
    return value
