"""States to restore if training diverges: weights, optimiser and data cursor at earlier updates.

A state is stored every hundred updates, but only a good one: all tensors are finite, and the loss of the update
before it is below that of a uniform guess. Two states are stored, and the older one is restored: at the newer,
training may already have failed without a sign. The updates alone determine when a state is stored, since saves and
evaluations must not change a run. A checkpoint has both, so a resumed run restores the same.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from charlm.errors import CheckpointError
from charlm.nn.arrays import FloatArray

__all__ = ["EVERY", "GoodState", "GoodStates", "copy_into_"]

EVERY = 100  # updates
STORED = 2


@dataclass(frozen=True, slots=True)
class GoodState:
    """The state of training at an earlier update.

    Parameters
    ----------
    record : dict
        Counters, cursor and random states, for JSON.
    tensors : dict of str to ndarray
        Weights, slots and carried state, as copies.
    """

    record: dict[str, Any]
    tensors: dict[str, FloatArray]


class GoodStates:
    """The newest good states, the oldest first."""

    def __init__(self) -> None:
        self._states: list[GoodState] = []

    def __bool__(self) -> bool:
        return bool(self._states)

    def add(self, record: Mapping[str, Any], tensors: Mapping[str, FloatArray]) -> None:
        """Store a copy of a state."""
        copies = {name: tensor.copy() for name, tensor in tensors.items()}
        self._states = [*self._states, GoodState(copy.deepcopy(dict(record)), copies)][-STORED:]

    def drop_newer(self) -> GoodState:
        """Return the oldest state and drop the others."""
        del self._states[1:]
        return self._states[0]

    def records(self) -> list[dict[str, Any]]:
        """Return the records, for a checkpoint."""
        return [state.record for state in self._states]

    def tensors(self) -> dict[str, FloatArray]:
        """Return the tensors for a checkpoint, named ``rollback.<k>.<name>``."""
        return {
            f"rollback.{k}.{name}": tensor
            for k, state in enumerate(self._states)
            for name, tensor in state.tensors.items()
        }

    def restore(
        self,
        records: Sequence[Mapping[str, Any]],
        tensors: Mapping[str, FloatArray],
        like: Mapping[str, FloatArray],
    ) -> None:
        """Restore the states of a checkpoint.

        Parameters
        ----------
        records, tensors
            Those of the checkpoint.
        like : mapping of str to ndarray
            Tensors with the names and shapes of a state.

        Raises
        ------
        CheckpointError
            If a tensor's shape does not fit.
        KeyError
            If one is missing.
        """
        self._states = []
        for k, record in enumerate(records):
            own = {name: tensor.copy() for name, tensor in like.items()}
            copy_into_(own, {name: tensors[f"rollback.{k}.{name}"] for name in like})
            self._states.append(GoodState(copy.deepcopy(dict(record)), own))


def copy_into_(tensors: Mapping[str, FloatArray], values: Mapping[str, FloatArray]) -> None:
    """Copy values into the tensors of the same names, in place.

    Raises
    ------
    CheckpointError
        If a shape does not fit.
    KeyError
        If a value is missing.
    """
    for name, tensor in tensors.items():
        if values[name].shape != tensor.shape:
            raise CheckpointError(
                f"tensor {name} has shape {values[name].shape}, not {tensor.shape}; it is another run's: "
                f"train a new model"
            )
        tensor[...] = values[name]
