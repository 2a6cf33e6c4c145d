"""What rank 0 tells another process that is to train with it, and the rank that comes of it there."""

from __future__ import annotations

import dataclasses
import mmap
from collections.abc import Callable, Mapping
from typing import Any

from charlm.config import ModelConfig, TrainConfig, from_mapping
from charlm.model import CharModel
from charlm.text.vocabulary import Vocabulary
from charlm.training.communicator import Communicator
from charlm.training.rank import Arrays, Rank, carve, layout, make_optimizer, size_of

__all__ = ["describe", "make_rank"]

PRIVATE = -1  # in place of a file: memory that nobody else sees


def describe(model: CharModel, config: TrainConfig) -> dict[str, Any]:
    """Return what another process needs to know to take part, for JSON; weights are not in it."""
    return {
        "model": dataclasses.asdict(model.config),
        "train": dataclasses.asdict(config),
        "vocabulary": model.vocabulary.to_json(),
    }


def make_rank(job: Mapping[str, Any], *, memory: int = PRIVATE, me: Callable[[Arrays], Communicator]) -> Rank:
    """Build a rank from what `describe` gave.

    Parameters
    ----------
    job : mapping
    memory : int
        Descriptor of the file that holds the arrays; memory of its own when left out.
    me : callable
        Takes the arrays and gives the rank's place among the others.
    """
    config = from_mapping(TrainConfig, job["train"])
    vocabulary = Vocabulary.from_json(job["vocabulary"])
    model = CharModel.bare(from_mapping(ModelConfig, job["model"]), vocabulary)
    optimizer = make_optimizer(model.params, config)
    needed = layout(model, config, optimizer)
    arrays = carve(mmap.mmap(memory, size_of(needed)), needed)
    model.move_(arrays["value"])
    return Rank(model, optimizer, config, arrays, me(arrays))
