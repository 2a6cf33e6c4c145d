"""How ranks reach each other: the collectives of an update, and the orders of rank 0 where no memory is shared.

A rank is the only one (`Alone`), a process of this machine that shares memory
(`charlm.training.parallel.processes.PipeRank`), a thread where the system cannot share memory with a child
(`ThreadRank`), or a process that shares nothing, on one machine or several
(`charlm.training.parallel.distributed.DistributedRank`). Where memory is shared a collective moves nothing: it
waits. Processes are quicker than threads, which wait for the interpreter's lock at every call to NumPy.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping, Sequence
from enum import IntEnum
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from charlm.errors import UsageError

__all__ = [
    "Alone",
    "Communicator",
    "Links",
    "Messages",
    "Order",
    "PeerFailedError",
    "ProcessGroup",
    "ThreadRank",
    "share",
]

Messages = Mapping[int, Sequence[NDArray[Any]]]


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


class Links(Protocol):
    """Connections from a rank to every other."""

    rank: int
    size: int

    def exchange(self, outgoing: Messages, incoming: Messages) -> None:
        """Send arrays to ranks and fill arrays from ranks; return when all of it is done.

        Between two ranks, arrays arrive in the order in which they were sent.

        Parameters
        ----------
        outgoing, incoming : mapping of int to sequence of ndarray
            For each other rank. Arrays are contiguous, and one that comes in is as large as the one that was sent.

        Raises
        ------
        PeerLostError
            If a rank has failed.
        """

    def close(self) -> None:
        """Disconnect; every rank does."""


class Order(IntEnum):
    """Rank 0's orders to the others."""

    BEGIN = 0  # build a rank for the job that follows
    BROADCAST = 1  # receive weights, slots, average and state
    WORK = 2  # do an update
    COLLECT = 3  # send the parts of slots, average and state to rank 0
    CLOSE = 4  # the job is done
    END = 5  # the run is over; its exit code follows


class ProcessGroup:
    """The ranks of a distributed run, seen from one of them.

    Parameters
    ----------
    links : Links

    Attributes
    ----------
    rank, size : int
    others : list of int
        All ranks but this one.
    broken : bool
        Whether this rank left a message unfinished. No order can be sent then.
    """

    def __init__(self, links: Links) -> None:
        self._links = links
        self.rank, self.size = links.rank, links.size
        self.others = [rank for rank in range(links.size) if rank != links.rank]
        self.broken = False

    def exchange(self, outgoing: Messages, incoming: Messages) -> None:
        """Send arrays and fill arrays; see `Links.exchange`."""
        try:
            self._links.exchange(outgoing, incoming)
        except BaseException:
            self.broken = True
            raise

    def order(self, what: Order, more: bytes = b"") -> None:
        """Send an order to all other ranks; rank 0 alone does."""
        for rank in self.others:
            self._send(rank, what, more)

    def await_order(self) -> tuple[Order, bytes]:
        """Wait for what rank 0 says."""
        what, more = self._receive(0)
        return Order(what), more

    def compare(self, facts: Mapping[str, str]) -> None:
        """Check that facts are the same at all ranks; every rank calls this.

        Raises
        ------
        UsageError
            At rank 0, if they differ.
        """
        if self.rank:
            self._send(0, 0, json.dumps(dict(facts)).encode("ascii"))
            return
        every = {rank: json.loads(self._receive(rank)[1]) for rank in self.others}  # all, before any is judged
        for rank, theirs in every.items():
            for name in sorted(facts.keys() | theirs):
                if facts.get(name) != theirs.get(name):
                    raise UsageError(
                        f"rank {rank} has {name} {theirs.get(name)} and rank 0 has {facts.get(name)}; "
                        f"start every rank with the same versions and the same flags"
                    )

    def end(self, code: int) -> None:
        """End the run for the others as well, with an exit code; after it there is no group any more."""
        if not self.broken:
            self.order(Order.END, str(code).encode("ascii"))
            self.leave()

    def leave(self) -> None:
        """Disconnect from the others.

        Raises
        ------
        PeerLostError
            If one of them has failed.
        """
        try:
            self._links.close()
        except BaseException:
            self.broken = True
            raise

    def _send(self, rank: int, number: int, more: bytes) -> None:
        header, body = np.array([number, len(more)], np.int64), np.frombuffer(more, np.uint8)
        self.exchange({rank: [header, body] if more else [header]}, {})

    def _receive(self, rank: int) -> tuple[int, bytes]:
        header = np.zeros(2, np.int64)
        self.exchange({}, {rank: [header]})
        number, size = map(int, header)
        body = np.zeros(size, np.uint8)
        if size:
            self.exchange({}, {rank: [body]})
        return number, body.tobytes()
