"""Windows from anywhere in the text, each from zero state."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from charlm.text.batches.base import Batch, IdArray, check_size, first_reset, restored, windows_at

__all__ = ["RandomBatches"]


class RandomBatches:
    """Windows that begin anywhere, drawn independently and with equal probability.

    Parameters
    ----------
    ids : ndarray, shape (n,)
        May be memory-mapped; only windows are read.
    streams, length : int
        N and T.
    rng : Generator
        Draws N places a batch.

    Raises
    ------
    CorpusError
        If the text is shorter than a window and its last target.
    """

    def __init__(self, ids: IdArray, *, streams: int, length: int, rng: np.random.Generator) -> None:
        check_size(len(ids), streams, length, needed=length + 1)
        self.ids = ids
        self.streams = streams
        self.length = length
        self.rng = rng
        self.batches = 0

    @property
    def batches_per_epoch(self) -> int:
        """Batches that hold as many targets as the text has, rounded up."""
        return -(-(len(self.ids) - 1) // (self.streams * self.length))

    @property
    def epoch(self) -> float:
        """Targets given out, over the targets that the text has."""
        return self.batches * self.streams * self.length / (len(self.ids) - 1)

    def next(self) -> Batch:
        """Return windows from N random places."""
        starts = self.rng.integers(len(self.ids) - self.length, size=self.streams, dtype=np.intp)
        inputs, targets = windows_at(self.ids, starts, self.length)
        self.batches += 1
        return Batch(inputs, targets, first_reset(self.length, self.streams))

    def state(self) -> dict[str, Any]:
        """Return the number of batches that were given out; the places are the generator's."""
        return {"batches": self.batches}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on counting from a stored number.

        Raises
        ------
        CheckpointError
            If it is none.
        """
        self.batches = restored(state, "batches")
