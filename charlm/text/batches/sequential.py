"""`SequentialBatches`: contiguous streams read in parallel, with state carried from window to window."""

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
    initial_resets,
    stored_count,
    window_batch,
    window_shapes,
)
from charlm.text.batches.lengths import draw_length, window_lengths

__all__ = ["SequentialBatches"]


class SequentialBatches:
    """A text or a series of numbers in N equal streams, each read from start to end in every pass.

    Stream k holds ids k·L … k·L + L with L = ⌊(n−1)/N⌋; its last id is only a target, and the first id of the next
    stream. In a series of numbers, steps replace ids. State is zero at the start of each pass. The first pass
    begins at offset 0 of every stream, a later one at a random offset below T; a remainder below T is dropped. With
    random lengths, a window that the rest of a pass cannot fill has the longest length that fits, and a remainder
    below the shortest is dropped.

    Parameters
    ----------
    series : ndarray, shape (n,) or (n, D)
        Ids (n,); or numbers, float32 or float64, (n, D) or (n,) for one feature. May be memory-mapped: only windows
        are read, and numbers once more to check that all are finite.
    streams, length : int
        N and T.
    rng : Generator
        Draws the offset of each pass but the first, and if they are random, each window's length and the streams
        that begin it from zero state.
    shortest : int, optional
        Smallest length of a window; each is one of `window_lengths`, at random. By default all are T.
    random_offset : bool
        Whether later passes have an offset; otherwise all passes are equal.
    state_reset : float
        Probability that a stream's state is reset to zero at the start of a window.

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
        # with any offset, a pass has at least one window
        self.offsets = min(length, self.stream_length - length + 1) if random_offset else 1
        self.starts = np.arange(streams) * self.stream_length
        self._begin(passes=0, offset=0, read=0)

    def _begin(self, *, passes: int, offset: int, read: int) -> None:
        self.passes = passes
        self.offset = offset
        self.read = read  # symbols of each stream in this pass
        self.readable = (self.stream_length - offset) // self.lengths[0] * self.lengths[0]

    def shapes(self) -> BatchShapes:
        """Return the shapes of the largest batch."""
        return window_shapes(self.series, self.length, self.streams)

    @property
    def batches_per_epoch(self) -> int:
        """Windows of the first pass; the expected number for random lengths."""
        return self.stream_length * len(self.lengths) // sum(self.lengths)

    @property
    def epoch(self) -> float:
        """Finished passes, plus the finished share of the current one."""
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
        starts, fresh = self.starts + self.offset + self.read, self._zero_state_streams()
        self.read += T
        return window_batch(self.series, starts, T, initial_resets(T, fresh) if fresh.any() else None)

    def _zero_state_streams(self) -> NDArray[np.bool_]:
        """Return a mask (N,) of the streams that begin a window from zero state."""
        drawn = (
            self.rng.random(self.streams) < self.state_reset if self.state_reset else np.zeros(self.streams, bool)
        )
        return drawn | (self.read == 0)

    def state(self) -> dict[str, Any]:
        """Return the pass, its offset, and the symbols of it that each stream has read."""
        return {"passes": self.passes, "offset": self.offset, "read": self.read}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Restore a cursor.

        Raises
        ------
        CheckpointError
            If it is invalid for these ids.
        """
        offset = stored_count(state, "offset", below=self.offsets)
        read = stored_count(state, "read", below=self.stream_length - offset + 1)
        self._begin(passes=stored_count(state, "passes"), offset=offset, read=read)
