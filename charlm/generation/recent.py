"""The symbols that a repeat penalty looks at: the last ones of a text, prompt and continuation alike.

One text keeps them as a value, so that it can go back to where it was: bytes, four a symbol, the oldest first. They
cost a symbol a tenth of a microsecond or two. Texts side by side only go on, and count.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

__all__ = ["RecentRows", "ids_of", "memory"]

_BYTES = 4
_DTYPE = "<i4"


def memory(size: int, n: int) -> Callable[[bytes, int], bytes]:
    """Return a function that adds one of V symbols to what is recent, and forgets all but the last `n`.

    Examples
    --------
    >>> append, recent = memory(9, 2), b""
    >>> for symbol in (3, 5, 7):
    ...     recent = append(recent, symbol)
    >>> ids_of(recent).tolist()
    [5, 7]
    """
    codes = [symbol.to_bytes(_BYTES, "little") for symbol in range(size)]
    first = -_BYTES * n

    def append(recent: bytes, symbol: int) -> bytes:
        return (recent + codes[symbol])[first:]

    return append if n else lambda _recent, _symbol: b""


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
