"""States to restore when training diverges: the weights, the optimiser and the data cursor at earlier updates.

A state is taken every hundred updates and only if it is good: all finite, and the update before it better than
guessing. Two are stored, and the older one is restored: training may have failed already, without a sign of it,
when the newer was taken. They are taken by the number of updates alone, not with saves or evaluations, which must
not change a run. A checkpoint holds both, so that a run which was stopped restores the same.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from charlm.errors import CheckpointError
from charlm.nn.arrays import FloatArray

__all__ = ["EVERY", "GoodState", "GoodStates", "put_back"]

EVERY = 100  # updates
KEPT = 2


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
    """The newest states that were good, the oldest first."""

    def __init__(self) -> None:
        self._states: list[GoodState] = []

    def __bool__(self) -> bool:
        return bool(self._states)

    def add(self, record: Mapping[str, Any], tensors: Mapping[str, FloatArray]) -> None:
        """Take a copy of a state."""
        copies = {name: tensor.copy() for name, tensor in tensors.items()}
        self._states = [*self._states, GoodState(copy.deepcopy(dict(record)), copies)][-KEPT:]

    def back(self) -> GoodState:
        """Return the oldest and drop the others."""
        del self._states[1:]
        return self._states[0]

    def records(self) -> list[dict[str, Any]]:
        """Return their records, as a checkpoint holds them."""
        return [state.record for state in self._states]

    def tensors(self) -> dict[str, FloatArray]:
        """Return their tensors, as a checkpoint holds them: ``rollback.<k>.<name>``."""
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
        """Go back to what `records` and `tensors` gave at another time.

        Parameters
        ----------
        records, tensors
            Of a checkpoint.
        like : mapping of str to ndarray
            Tensors of the names and shapes that a state has.

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
            put_back(own, {name: tensors[f"rollback.{k}.{name}"] for name in like})
            self._states.append(GoodState(copy.deepcopy(dict(record)), own))


def put_back(tensors: Mapping[str, FloatArray], values: Mapping[str, FloatArray]) -> None:
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
