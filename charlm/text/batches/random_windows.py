"""Windows from anywhere in a text or a series of numbers, each from zero state."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from charlm.text.batches.base import (
    Batch,
    BatchShapes,
    Series,
    check_size,
    checked_series,
    first_reset,
    restored,
    window_batch,
    window_shapes,
)
from charlm.text.batches.lengths import batches_of, draw_length, window_lengths

__all__ = ["RandomBatches"]


class RandomBatches:
    """Windows that begin anywhere, drawn independently and with equal probability.

    Parameters
    ----------
    series : ndarray, shape (n,) or (n, D)
        Ids or numbers, as for `SequentialBatches`.
    streams, length : int
        N and T.
    rng : Generator
        Draws N places a batch, and before them its length if that is drawn.
    shortest : int, optional
        Each batch's length is one of `window_lengths` from this to `length`, drawn; T when left out.

    Raises
    ------
    CorpusError
        If the text is shorter than a window and its last target, or a number is not finite.
    UsageError
        If the series has another shape or type.
    """

    def __init__(
        self, series: Series, *, streams: int, length: int, rng: np.random.Generator, shortest: int | None = None
    ) -> None:
        self.series = checked_series(series)
        check_size(self.series, streams, length, needed=length + 1)
        self.streams = streams
        self.length = length
        self.lengths = window_lengths(shortest or length, length)
        self.rng = rng
        self.symbols = 0  # that each stream has read

    def shapes(self) -> BatchShapes:
        """Return the shapes of the largest batch."""
        return window_shapes(self.series, self.length, self.streams)

    @property
    def batches_per_epoch(self) -> int:
        """Batches that hold as many targets as the text has, rounded up."""
        return batches_of(len(self.series) - 1, self.streams, self.lengths)

    @property
    def epoch(self) -> float:
        """Targets given out, over the targets that the text has."""
        return self.symbols * self.streams / (len(self.series) - 1)

    def next(self) -> Batch:
        """Return windows from N random places."""
        T = draw_length(self.lengths, self.rng)
        starts = self.rng.integers(len(self.series) - T, size=self.streams, dtype=np.intp)
        self.symbols += T
        return window_batch(self.series, starts, T, first_reset(T, np.ones(self.streams, np.bool_)))

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
