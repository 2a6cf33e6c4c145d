"""Ranks in worker processes of this machine, which share memory.

A worker is a rank above 0. Rank 0 starts it (`Processes`) and sends a job description to its standard input, from
which the worker builds its rank and does its part of each update (`main`). They wait for each other through pipes
(`PipeRank`).
"""

from __future__ import annotations

import contextlib
import dataclasses
import importlib
import json
import mmap
import os
import select
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from itertools import permutations
from operator import attrgetter
from typing import IO, Any

from charlm.child import end_with_parent, start_child
from charlm.config import TrainConfig, from_mapping
from charlm.models.learner import Learner
from charlm.text.batches import BatchShapes
from charlm.training.parallel.communicator import Communicator, PeerFailedError
from charlm.training.parallel.update import Arrays, Rank, allocate, layout, make_optimizer, size_of

__all__ = ["Inbox", "PipeRank", "Processes", "describe", "main", "make_rank"]

PRIVATE = -1  # in place of a file: memory of this process alone


def describe(learner: Learner, config: TrainConfig, batch: BatchShapes) -> dict[str, Any]:
    """Return a job description for JSON; weights are not in it."""
    cls = type(learner)
    return {
        "class": [cls.__module__, cls.__qualname__],
        "learner": learner.describe(),
        "train": dataclasses.asdict(config),
        "batch": dict(batch),
    }


def make_rank(job: Mapping[str, Any], *, memory: int = PRIVATE, comm: Callable[[Arrays], Communicator]) -> Rank:
    """Build a rank from a job description, in this process.

    Parameters
    ----------
    job : mapping
    memory : int
        Descriptor of the file that holds the arrays; memory of its own when left out.
    comm : callable
        Takes the arrays and returns the rank's communicator.
    """
    module, name = job["class"]
    cls: type[Learner] = attrgetter(name)(importlib.import_module(module))
    config = from_mapping(TrainConfig, job["train"])
    learner = cls.build(job["learner"])
    optimizer = make_optimizer(learner.params, config)
    needed = layout(learner, config, optimizer, job["batch"])
    arrays = allocate(mmap.mmap(memory, size_of(needed)), needed)
    learner.params.move_(arrays["value"])
    return Rank(learner, optimizer, config, arrays, comm(arrays))


def main() -> None:
    """Work until rank 0 disconnects."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    line = sys.stdin.buffer.readline()
    if not line.endswith(b"\n"):  # rank 0 has ended already
        return
    job = json.loads(line)
    end_with_parent()
    comm = PipeRank(job["rank"], job["size"], job["readers"], job["writers"])
    rank = make_rank(job, memory=job["memory"], comm=lambda _: comm)
    try:
        while True:
            rank.work()
    except PeerFailedError:
        return


class Processes:
    """Ranks 1 and up as processes on shared memory: an unnamed file that is mapped by all of them.

    Each runs `main`, inherits the open files that it needs, and ends when its standard input does, in the middle of
    an update too, so that no process is left behind however rank 0 ends.

    Parameters
    ----------
    job : mapping
        As `describe` returns it.
    memory_bytes : int
        Size of the shared memory.
    size : int
        Ranks, this process's included.
    """

    def __init__(self, job: Mapping[str, Any], memory_bytes: int, size: int) -> None:
        self._children: list[subprocess.Popen[bytes]] = []
        pipes = {pair: os.pipe() for pair in permutations(range(size), 2)}
        job = {**job, "size": size}
        with _unnamed_file() as file:
            file.truncate(memory_bytes)
            self.memory = mmap.mmap(file.fileno(), memory_bytes)
            ends = [_ends(pipes, rank, size) for rank in range(size)]
            for rank in range(1, size):
                readers, writers = ends[rank]
                place = {"rank": rank, "memory": file.fileno(), "readers": readers, "writers": writers}
                self._start(job | place, (file.fileno(), *readers, *writers))
        self.leader = PipeRank(0, size, *ends[0])
        for rank in range(1, size):
            for descriptor in (*ends[rank][0], *ends[rank][1]):
                os.close(descriptor)

    def _start(self, job: dict[str, Any], descriptors: tuple[int, ...]) -> None:
        child = start_child(__name__, stdout=subprocess.DEVNULL, descriptors=descriptors)
        assert child.stdin is not None  # noqa: S101  it is a pipe
        with contextlib.suppress(BrokenPipeError):  # one that has ended is missed at the first barrier
            child.stdin.write(json.dumps(job).encode("ascii") + b"\n")
            child.stdin.flush()
        self._children.append(child)

    def end(self) -> None:
        """End the processes: their pipes close."""
        self.leader.close()
        for child in self._children:
            with contextlib.suppress(BrokenPipeError):  # a job that could not be handed over
                if child.stdin is not None:
                    child.stdin.close()
            child.wait()


def _unnamed_file() -> IO[bytes]:
    """Open a file that no folder shows; in memory where the system can, so that nothing goes to disk."""
    if sys.platform == "linux":
        return os.fdopen(os.memfd_create("charlm"), "w+b")
    return tempfile.TemporaryFile()


def _ends(pipes: dict[tuple[int, int], tuple[int, int]], rank: int, size: int) -> tuple[list[int], list[int]]:
    """Return a rank's ends of the pipes: readers of what the others write, writers of what they read."""
    others = [other for other in range(size) if other != rank]
    return [pipes[other, rank][0] for other in others], [pipes[rank, other][1] for other in others]


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
        """Disconnect; every other rank that waits raises a `PeerFailedError`."""
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
