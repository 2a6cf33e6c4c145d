"""`Team`: the ranks that update one model together, seen from rank 0."""

from __future__ import annotations

import contextlib
import json
import math
import mmap
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping
from types import TracebackType
from typing import IO, Any

from charlm.child import start_child
from charlm.config import TrainConfig
from charlm.errors import CharlmError
from charlm.models.learner import Learner, State, twin
from charlm.nn.optimizers import Optimizer
from charlm.text.batches import Batch, BatchShapes
from charlm.training.parallel.communicator import Alone, Communicator, PeerFailedError, PipeRank, ThreadRank
from charlm.training.parallel.distributed import DistributedRank
from charlm.training.parallel.process_group import Order, ProcessGroup
from charlm.training.parallel.update import (
    Arrays,
    Layout,
    Rank,
    allocate,
    layout,
    make_optimizer,
    size_of,
)
from charlm.training.parallel.worker import describe

__all__ = ["Team"]

PROCESSES = os.name == "posix"  # elsewhere a child cannot be handed open files, and threads do the work


class Team:
    """Workers that update one model together. A context manager: leaving it ends the workers.

    Parameters
    ----------
    learner : Learner
        Its weights are updated in place; as long as the team exists they lie in memory that all workers share.
    config : TrainConfig
        With `shards` and `workers` decided.
    batch : mapping of str to tuple
        Shapes of the largest batch.
    processes : bool
        Whether workers are processes; threads otherwise. Changes no bit.
    group : ProcessGroup, optional
        The ranks of a distributed run, which take the place of workers: each is one.

    Attributes
    ----------
    state : State
        Carried over to the next window, all N streams; each array (N, H).
    optimizer : Optimizer
        With the slots of all weights. In a distributed run these and the state are whole after `collect`.
    """

    def __init__(
        self,
        learner: Learner,
        config: TrainConfig,
        batch: BatchShapes,
        *,
        processes: bool = PROCESSES,
        group: ProcessGroup | None = None,
    ) -> None:
        self.learner, self.config = learner, config
        self.optimizer: Optimizer = make_optimizer(learner.params, config)
        needed = layout(learner, config, self.optimizer, batch)
        size = min(config.workers or 1, config.shards or 1) if group is None else 1
        processes = processes and type(learner).__module__ != "__main__"  # which no other process can import
        self._others: _Processes | _Threads | _Distributed | None = None
        self._distributed: DistributedRank | None = None
        comm: Communicator = Alone()
        if size > 1 and processes:
            self._others = _Processes(describe(learner, config, batch), needed, size)
            memory, comm = self._others.memory, self._others.leader
        else:
            memory = mmap.mmap(-1, size_of(needed))
        self._arrays: Arrays = allocate(memory, needed)
        self._arrays["value"][:] = learner.params.value
        learner.params.move_(self._arrays["value"])
        self._averaged = learner
        if config.ema:
            self._arrays["ema"][:] = learner.params.value
            self._averaged = twin(learner, learner.params.on(self._arrays["ema"]))
        if size > 1 and not processes:
            self._others = _Threads(learner, config, self._arrays, size)
            comm = self._others.leader
        if group is not None:
            self._others = _Distributed(group, describe(learner, config, batch), self._arrays)
            self._distributed = comm = self._others.leader
            self.broadcast()
        self._rank = Rank(learner, self.optimizer, config, self._arrays, comm)
        self.state: State = self._rank.state

    def __enter__(self) -> Team:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._others is not None:
            self._others.end()
        self.learner.params.move_(self.learner.params.value.copy())

    @property
    def averaged(self) -> Learner:
        """The learner on the average of its weights; the learner itself where there is none."""
        if self.config.ema:
            self.collect()
        return self._averaged

    def collect(self) -> None:
        """See to it that slots, average and carried state, which are in parts with the ranks, are whole here."""
        if self._distributed is not None:
            self._distributed.collect()

    def broadcast(self) -> None:
        """Let every rank continue from the weights, slots, average and carried state that are here."""
        if self._distributed is not None:
            self._distributed.hand_out()

    def update(self, batch: Batch, *, lr: float) -> tuple[float, float]:
        """Do one update: forward, backward, clip, optimiser.

        Parameters
        ----------
        batch : Batch
            Of all streams, no array larger than the shapes that the team was made for.
        lr : float
            Learning rate of this update.

        Returns
        -------
        loss : float
            Nats per character, before the update.
        grad_norm : float
            Before clipping. If it or the loss is not finite, the weights are left as they were.

        Raises
        ------
        CharlmError
            If a worker has ended, killed from outside for example; a `PeerLostError` for one of a distributed run.
        """
        update = self._arrays["update"][0]
        self._rank.batch.put(batch)
        update["lr"], update["steps"] = lr, self.optimizer.steps
        try:
            self._rank.work()
        except PeerFailedError as error:
            raise CharlmError("a worker has ended; resume the run, with `workers=1` if it happens again") from error
        self.optimizer.steps = int(update["steps"])
        return math.fsum(self._arrays["losses"]), float(update["norm"])


class _Threads:
    """Ranks 1 and up as threads."""

    def __init__(self, learner: Learner, config: TrainConfig, arrays: Arrays, size: int) -> None:
        self._barrier = threading.Barrier(size)
        self._error: BaseException | None = None
        self.leader = ThreadRank(0, self._barrier)
        ranks = [
            Rank(learner, make_optimizer(learner.params, config), config, arrays, ThreadRank(rank, self._barrier))
            for rank in range(1, size)
        ]
        self._threads = [threading.Thread(target=self._follow, args=(rank,), daemon=True) for rank in ranks]
        for thread in self._threads:
            thread.start()

    def _follow(self, rank: Rank) -> None:
        try:
            while True:
                rank.work()
        except PeerFailedError:
            return
        except BaseException as error:
            self._error = error
            self._barrier.abort()

    def end(self) -> None:
        """End the threads, and raise the error that ended one of them, if any."""
        self._barrier.abort()
        for thread in self._threads:
            thread.join()
        if self._error is not None:
            raise self._error


class _Processes:
    """Ranks 1 and up as processes on shared memory: an unnamed file that is mapped by all of them.

    Each runs `charlm.training.parallel.worker`, gets its open files handed down, and ends when its standard input
    does, in the middle of an update too, so that nothing is left behind however rank 0 ends.
    """

    def __init__(self, job: Mapping[str, Any], needed: Layout, size: int) -> None:
        self._children: list[subprocess.Popen[bytes]] = []
        pipes = {(a, b): os.pipe() for a in range(size) for b in range(size) if a != b}
        job = {**job, "size": size}
        with _unnamed_file() as file:
            file.truncate(size_of(needed))
            self.memory = mmap.mmap(file.fileno(), size_of(needed))
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
        child = start_child("charlm.training.parallel.worker", stdout=subprocess.DEVNULL, descriptors=descriptors)
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


class _Distributed:
    """Ranks 1 and up in processes that share no memory with this one, and wait there for what they are told."""

    def __init__(self, group: ProcessGroup, job: Mapping[str, Any], arrays: Arrays) -> None:
        self._group = group
        group.order(Order.BEGIN, json.dumps(job).encode("ascii"))
        self.leader = DistributedRank(group, arrays)

    def end(self) -> None:
        """Let the ranks wait for another job."""
        if not self._group.broken:
            self._group.order(Order.CLOSE)


def _unnamed_file() -> IO[bytes]:
    """Open a file that no folder shows; in memory where the system can, so that nothing goes to disk."""
    if sys.platform == "linux":
        return os.fdopen(os.memfd_create("charlm"), "w+b")
    return tempfile.TemporaryFile()


def _ends(pipes: dict[tuple[int, int], tuple[int, int]], rank: int, size: int) -> tuple[list[int], list[int]]:
    """Return a rank's ends of the pipes: readers of what the others write, writers of what they read."""
    others = [other for other in range(size) if other != rank]
    return [pipes[other, rank][0] for other in others], [pipes[rank, other][1] for other in others]
