"""`MinCharRnnBatches`: the data cursor of min-char-rnn."""

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

__all__ = ["MinCharRnnBatches"]


class MinCharRnnBatches:
    """One stream, read as by the published program.

    Position p increases by T after each window. Before a window, position and state are reset to zero if
    p + T + 1 ≥ n, so a window that ends exactly with the text is never read.

    Parameters
    ----------
    series : ndarray, shape (n,) or (n, D)
        Ids or numbers, as for `SequentialBatches`.
    length : int
        T.

    Raises
    ------
    CorpusError
        If the text is shorter than a window and its last target.

    References
    ----------
    .. [1] Karpathy (2015), "Minimal character-level Vanilla RNN model",
       https://gist.github.com/karpathy/d4dee566867f8291f086
    """

    streams = 1

    def __init__(self, series: Series, *, length: int) -> None:
        self.series = checked_series(series)
        check_size(self.series, 1, length, needed=length + 1)
        self.length = length
        self.lengths: tuple[int, ...] = (length,)
        self.batches = 0

    def shapes(self) -> BatchShapes:
        """Return the shapes of the largest batch."""
        return window_shapes(self.series, self.length, self.streams)

    @property
    def batches_per_epoch(self) -> int:
        """Windows between two resets: the number of p = 0, T, 2T … with p + T + 1 < n, at least one."""
        n, T = len(self.series), self.length
        return max(1, len(range(0, n - T - 1, T)))

    @property
    def epoch(self) -> float:
        """Finished passes, by windows."""
        return self.batches / self.batches_per_epoch

    def next(self) -> Batch:
        """Return the next window."""
        window = self.batches % self.batches_per_epoch
        self.batches += 1
        resets = initial_resets(self.length, np.ones(1, np.bool_)) if window == 0 else None
        return window_batch(self.series, np.array([window * self.length]), self.length, resets)

    def state(self) -> dict[str, Any]:
        """Return the number of windows returned so far."""
        return {"batches": self.batches}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Restore a cursor.

        Raises
        ------
        CheckpointError
            If it is invalid.
        """
        self.batches = stored_count(state, "batches")
