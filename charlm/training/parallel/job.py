"""The job description: what another process needs to become a rank, and the rank built from it."""

from __future__ import annotations

import dataclasses
import importlib
import mmap
from collections.abc import Callable, Mapping
from operator import attrgetter
from typing import Any

from charlm.config import TrainConfig, from_mapping
from charlm.models.learner import Learner
from charlm.text.batches import BatchShapes
from charlm.training.parallel.communicator import Communicator
from charlm.training.parallel.update import Arrays, Rank, allocate, layout, make_optimizer, size_of

__all__ = ["describe", "make_rank"]

PRIVATE = -1  # in place of a file: memory that nobody else sees


def describe(learner: Learner, config: TrainConfig, batch: BatchShapes) -> dict[str, Any]:
    """Return what another process needs to know to take part, for JSON; weights are not in it."""
    cls = type(learner)
    return {
        "class": [cls.__module__, cls.__qualname__],
        "learner": learner.describe(),
        "train": dataclasses.asdict(config),
        "batch": dict(batch),
    }


def make_rank(job: Mapping[str, Any], *, memory: int = PRIVATE, comm: Callable[[Arrays], Communicator]) -> Rank:
    """Build a rank from what `describe` returned, in this program's own process.

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
