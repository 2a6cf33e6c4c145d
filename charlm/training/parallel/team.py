"""`Team`: the ranks that update one model together, seen from rank 0."""

from __future__ import annotations

import math
import mmap
import os
import threading
from contextlib import AbstractContextManager

from charlm.config import TrainConfig
from charlm.errors import CharlmError
from charlm.models.learner import Learner, State, with_params
from charlm.nn.optimizers import Optimizer
from charlm.text.batches import Batch, BatchShapes
from charlm.training.parallel.communicator import (
    Communicator,
    PeerFailedError,
    ProcessGroup,
    SingleRank,
    ThreadRank,
)
from charlm.training.parallel.distributed import DistributedRank
from charlm.training.parallel.processes import Processes, describe_job
from charlm.training.parallel.shared_arrays import Arrays, allocate, layout, size_of
from charlm.training.parallel.update import Rank, make_optimizer

__all__ = ["Team"]

PROCESSES = os.name == "posix"  # elsewhere a child cannot inherit open files, and workers are threads


class Team(AbstractContextManager["Team"]):
    """Workers that update one model together. A context manager: leaving it ends the workers.

    Parameters
    ----------
    learner : Learner
        Its weights are updated in place. As long as the team exists, they are in memory that all workers share.
    config : TrainConfig
        With `shards` and `workers` decided.
    batch : mapping of str to tuple
        Shapes of the largest batch.
    processes : bool
        Whether workers are processes; threads otherwise. Changes no bit.
    group : ProcessGroup, optional
        The ranks of a distributed run, in place of workers.

    Attributes
    ----------
    state : State
        Carried to the next window; arrays (N, H) of all streams.
    optimizer : Optimizer
        With the slots of all weights. In a distributed run, slots and state are complete after `collect`.
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
        job, needed = describe_job(learner, config, batch), layout(learner, config, self.optimizer, batch)
        size = min(config.workers or 1, math.prod(needed["losses"][0])) if group is None else 1
        processes = processes and type(learner).__module__ != "__main__"  # another process cannot import it
        self._others: Processes | _Threads | DistributedRank | None = None
        self._distributed: DistributedRank | None = None
        comm: Communicator = SingleRank()
        if size > 1 and processes:
            self._others = Processes(job, size_of(needed), size)
            memory, comm = self._others.memory, self._others.leader
        else:
            memory = mmap.mmap(-1, size_of(needed))
        self._arrays: Arrays = allocate(memory, needed)
        self._arrays["value"][:] = learner.params.value
        learner.params.move_(self._arrays["value"])
        self._averaged = learner
        if config.ema:
            self._arrays["ema"][:] = learner.params.value
            self._averaged = with_params(learner, learner.params.on(self._arrays["ema"]))
        if size > 1 and not processes:
            self._others = _Threads(learner, config, self._arrays, size)
            comm = self._others.leader
        if group is not None:
            self._distributed = DistributedRank.lead(group, job, self._arrays, learner.params)
            self._others = comm = self._distributed
            self.broadcast()
        self._rank = Rank(learner, self.optimizer, config, self._arrays, comm)
        self.state: State = self._rank.state

    def __exit__(self, *_error: object) -> None:
        if self._others is not None:
            self._others.end()
        self.learner.params.move_(self.learner.params.value.copy())

    @property
    def averaged(self) -> Learner:
        """The learner with averaged weights; the learner itself without ``ema``."""
        if self.config.ema:
            self.collect()
        return self._averaged

    def collect(self) -> None:
        """Gather slots, averaged weights and carried state from the ranks."""
        if self._distributed is not None:
            self._distributed.collect()

    def broadcast(self) -> None:
        """Broadcast weights, slots, averaged weights and carried state to the ranks."""
        if self._distributed is not None:
            self._distributed.broadcast_state()

    def update(self, batch: Batch, *, lr: float, decay: float = 0.0) -> tuple[float, float]:
        """Do one update: forward, backward, clip, optimiser.

        Parameters
        ----------
        batch : Batch
            Of all streams; no array is larger than in `batch` of the team.
        lr : float
            Learning rate of this update.
        decay : float
            Share by which recurrent and output weights shrink beside the step.

        Returns
        -------
        loss : float
            Nats per character, before the update.
        grad_norm : float
            Before clipping. If it or the loss is not finite, the weights are unchanged.

        Raises
        ------
        CharlmError
            If a worker has ended, for example by a kill; a `PeerLostError` in a distributed run.
        """
        update = self._arrays["update"][0]
        self._rank.batch.put(batch)
        update["lr"], update["decay"], update["steps"] = lr, decay, self.optimizer.steps
        try:
            self._rank.work()
        except PeerFailedError as error:
            raise CharlmError("a worker has ended; resume the run, with `workers=1` if it happens again") from error
        self.optimizer.steps = int(update["steps"])
        return math.fsum(self._arrays["losses"].flat), float(update["norm"])


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
        """End the threads; raise the error of one that failed."""
        self._barrier.abort()
        for thread in self._threads:
            thread.join()
        if self._error is not None:
            raise self._error
