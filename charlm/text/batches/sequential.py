"""Contiguous streams that are read side by side: windows continue each other, and state is carried."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from charlm.text.batches.base import Batch, IdArray, check_size, first_reset, restored, windows_at

__all__ = ["SequentialBatches"]


class SequentialBatches:
    """The ids cut into N equal streams, each read from front to back, pass after pass.

    Stream k holds ids k·L … k·L + L with L = ⌊(n−1)/N⌋: the last of its ids is only a target, and the first of
    the next stream. State is zero at the start of each pass. The first pass begins at offset 0 of every stream,
    a later one at a random offset below T; a remainder below T is dropped.

    Parameters
    ----------
    ids : ndarray, shape (n,)
        May be memory-mapped; only windows are read.
    streams, length : int
        N and T.
    rng : Generator
        Draws the offset of each pass but the first.
    random_offset : bool
        Whether later passes move; if not, all passes are the same.

    Raises
    ------
    CorpusError
        If the streams are shorter than a window.
    """

    def __init__(
        self, ids: IdArray, *, streams: int, length: int, rng: np.random.Generator, random_offset: bool = True
    ) -> None:
        check_size(len(ids), streams, length, needed=streams * length + 1)
        self.ids = ids
        self.streams = streams
        self.length = length
        self.rng = rng
        self.stream_length = (len(ids) - 1) // streams
        # an offset leaves at least one window to each pass
        self.offsets = min(length, self.stream_length - length + 1) if random_offset else 1
        self.starts = np.arange(streams) * self.stream_length
        self._begin(passes=0, offset=0, window=0)

    def _begin(self, *, passes: int, offset: int, window: int) -> None:
        self.passes = passes
        self.offset = offset
        self.window = window
        self.windows = (self.stream_length - offset) // self.length

    @property
    def batches_per_epoch(self) -> int:
        """Windows of the first pass."""
        return self.stream_length // self.length

    @property
    def epoch(self) -> float:
        """Passes done, the running one as the share of its windows."""
        return self.passes + self.window / self.windows

    def next(self) -> Batch:
        """Return the next window of every stream."""
        if self.window == self.windows:
            self._begin(passes=self.passes + 1, offset=int(self.rng.integers(self.offsets)), window=0)
        place = self.offset + self.window * self.length
        inputs, targets = windows_at(self.ids, self.starts + place, self.length)
        resets = first_reset(self.length, self.streams) if self.window == 0 else None
        self.window += 1
        return Batch(inputs, targets, resets)

    def state(self) -> dict[str, Any]:
        """Return the pass, its offset, and the windows of it that were given out."""
        return {"passes": self.passes, "offset": self.offset, "window": self.window}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go to a stored place.

        Raises
        ------
        CheckpointError
            If there is no such place in these ids.
        """
        offset = restored(state, "offset", below=self.offsets)
        windows = (self.stream_length - offset) // self.length
        window = restored(state, "window", below=windows + 1)
        self._begin(passes=restored(state, "passes"), offset=offset, window=window)
