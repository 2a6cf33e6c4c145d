"""`LoadedModels`: the models of a session, with the names by which they were loaded."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any, NamedTuple

from charlm.checkpoint import Checkpoint
from charlm.models.counts import Counts
from charlm.models.mixture import Mixture
from charlm.models.predictor import Predictor

__all__ = ["COUNTS", "LoadedModels"]

COUNTS = "counts"
"""Name of the n-gram counts of the training text."""


class _Origin(NamedTuple):
    name: str
    checkpoint: Checkpoint[Any]


class LoadedModels:
    """The models of a session, each a member of mixtures as a whole.

    Parameters
    ----------
    read : callable
        Finds and reads a checkpoint by a name.
    """

    def __init__(self, read: Callable[[str], Checkpoint[Any]]) -> None:
        self._read = read
        self._origins: dict[Predictor, _Origin] = {}

    def load(self, name: str) -> Checkpoint[Any]:
        """Read a checkpoint by a typed name, and record the name."""
        return self.add(name, self._read(name))

    def add(self, name: str, loaded: Checkpoint[Any]) -> Checkpoint[Any]:
        """Record the name of a checkpoint."""
        self._origins[loaded.model] = _Origin(name, dataclasses.replace(loaded, tensors={}))
        return loaded

    def name(self, model: Predictor) -> str:
        """Return the name of a member."""
        if isinstance(model, Counts):
            return COUNTS
        return self._origins[model].name if model in self._origins else model.kind

    def checkpoint(self, model: Predictor) -> Checkpoint[Any] | None:
        """Return the checkpoint of a member, without tensors of training; None if it was not loaded."""
        return self._origins[model].checkpoint if model in self._origins else None

    def shares(self, model: Predictor) -> dict[Predictor, float]:
        """Return the members of the conversation's model with their weights; a loaded mixture is one member."""
        if model in self._origins or not isinstance(model, Mixture):
            return {model: 1.0}
        return dict(zip(model.members, model.weights, strict=True))
