"""Facts of a checkpoint: of its model, its tensors and its run."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from charlm.checkpoint.learners import tensors_of
from charlm.checkpoint.store import Checkpoint, load_checkpoint
from charlm.models.counts import Counts
from charlm.models.language_model import CharModel
from charlm.models.mixture import Mixture
from charlm.models.series import SeriesModel
from charlm.models.transducer import Transducer

__all__ = ["ModelInfo", "TensorInfo", "describe_model", "with_date"]


@dataclass(frozen=True, slots=True)
class TensorInfo:
    """One tensor of a checkpoint.

    Parameters
    ----------
    name, dtype : str
    shape : tuple of int
    entries : int
        Number of entries.
    sha256 : str
        Of name, type, shape and bytes, in hexadecimal.
    """

    name: str
    dtype: str
    shape: tuple[int, ...]
    entries: int
    sha256: str


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """Facts of a checkpoint.

    Parameters
    ----------
    path : str
    bytes : int
        Size of the file.
    saved_s : float
        Time of writing: seconds since 1970.
    config : dict
        The `ModelConfig`, of a mixture that of its first network, or the `TransducerConfig`.
    unit : str
        Unit of the vocabulary, that of the source; ``number`` for a series model.
    symbols : int
        Size of the vocabulary V, that of the source; the features D of a series model.
    parameters : int
        Number of weights P.
    weights, others : tuple of TensorInfo
        The model's tensors, and those of training.
    training : dict
        The training record; empty for a model without one.
    kind : str
        ``"language model"``, ``"mixture"`` or ``"transducer"``.
    targets : int, optional
        Of a transducer: number of symbols, tags or labels of its target.
    labels : tuple of str
        Of a transducer whose output is a label.
    members : tuple of dict
        Of a mixture: ``kind`` and ``weight`` of each member, ``parameters`` of a network, ``order`` and ``symbols``
        of counts.
    """

    path: str
    bytes: int
    saved_s: float
    config: dict[str, Any]
    unit: str
    symbols: int
    parameters: int
    weights: tuple[TensorInfo, ...]
    others: tuple[TensorInfo, ...]
    training: dict[str, Any]
    kind: str = CharModel.kind
    targets: int | None = None
    labels: tuple[str, ...] = ()
    members: tuple[dict[str, Any], ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the object of ``charlm info MODEL --json``."""
        return with_date(dataclasses.asdict(self))


def describe_model(path: str | Path) -> ModelInfo:
    """Verify a checkpoint file or run folder, and return its facts.

    Raises
    ------
    CheckpointError
        If it is missing or damaged.
    """
    checkpoint = load_checkpoint(path, None)
    model, status = checkpoint.model, checkpoint.path.stat()
    writes = (model.target or model.labels) if isinstance(model, Transducer) else None
    networks = model.networks if isinstance(model, Mixture) else (model,)
    unit, symbols = _symbols(model)
    return ModelInfo(
        path=str(checkpoint.path),
        bytes=status.st_size,
        saved_s=status.st_mtime,
        config=dataclasses.asdict(networks[0].config) if networks else {},
        unit=unit,
        symbols=symbols,
        parameters=sum(network.params.value.size for network in networks),
        weights=_tensors(checkpoint, tensors_of(model)),
        others=_tensors(checkpoint, checkpoint.tensors),
        training=checkpoint.training,
        kind=model.kind,
        targets=None if writes is None else len(writes),
        labels=model.labels if isinstance(model, Transducer) else (),
        members=_members(model) if isinstance(model, Mixture) else (),
    )


def _members(mixture: Mixture) -> tuple[dict[str, Any], ...]:
    facts: list[dict[str, Any]] = []
    for weight, member in zip(mixture.weights, mixture.members, strict=True):
        facts.append({"kind": member.kind, "weight": weight})
        if isinstance(member, CharModel):
            facts[-1]["parameters"] = member.params.value.size
        elif isinstance(member, Counts):
            facts[-1] |= {"order": member.describe()["order"], "symbols": member.tensors()["ids"].size}
    return tuple(facts)


def _symbols(model: CharModel | Mixture | SeriesModel | Transducer) -> tuple[str, int]:
    """Return the unit of a model's input, and its number of symbols or features."""
    if isinstance(model, SeriesModel):
        return "number", model.config.features
    vocabulary = model.source if isinstance(model, Transducer) else model.vocabulary
    return vocabulary.unit, len(vocabulary)


def _tensors(checkpoint: Checkpoint[Any], tensors: Mapping[str, Any]) -> tuple[TensorInfo, ...]:
    return tuple(
        TensorInfo(name, str(array.dtype), array.shape, array.size, checkpoint.sha256[name])
        for name, array in tensors.items()
    )


def with_date(values: dict[str, Any]) -> dict[str, Any]:
    """Replace seconds by an ISO 8601 date, UTC."""
    saved = datetime.fromtimestamp(values.pop("saved_s"), UTC)
    return {**values, "saved": saved.isoformat(timespec="seconds")}
