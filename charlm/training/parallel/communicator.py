"""The collectives of an update, for ranks that share memory.

A rank is the only one (`Alone`), a process of this machine that shares memory (`PipeRank`), a thread where the
system cannot share memory with a child (`ThreadRank`), or a process that shares nothing, on one machine or several
(`charlm.training.parallel.distributed`). Where memory is shared a collective moves nothing: it waits. Processes are
quicker than threads, which wait for the interpreter's lock at every call to NumPy.
"""

from __future__ import annotations

import os
import select
import threading
import time
from collections.abc import Sequence
from typing import Protocol

__all__ = ["Alone", "Communicator", "Inbox", "PeerFailedError", "PipeRank", "ThreadRank", "share"]


class PeerFailedError(Exception):
    """Another rank has ended."""


class Communicator(Protocol):
    """A rank of a process group.

    Every rank calls the same collectives in the same order, with the names of the arrays that were written for
    them: ranks that share no memory send them. Each raises a `PeerFailedError` if another rank has failed.
    """

    rank: int
    size: int

    def broadcast(self, *written: str) -> None:
        """Give rank 0's arrays to all; the others wait for it, rank 0 does not."""

    def exchange(self, *written: str) -> None:
        """Give each rank what it needs of what every other has written; all wait for all."""

    def all_gather(self, *written: str) -> None:
        """Give every rank's part to all; rank 0 waits for the others, which wait at the next broadcast."""


class Alone:
    """The only rank."""

    rank, size = 0, 1

    def exchange(self, *_written: str) -> None:
        """Return at once."""

    broadcast = all_gather = exchange


class ThreadRank:
    """One of several threads."""

    def __init__(self, rank: int, barrier: threading.Barrier) -> None:
        self.rank, self.size, self._barrier = rank, barrier.parties, barrier

    def exchange(self, *_written: str) -> None:
        """Wait until every thread is here."""
        try:
            self._barrier.wait()
        except threading.BrokenBarrierError as error:
            raise PeerFailedError from error

    broadcast = all_gather = exchange  # threads have one place to meet


class PipeRank:
    """One of several processes, with a pipe from every other and one to every other.

    A byte through a pipe also orders memory: what was written before it is seen after it.

    Parameters
    ----------
    rank, size : int
    readers, writers : sequence of int
        File descriptors, one for each other rank in ascending order.
    """

    def __init__(self, rank: int, size: int, readers: Sequence[int], writers: Sequence[int]) -> None:
        self.rank, self.size = rank, size
        self._inboxes = [Inbox(descriptor) for descriptor in readers]
        self._writers = tuple(writers)

    def exchange(self, *_written: str) -> None:
        """Wait until every process is here."""
        self._tell(self._writers)
        self._hear(self._inboxes)

    def broadcast(self, *_written: str) -> None:
        """Let the others continue."""
        if self.rank == 0:
            self._tell(self._writers)
        else:
            self._hear(self._inboxes[:1])

    def all_gather(self, *_written: str) -> None:
        """Wait at rank 0 until every process is here."""
        if self.rank == 0:
            self._hear(self._inboxes)
        else:
            self._tell(self._writers[:1])

    def _tell(self, writers: Sequence[int]) -> None:
        try:
            for descriptor in writers:
                os.write(descriptor, b".")
        except OSError as error:
            raise PeerFailedError from error

    def _hear(self, inboxes: Sequence[Inbox]) -> None:
        for inbox in inboxes:
            inbox.take()

    def close(self) -> None:
        """Leave: every other rank that waits is told."""
        for descriptor in (*self._writers, *(inbox.descriptor for inbox in self._inboxes)):
            os.close(descriptor)


class Inbox:
    """The end of a pipe at which a rank waits for another.

    It polls for a moment before it sleeps. Waking a rank through a pipe costs both sides some 50 µs, and the system
    is likely to put it on the core of the rank that wakes it, where the two take turns though another core is idle.
    The length of the moment follows from the waits before it. A rank whose peers are late for long, since another
    program has their core, soon sleeps at once.

    Parameters
    ----------
    descriptor : int

    Attributes
    ----------
    awake_s : float
        Seconds that the next wait polls at most.
    """

    LONGEST_S, SHORTEST_S = 1e-3, 3e-5
    TRY_AGAIN = 64  # sleeps until another moment is tried

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self._poll = select.poll()
        self._poll.register(descriptor, select.POLLIN)
        self.awake_s, self._asleep = self.LONGEST_S, 0

    def take(self) -> None:
        """Wait for a byte."""
        if self.awake_s:
            self._wait_awake()
        else:
            self._asleep += 1
            if self._asleep == self.TRY_AGAIN:
                self.awake_s, self._asleep = self.SHORTEST_S, 0
        try:
            there = os.read(self.descriptor, 1)
        except OSError as error:
            raise PeerFailedError from error
        if not there:
            raise PeerFailedError

    def _wait_awake(self) -> None:
        until_s = time.perf_counter() + self.awake_s
        while not self._poll.poll(0):
            if time.perf_counter() > until_s:
                self.awake_s = self.awake_s / 2 if self.awake_s > self.SHORTEST_S else 0.0
                return
        self.awake_s = min(2 * self.awake_s, self.LONGEST_S)


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
