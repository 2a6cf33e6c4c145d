"""Ranks in worker processes of this machine, which share memory.

A worker is a rank above 0. Rank 0 starts it (`Processes`) and sends a job description to its standard input. From
it the worker builds its rank, which does its part of each update (`main`). Ranks wait for each other through pipes
(`PipeRank`).
"""

from __future__ import annotations

import contextlib
import dataclasses
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
from typing import IO, Any

from charlm.child import messages, send, start_child
from charlm.config import TrainConfig, from_mapping
from charlm.models.learner import Learner, from_json, to_json
from charlm.nn.parameters import ParameterStore
from charlm.text.batches import BatchShapes
from charlm.training.parallel.communicator import Communicator, PeerFailedError
from charlm.training.parallel.shared_arrays import Arrays, allocate, layout, size_of
from charlm.training.parallel.update import Rank, make_optimizer

__all__ = ["PipeRank", "PipeReader", "Processes", "build_rank", "describe_job", "main"]

PRIVATE = -1  # in place of a file: memory of this process alone


def describe_job(learner: Learner, config: TrainConfig, batch: BatchShapes) -> dict[str, Any]:
    """Return a job description for JSON, without the weights."""
    return {"learner": to_json(learner), "train": dataclasses.asdict(config), "batch": dict(batch)}


def build_rank(
    job: Mapping[str, Any], *, memory: int = PRIVATE, comm: Callable[[Arrays, ParameterStore], Communicator]
) -> Rank:
    """Build a rank from a job description, in this process.

    Parameters
    ----------
    job : mapping
    memory : int
        Descriptor of the file that holds the arrays; by default private memory.
    comm : callable
        Takes the arrays and the weights, and returns the rank's communicator.
    """
    config = from_mapping(TrainConfig, job["train"])
    learner = from_json(job["learner"])
    optimizer = make_optimizer(learner.params, config)
    needed = layout(learner, config, optimizer, job["batch"])
    arrays = allocate(mmap.mmap(memory, size_of(needed)), needed)
    learner.params.move_(arrays["value"])
    return Rank(learner, optimizer, config, arrays, comm(arrays, learner.params))


def main() -> None:
    """Work until rank 0 disconnects."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    job = next(messages())
    comm = PipeRank(job["rank"], job["size"], job["readers"], job["writers"])
    rank = build_rank(job, memory=job["memory"], comm=lambda *_: comm)
    try:
        while True:
            rank.work()
    except PeerFailedError:
        return


class Processes:
    """Ranks above 0 as processes on shared memory, an unnamed file that all of them map.

    Each runs `main`, inherits the open files that it needs, and ends when its standard input does, even in the
    middle of an update. So no process is left behind, however rank 0 ends.

    Parameters
    ----------
    job : mapping
        As returned by `describe_job`.
    memory_bytes : int
        Size of the shared memory.
    size : int
        Ranks, this process included.
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
                own = {"rank": rank, "memory": file.fileno(), "readers": readers, "writers": writers}
                self._start(job | own, (file.fileno(), *readers, *writers))
        self.leader = PipeRank(0, size, *ends[0])
        for rank in range(1, size):
            for descriptor in (*ends[rank][0], *ends[rank][1]):
                os.close(descriptor)

    def _start(self, job: dict[str, Any], descriptors: tuple[int, ...]) -> None:
        child = start_child(__name__, stdout=subprocess.DEVNULL, descriptors=descriptors)
        with contextlib.suppress(BrokenPipeError):  # an ended child is detected at the first barrier
            send(child.stdin, job)
        self._children.append(child)

    def end(self) -> None:
        """End the processes: their pipes close."""
        self.leader.close()
        for child in self._children:
            with contextlib.suppress(BrokenPipeError):  # the child had ended before its job description
                if child.stdin is not None:
                    child.stdin.close()
            child.wait()


def _unnamed_file() -> IO[bytes]:
    """Open a file without a name; on Linux it is in memory."""
    if sys.platform == "linux":
        return os.fdopen(os.memfd_create("charlm"), "w+b")
    return tempfile.TemporaryFile()


def _ends(pipes: dict[tuple[int, int], tuple[int, int]], rank: int, size: int) -> tuple[list[int], list[int]]:
    """Return a rank's ends of the pipes: reading ends from the others, writing ends to the others."""
    others = [other for other in range(size) if other != rank]
    return [pipes[other, rank][0] for other in others], [pipes[rank, other][1] for other in others]


class PipeRank:
    """The communicator of a process, with a pipe from every other rank and one to every other rank.

    A byte through a pipe is also a memory barrier: writes before it are visible after it.

    Parameters
    ----------
    rank, size : int
    readers, writers : sequence of int
        File descriptors, one for each other rank in ascending order.
    """

    def __init__(self, rank: int, size: int, readers: Sequence[int], writers: Sequence[int]) -> None:
        self.rank, self.size = rank, size
        self._readers = [PipeReader(descriptor) for descriptor in readers]
        self._writers = tuple(writers)

    def exchange(self, *_written: str) -> None:
        """Wait until all processes arrive."""
        self._signal(self._writers)
        self._await(self._readers)

    def broadcast(self, *_written: str) -> None:
        """Release the other processes at rank 0, or wait for rank 0."""
        if self.rank == 0:
            self._signal(self._writers)
        else:
            self._await(self._readers[:1])

    def all_gather(self, *_written: str) -> None:
        """Wait at rank 0 until all processes arrive."""
        if self.rank == 0:
            self._await(self._readers)
        else:
            self._signal(self._writers[:1])

    def _signal(self, writers: Sequence[int]) -> None:
        try:
            for descriptor in writers:
                os.write(descriptor, b".")
        except OSError as error:
            raise PeerFailedError from error

    def _await(self, readers: Sequence[PipeReader]) -> None:
        for reader in readers:
            reader.wait()

    def close(self) -> None:
        """Disconnect; other ranks that wait raise a `PeerFailedError`."""
        for descriptor in (*self._writers, *(reader_end.descriptor for reader_end in self._readers)):
            os.close(descriptor)


class PipeReader:
    """The reading end of a pipe, at which a rank waits for another.

    A wait polls for a while before it sleeps. Waking a rank through a pipe costs both sides about 50 µs, and the
    system often schedules it on the core of the rank that wakes it, where the two alternate though another core is
    idle. The polling time adapts to earlier waits: a rank whose peers are often late, since another program uses
    their core, soon sleeps at once.

    Parameters
    ----------
    descriptor : int

    Attributes
    ----------
    poll_s : float
        Longest polling time of the next wait, in seconds.
    """

    LONGEST_S, SHORTEST_S = 1e-3, 3e-5
    SLEEPS_BEFORE_POLLING = 64  # sleeps until it polls again

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self._poll = select.poll()
        self._poll.register(descriptor, select.POLLIN)
        self.poll_s, self._sleeps = self.LONGEST_S, 0

    def wait(self) -> None:
        """Wait for a byte."""
        if self.poll_s:
            self._poll_for_byte()
        else:
            self._sleeps += 1
            if self._sleeps == self.SLEEPS_BEFORE_POLLING:
                self.poll_s, self._sleeps = self.SHORTEST_S, 0
        try:
            byte = os.read(self.descriptor, 1)
        except OSError as error:
            raise PeerFailedError from error
        if not byte:
            raise PeerFailedError

    def _poll_for_byte(self) -> None:
        until_s = time.perf_counter() + self.poll_s
        while not self._poll.poll(0):
            if time.perf_counter() > until_s:
                self.poll_s = self.poll_s / 2 if self.poll_s > self.SHORTEST_S else 0.0
                return
        self.poll_s = min(2 * self.poll_s, self.LONGEST_S)
