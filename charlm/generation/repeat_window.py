"""The window of the repeat penalty: the last symbols of a text, prompt and continuation alike.

A `Sampler` stores it as a value, so that it can return to an earlier position: bytes, four a symbol, the oldest
first; one more symbol costs 0.1 to 0.2 µs. A `BatchSampler`, which never returns, counts symbols.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["RepeatWindows", "bytes_of", "codes", "ids_of", "window"]

_DTYPE = np.dtype("<i4")


def bytes_of(ids: Sequence[int]) -> bytes:
    """Return the bytes that symbols add to a window."""
    return np.array(ids, _DTYPE).tobytes()


def codes(size: int) -> list[bytes]:
    """Return the bytes of each of V symbols."""
    data, n = bytes_of(range(size)), _DTYPE.itemsize
    return [data[k : k + n] for k in range(0, len(data), n)]


def ids_of(recent: bytes) -> NDArray[np.int32]:
    """Return the ids of the symbols in a window, the oldest first."""
    return np.frombuffer(recent, _DTYPE)


def window(n: int) -> slice:
    """Return the slice of the last `n` symbols.

    Examples
    --------
    >>> ids_of(bytes_of([3, 5, 7])[window(2)]).tolist()
    [5, 7]
    """
    return slice(-_DTYPE.itemsize * n, None) if n else slice(0)


class RepeatWindows:
    """The windows of N texts that grow by a symbol at a time.

    Parameters
    ----------
    recent : bytes
        The window that all of them begin with.
    streams, size : int
        N and V.
    n : int
        Symbols in a window, at least 1.
    """

    def __init__(self, recent: bytes, streams: int, size: int, n: int) -> None:
        ids = ids_of(recent)[-n:]
        # id V, which is also id -1, stands for no symbol
        self._ring = np.full((n, streams), size, np.intp)
        self._ring[: len(ids)] = ids[:, None]
        self._place = len(ids) % n
        self._rows = np.arange(streams)
        self._counts = np.zeros((streams, size + 1), np.int32)
        self._counts[:] = np.bincount(ids, minlength=size + 1)

    @property
    def seen(self) -> NDArray[np.bool_]:
        """Whether a symbol is in a text's window, (N, V)."""
        return self._counts[:, :-1] > 0

    def push(self, ids: NDArray[np.intp]) -> None:
        """Append the next symbol of each text, (N,); -1 where there is none."""
        oldest = self._ring[self._place]
        self._counts[self._rows, oldest] -= 1
        self._counts[self._rows, ids] += 1
        oldest[:] = ids
        self._place = (self._place + 1) % len(self._ring)
