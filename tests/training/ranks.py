"""Ranks of a distributed run as threads: each has arrays of its own, and what they exchange goes through queues."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from queue import Empty, Queue

import numpy as np

from charlm.errors import PeerLostError
from charlm.training.parallel.communicator import Messages, ProcessGroup
from charlm.training.parallel.distributed import follow

__all__ = ["QueueLinks", "other_ranks", "queue_links"]

WITHIN_S = 20


class QueueLinks:
    """Connections between threads."""

    def __init__(self, rank: int, queues: dict[tuple[int, int], Queue[np.ndarray]], size: int) -> None:
        self.rank, self.size, self._queues, self.closed = rank, size, queues, False

    def exchange(self, outgoing: Messages, incoming: Messages) -> None:
        for rank, arrays in outgoing.items():
            for array in arrays:
                assert array.flags.c_contiguous
                self._queues[self.rank, rank].put(array.copy())
        for rank, arrays in incoming.items():
            for array in arrays:
                assert array.flags.c_contiguous
                try:
                    came = self._queues[rank, self.rank].get(timeout=WITHIN_S)
                except Empty:
                    raise PeerLostError(
                        f"rank {rank} sends nothing; look for the meeting point that it missed"
                    ) from None
                assert (came.shape, came.dtype) == (array.shape, array.dtype)
                array[...] = came

    def close(self) -> None:
        self.closed = True


def queue_links(size: int) -> list[QueueLinks]:
    """Return the connections of each rank."""
    queues = {(a, b): Queue[np.ndarray]() for a in range(size) for b in range(size)}
    return [QueueLinks(rank, queues, size) for rank in range(size)]


@contextmanager
def other_ranks(size: int) -> Iterator[ProcessGroup]:
    """Let the other ranks work in threads; gives rank 0's group. In the end each must know the exit code."""
    links, codes = queue_links(size), []
    threads = [
        threading.Thread(target=lambda own=own: codes.append(follow(ProcessGroup(own))), daemon=True)
        for own in links[1:]
    ]
    for thread in threads:
        thread.start()
    group = ProcessGroup(links[0])
    yield group
    group.end(7)
    for thread in threads:
        thread.join(WITHIN_S)
        assert not thread.is_alive(), "a rank waits for ever"
    assert codes == [7] * (size - 1)
    assert all(own.closed for own in links)
