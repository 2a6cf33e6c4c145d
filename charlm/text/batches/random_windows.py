"""`RandomBatches`: windows at random positions of a text or a series of numbers, each from zero state."""

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
    initial_resets,
    stored_count,
    window_batch,
    window_shapes,
)
from charlm.text.batches.lengths import batches_of, draw_length, window_lengths

__all__ = ["RandomBatches"]


class RandomBatches:
    """Windows at random positions, independent and uniform.

    Parameters
    ----------
    series : ndarray, shape (n,) or (n, D)
        Ids or numbers, as for `SequentialBatches`.
    streams, length : int
        N and T.
    rng : Generator
        Draws the length of a batch, if it is random, and then N positions.
    shortest : int, optional
        Smallest length of a batch; each is one of `window_lengths`, at random. By default all are T.

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
        self.symbols = 0  # read by each stream

    def shapes(self) -> BatchShapes:
        """Return the shapes of the largest batch."""
        return window_shapes(self.series, self.length, self.streams)

    @property
    def batches_per_epoch(self) -> int:
        """Batches that hold as many targets as the text has, rounded up."""
        return batches_of(len(self.series) - 1, self.streams, self.lengths)

    @property
    def epoch(self) -> float:
        """Targets returned so far, over the targets of the text."""
        return self.symbols * self.streams / (len(self.series) - 1)

    def next(self) -> Batch:
        """Return windows at N random positions."""
        T = draw_length(self.lengths, self.rng)
        starts = self.rng.integers(len(self.series) - T, size=self.streams, dtype=np.intp)
        self.symbols += T
        return window_batch(self.series, starts, T, initial_resets(T, np.ones(self.streams, np.bool_)))

    def state(self) -> dict[str, Any]:
        """Return the number of symbols read by each stream; the generator determines the positions."""
        return {"symbols": self.symbols}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Restore the number of symbols.

        Raises
        ------
        CheckpointError
            If it is invalid.
        """
        self.symbols = stored_count(state, "symbols")
