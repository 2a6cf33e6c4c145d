"""Windows from anywhere in the text, each from zero state."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from charlm.text.batches.base import (
    Batch,
    BatchShapes,
    IdArray,
    check_size,
    first_reset,
    restored,
    text_batch,
    text_shapes,
    windows_at,
)
from charlm.text.batches.lengths import batches_of, draw_length, window_lengths

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
        Draws N places a batch, and before them its length if that is drawn.
    shortest : int, optional
        Each batch's length is one of `window_lengths` from this to `length`, drawn; T when left out.

    Raises
    ------
    CorpusError
        If the text is shorter than a window and its last target.
    """

    def __init__(
        self, ids: IdArray, *, streams: int, length: int, rng: np.random.Generator, shortest: int | None = None
    ) -> None:
        check_size(len(ids), streams, length, needed=length + 1)
        self.ids = ids
        self.streams = streams
        self.length = length
        self.lengths = window_lengths(shortest or length, length)
        self.rng = rng
        self.symbols = 0  # that each stream has read

    def shapes(self) -> BatchShapes:
        """Return the shapes of the largest batch."""
        return text_shapes(self.length, self.streams)

    @property
    def batches_per_epoch(self) -> int:
        """Batches that hold as many targets as the text has, rounded up."""
        return batches_of(len(self.ids) - 1, self.streams, self.lengths)

    @property
    def epoch(self) -> float:
        """Targets given out, over the targets that the text has."""
        return self.symbols * self.streams / (len(self.ids) - 1)

    def next(self) -> Batch:
        """Return windows from N random places."""
        T = draw_length(self.lengths, self.rng)
        starts = self.rng.integers(len(self.ids) - T, size=self.streams, dtype=np.intp)
        inputs, targets = windows_at(self.ids, starts, T)
        self.symbols += T
        return text_batch(inputs, targets, first_reset(T, np.ones(self.streams, np.bool_)))

    def state(self) -> dict[str, Any]:
        """Return how many symbols each stream has read; the places are the generator's."""
        return {"symbols": self.symbols}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Continue to count from a stored number.

        Raises
        ------
        CheckpointError
            If it is none.
        """
        self.symbols = restored(state, "symbols")
