"""Contiguous streams that are read side by side: windows continue each other, and state is carried."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

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
from charlm.text.batches.lengths import draw_length, window_lengths

__all__ = ["SequentialBatches"]


class SequentialBatches:
    """A text or a series of numbers in N equal streams, each read from front to back, pass after pass.

    Stream k holds ids k·L … k·L + L with L = ⌊(n−1)/N⌋: the last of its ids is only a target, and the first of
    the next stream. In a series of numbers, a step takes the place of an id. State is zero at the start of each
    pass. The first pass begins at offset 0 of every stream, a later one at a random offset below T; a remainder
    below T is dropped. Where lengths are drawn, a window that the rest of a pass cannot fill takes the longest
    length that it can, and what is dropped is below the shortest.

    Parameters
    ----------
    series : ndarray, shape (n,) or (n, D)
        Ids (n,); or numbers, float32 or float64, (n, D) or (n,) for one feature. May be memory-mapped: only
        windows are read, and numbers once more, since all have to be finite.
    streams, length : int
        N and T.
    rng : Generator
        Draws the offset of each pass but the first, and each window's length and which streams begin it from zero
        state where that is left to chance.
    shortest : int, optional
        Each window's length is one of `window_lengths` from this to `length`, drawn; T when left out.
    random_offset : bool
        Whether later passes move; if not, all passes are the same.
    state_reset : float
        Probability with which a stream continues from zero state at the start of a window.

    Raises
    ------
    CorpusError
        If the streams are shorter than a window, or a number is not finite.
    UsageError
        If the series has another shape or type.

    Examples
    --------
    >>> numbers = np.linspace(0, 1, 11)
    >>> batch = SequentialBatches(numbers, streams=2, length=3, rng=np.random.default_rng(0)).next()
    >>> batch["inputs"].shape  # (T, N, D)
    (3, 2, 1)
    >>> batch["inputs"][:, 0, 0].round(1).tolist(), batch["targets"][:, 0, 0].round(1).tolist()
    ([0.0, 0.1, 0.2], [0.1, 0.2, 0.3])
    """

    def __init__(
        self,
        series: Series,
        *,
        streams: int,
        length: int,
        rng: np.random.Generator,
        shortest: int | None = None,
        random_offset: bool = True,
        state_reset: float = 0.0,
    ) -> None:
        self.series = checked_series(series)
        check_size(self.series, streams, length, needed=streams * length + 1)
        self.streams = streams
        self.length = length
        self.lengths = window_lengths(shortest or length, length)
        self.rng = rng
        self.state_reset = state_reset
        self.stream_length = (len(series) - 1) // streams
        # an offset leaves at least one window to each pass
        self.offsets = min(length, self.stream_length - length + 1) if random_offset else 1
        self.starts = np.arange(streams) * self.stream_length
        self._begin(passes=0, offset=0, read=0)

    def _begin(self, *, passes: int, offset: int, read: int) -> None:
        self.passes = passes
        self.offset = offset
        self.read = read  # symbols of each stream, in this pass
        self.readable = (self.stream_length - offset) // self.lengths[0] * self.lengths[0]

    def shapes(self) -> BatchShapes:
        """Return the shapes of the largest batch."""
        return window_shapes(self.series, self.length, self.streams)

    @property
    def batches_per_epoch(self) -> int:
        """Windows of the first pass; in expectation where lengths are drawn."""
        return self.stream_length * len(self.lengths) // sum(self.lengths)

    @property
    def epoch(self) -> float:
        """Passes done, the running one as the share of what it can read."""
        return self.passes + min(1.0, self.read / self.readable)

    def next(self) -> Batch:
        """Return the next window of every stream."""
        left = self.stream_length - self.offset - self.read
        if left < self.lengths[0]:
            self._begin(passes=self.passes + 1, offset=int(self.rng.integers(self.offsets)), read=0)
            left = self.stream_length - self.offset
        T = draw_length(self.lengths, self.rng)
        if left < T:
            T = max(length for length in self.lengths if length <= left)
        starts, fresh = self.starts + self.offset + self.read, self._fresh()
        self.read += T
        return window_batch(self.series, starts, T, first_reset(T, fresh) if fresh.any() else None)

    def _fresh(self) -> NDArray[np.bool_]:
        """Return which streams (N,) begin a window from zero state."""
        drawn = (
            self.rng.random(self.streams) < self.state_reset if self.state_reset else np.zeros(self.streams, bool)
        )
        return drawn | (self.read == 0)

    def state(self) -> dict[str, Any]:
        """Return the pass, its offset, and how many symbols of it each stream has read."""
        return {"passes": self.passes, "offset": self.offset, "read": self.read}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go to a stored place.

        Raises
        ------
        CheckpointError
            If there is no such place in these ids.
        """
        offset = restored(state, "offset", below=self.offsets)
        read = restored(state, "read", below=self.stream_length - offset + 1)
        self._begin(passes=restored(state, "passes"), offset=offset, read=read)
