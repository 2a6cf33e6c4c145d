"""What every kind of batches gives and takes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from reprlib import repr as brief
from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from charlm.errors import CheckpointError, CorpusError, UsageError

__all__ = ["Batch", "Batches", "IdArray", "check_size", "first_reset", "restored", "windows_at"]

IdArray: TypeAlias = NDArray[np.integer[Any]]


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """One window of N streams.

    Parameters
    ----------
    inputs, targets : ndarray of intp, shape (T, N)
        Ids that are read, and the ids that follow them. A column is one stream.
    resets : ndarray of bool, shape (T, N), optional
        True where a stream's state is zero before it reads this input; None if that is nowhere.
    """

    inputs: NDArray[np.intp]
    targets: NDArray[np.intp]
    resets: NDArray[np.bool_] | None


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
