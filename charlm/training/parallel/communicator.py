"""Communication of ranks: the collectives of an update, and rank 0's orders to ranks without shared memory.

A communicator is that of a single rank (`SingleRank`), of a process that shares memory with the others
(`charlm.training.parallel.processes.PipeRank`), of a thread on systems without such memory (`ThreadRank`), or of a
process without shared memory, on one machine or several (`charlm.training.parallel.distributed.DistributedRank`).
With shared memory, a collective is a barrier and moves nothing. Processes are faster than threads, which wait for
the interpreter's lock at every call to NumPy.
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
    "Communicator",
    "Links",
    "Messages",
    "Order",
    "PeerFailedError",
    "ProcessGroup",
    "SingleRank",
    "ThreadRank",
    "share",
]

Messages = Mapping[int, Sequence[NDArray[Any]]]


class PeerFailedError(Exception):
    """Another rank has ended."""


class Communicator(Protocol):
    """The communicator of a rank.

    Every rank calls the same collectives in the same order, with the names of the arrays to send; ranks with shared
    memory send nothing. Each collective raises a `PeerFailedError` if another rank has failed.
    """

    rank: int
    size: int

    def broadcast(self, *written: str) -> None:
        """Send rank 0's arrays to all; the others wait for rank 0, which does not wait."""

    def exchange(self, *written: str) -> None:
        """Send every rank the parts that it reads; all ranks wait for all."""

    def all_gather(self, *written: str) -> None:
        """Send every rank's part to all; rank 0 waits for the others, which wait at the next broadcast."""


class SingleRank:
    """The communicator of a single rank."""

    rank, size = 0, 1

    def exchange(self, *_written: str) -> None:
        """Return at once."""

    broadcast = all_gather = exchange


class ThreadRank:
    """The communicator of a thread."""

    def __init__(self, rank: int, barrier: threading.Barrier) -> None:
        self.rank, self.size, self._barrier = rank, barrier.parties, barrier

    def exchange(self, *_written: str) -> None:
        """Wait until all threads arrive."""
        try:
            self._barrier.wait()
        except threading.BrokenBarrierError as error:
            raise PeerFailedError from error

    broadcast = all_gather = exchange  # a barrier of all threads serves all three


def share(items: int, rank: int, size: int) -> range:
    """Return the range of `items` that belongs to a rank, as even as possible.

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
        """Send arrays to other ranks and receive arrays from them; return when all have arrived.

        Between two ranks, arrays arrive in the order of sending.

        Parameters
        ----------
        outgoing, incoming : mapping of int to sequence of ndarray
            By rank. Arrays are contiguous, and an incoming one has the size of the sent one.

        Raises
        ------
        PeerLostError
            If a rank has failed.
        """

    def close(self) -> None:
        """Disconnect; every rank does."""


class Order(IntEnum):
    """Rank 0's orders to the others."""

    BEGIN = 0  # build a rank from the job description that follows
    BROADCAST = 1  # receive weights, slots, averaged weights and state
    WORK = 2  # do an update
    COLLECT = 3  # send the parts of slots, averaged weights and state to rank 0
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
        Whether a message of this rank was interrupted; orders can then no longer be sent.
    """

    def __init__(self, links: Links) -> None:
        self._links = links
        self.rank, self.size = links.rank, links.size
        self.others = [rank for rank in range(links.size) if rank != links.rank]
        self.broken = False

    def exchange(self, outgoing: Messages, incoming: Messages) -> None:
        """Send and receive arrays; see `Links.exchange`."""
        try:
            self._links.exchange(outgoing, incoming)
        except BaseException:
            self.broken = True
            raise

    def order(self, order: Order, data: bytes = b"") -> None:
        """Send an order from rank 0 to all other ranks."""
        for rank in self.others:
            self._send(rank, order, data)

    def await_order(self) -> tuple[Order, bytes]:
        """Wait for an order of rank 0 and its data."""
        order, data = self._receive(0)
        return Order(order), data

    def compare(self, facts: Mapping[str, str]) -> None:
        """Check that facts are equal at all ranks; every rank calls this.

        Raises
        ------
        UsageError
            At rank 0, if they differ.
        """
        if self.rank:
            self._send(0, 0, json.dumps(dict(facts)).encode("ascii"))
            return
        every = {
            rank: json.loads(self._receive(rank)[1]) for rank in self.others
        }  # receive all before comparing any
        for rank, theirs in every.items():
            for name in sorted(facts.keys() | theirs):
                if facts.get(name) != theirs.get(name):
                    raise UsageError(
                        f"rank {rank} has {name} {theirs.get(name)} and rank 0 has {facts.get(name)}; "
                        f"start every rank with the same versions and the same flags"
                    )

    def end(self, code: int) -> None:
        """End the run of all ranks with an exit code; the group cannot be used afterwards."""
        if not self.broken:
            self.order(Order.END, str(code).encode("ascii"))
            self.leave()

    def leave(self) -> None:
        """Disconnect from the other ranks.

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

    def _send(self, rank: int, number: int, data: bytes) -> None:
        header, body = np.array([number, len(data)], np.int64), np.frombuffer(data, np.uint8)
        self.exchange({rank: [header, body] if data else [header]}, {})

    def _receive(self, rank: int) -> tuple[int, bytes]:
        header = np.zeros(2, np.int64)
        self.exchange({}, {rank: [header]})
        number, size = map(int, header)
        body = np.zeros(size, np.uint8)
        if size:
            self.exchange({}, {rank: [body]})
        return number, body.tobytes()
