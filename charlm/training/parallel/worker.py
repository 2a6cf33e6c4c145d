"""A rank in another process: its job description, the rank built from that, and a worker process's main loop.

A worker is a rank above 0. It gets its job description on standard input.
"""

from __future__ import annotations

import dataclasses
import importlib
import json
import mmap
import signal
import sys
from collections.abc import Callable, Mapping
from operator import attrgetter
from typing import Any

from charlm.child import end_with_parent
from charlm.config import TrainConfig, from_mapping
from charlm.models.learner import Learner
from charlm.text.batches import BatchShapes
from charlm.training.parallel.communicator import Communicator, PeerFailedError, PipeRank
from charlm.training.parallel.update import Arrays, Rank, allocate, layout, make_optimizer, size_of

__all__ = ["describe", "main", "make_rank"]

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
