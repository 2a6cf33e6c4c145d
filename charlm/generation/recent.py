"""The window of a repeat penalty: the last symbols of a text, prompt and continuation alike.

One text keeps them as a value, so that it can go back to where it was: bytes, four a symbol, the oldest first. They
cost a symbol a tenth of a microsecond or two. Texts side by side only grow, and count.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["RecentRows", "codes", "ids_of", "window"]

_BYTES = 4
_DTYPE = "<i4"


def codes(size: int) -> list[bytes]:
    """Return what each of V symbols adds to what is recent."""
    return [symbol.to_bytes(_BYTES, "little") for symbol in range(size)]


def window(n: int) -> slice:
    """Return what of recent symbols to keep: the last `n`.

    Examples
    --------
    >>> code, recent = codes(9), b""
    >>> for symbol in (3, 5, 7):
    ...     recent = (recent + code[symbol])[window(2)]
    >>> ids_of(recent).tolist()
    [5, 7]
    """
    return slice(-_BYTES * n, None) if n else slice(0)


def ids_of(recent: bytes) -> NDArray[np.int32]:
    """Return the ids of recent symbols, the oldest first."""
    return np.frombuffer(recent, _DTYPE)


class RecentRows:
    """What was seen lately in each of N texts that grow by a symbol at a time.

    Parameters
    ----------
    recent : bytes
        What all of them begin with.
    streams, size : int
        N and V.
    n : int
        How many symbols back it sees, at least 1.
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
        """Whether a symbol is among the last n of a text, (N, V)."""
        return self._counts[:, :-1] > 0

    def push(self, ids: NDArray[np.intp]) -> None:
        """Take the next symbol of each text, (N,); -1 where there is none."""
        oldest = self._ring[self._place]
        self._counts[self._rows, oldest] -= 1
        self._counts[self._rows, ids] += 1
        oldest[:] = ids
        self._place = (self._place + 1) % len(self._ring)
