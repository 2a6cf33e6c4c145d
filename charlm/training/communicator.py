"""Who works beside whom: the only module that knows what a rank is.

A training step is what every rank does with its own shards, with meeting points in between. `Alone` is one rank;
`ThreadTeam` are the threads of one process, which all see the same memory.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Protocol

__all__ = ["Alone", "Communicator", "ThreadTeam", "share"]


class Communicator(Protocol):
    """A rank's place among the ranks that train together."""

    rank: int
    size: int

    def barrier(self) -> None:
        """Wait until every rank is here."""


class Alone:
    """The only rank."""

    rank, size = 0, 1

    def barrier(self) -> None:
        """Return at once."""


class ThreadRank:
    """One thread of a `ThreadTeam`."""

    def __init__(self, rank: int, size: int, barrier: threading.Barrier) -> None:
        self.rank, self.size, self._barrier = rank, size, barrier

    def barrier(self) -> None:
        """Wait until every thread is here.

        Raises
        ------
        threading.BrokenBarrierError
            If the team was dissolved meanwhile.
        """
        self._barrier.wait()


class ThreadTeam:
    """Threads that follow the caller's thread, which is rank 0.

    Parameters
    ----------
    size : int
        Ranks, the caller's included.
    follow : callable
        ``(communicator) -> None``, what ranks 1 and up run until the team is dissolved.
    """

    def __init__(self, size: int, follow: Callable[[Communicator], None]) -> None:
        self._barrier = threading.Barrier(size)
        self._errors: list[BaseException] = []
        self.leader = ThreadRank(0, size, self._barrier)
        self._threads = [
            threading.Thread(target=self._run, args=(follow, ThreadRank(rank, size, self._barrier)), daemon=True)
            for rank in range(1, size)
        ]
        for thread in self._threads:
            thread.start()

    def _run(self, follow: Callable[[Communicator], None], communicator: Communicator) -> None:
        try:
            follow(communicator)
        except threading.BrokenBarrierError:
            return  # dissolved
        except BaseException as error:
            self._errors.append(error)
            self._barrier.abort()

    def dissolve(self) -> None:
        """End the other threads, and raise the error that ended one of them, if any."""
        self._barrier.abort()
        for thread in self._threads:
            thread.join()
        if self._errors:
            raise self._errors[0]


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
