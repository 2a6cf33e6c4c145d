"""Who works beside whom: the only module that knows what a rank is.

A training step is what every rank does with its own shards, with meeting points in between. Ranks are the only one
there is (`Alone`), processes of this machine that share memory (`PipeRank`), or threads where the system cannot
share memory with a child (`ThreadRank`). Processes are the quicker: threads wait for the interpreter's lock at
every call to NumPy.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from typing import Protocol

__all__ = ["Alone", "Communicator", "PeerGoneError", "PipeRank", "ThreadRank", "share"]


class PeerGoneError(Exception):
    """Another rank has ended."""


class Communicator(Protocol):
    """A rank's place among the ranks that train together."""

    rank: int
    size: int

    def barrier(self) -> None:
        """Wait until every rank is here.

        Raises
        ------
        PeerGoneError
            If one has ended.
        """


class Alone:
    """The only rank."""

    rank, size = 0, 1

    def barrier(self) -> None:
        """Return at once."""


class ThreadRank:
    """One of several threads."""

    def __init__(self, rank: int, barrier: threading.Barrier) -> None:
        self.rank, self.size, self._barrier = rank, barrier.parties, barrier

    def barrier(self) -> None:
        """Wait until every thread is here."""
        try:
            self._barrier.wait()
        except threading.BrokenBarrierError as error:
            raise PeerGoneError from error


class PipeRank:
    """One of several processes, with a pipe from every other and one to every other.

    A byte through a pipe also orders memory: what was written before it is seen after it.

    Parameters
    ----------
    rank, size : int
    readers, writers : sequence of int
        File descriptors, one for each other rank.
    """

    def __init__(self, rank: int, size: int, readers: Sequence[int], writers: Sequence[int]) -> None:
        self.rank, self.size, self.readers, self.writers = rank, size, tuple(readers), tuple(writers)

    def barrier(self) -> None:
        """Wait until every process is here."""
        try:
            for descriptor in self.writers:
                os.write(descriptor, b".")
            for descriptor in self.readers:
                if not os.read(descriptor, 1):
                    raise PeerGoneError
        except OSError as error:
            raise PeerGoneError from error

    def close(self) -> None:
        """Leave: every other rank that waits is told."""
        for descriptor in (*self.writers, *self.readers):
            os.close(descriptor)


def share(items: int, rank: int, size: int) -> range:
    """Return which of `items` equal pieces of work belong to a rank: contiguous, as even as can be.

    Examples
    --------
    >>> [list(share(5, rank, 2)) for rank in range(2)]
    [[0, 1, 2], [3, 4]]
    """
    each, more = divmod(items, size)
    start = rank * each + min(rank, more)
    return range(start, start + each + (rank < more))
