"""Facts of all runs, from the metadata of their newest checkpoints; no tensor is read."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from charlm.checkpoint.describe import with_date
from charlm.checkpoint.learners import descriptions_of_members
from charlm.checkpoint.locate import RUNS, StoredRun, list_runs
from charlm.checkpoint.npz import read_meta
from charlm.checkpoint.reading_errors import as_checkpoint_error
from charlm.config import ModelConfig, SeriesConfig, TransducerConfig, from_mapping
from charlm.errors import CheckpointError, UsageError, VocabularyError
from charlm.models.language_model import CharModel
from charlm.models.mixture import Mixture
from charlm.models.network import parameter_shapes
from charlm.models.series import SeriesModel
from charlm.models.transducer import Transducer
from charlm.nn.arrays import Shape

__all__ = ["RunInfo", "describe_runs", "is_unfinished"]


@dataclass(frozen=True, slots=True)
class RunInfo:
    """One line of the list of runs.

    Parameters
    ----------
    name, path : str
        Of the run, and of its newest checkpoint.
    saved_s : float
        Time of writing: seconds since 1970.
    shipped : bool
        Whether it came with charlm.
    cell : str
    hidden_size, layers, parameters, step : int, optional
        None if unknown.
    best_loss : float, optional
        Lowest validation loss, in nats per symbol; None without validation, and for series.
    error : str
        The error of reading the checkpoint; empty if there is none.
    steps : int, optional
        Updates of the whole run.
    unfinished : bool
        Whether updates, or the hooks at the end, are left.
    minutes : float, optional
        The budget, if any.
    kind : str
        ``"language model"``, ``"mixture"`` or ``"transducer"``.
    output : str
        Output of a transducer: ``"text"``, ``"label"`` or ``"tags"``; empty for other models.
    """

    name: str
    path: str
    saved_s: float
    shipped: bool
    cell: str = ""
    hidden_size: int | None = None
    layers: int | None = None
    parameters: int | None = None
    step: int | None = None
    best_loss: float | None = None
    error: str = ""
    steps: int | None = None
    unfinished: bool = False
    minutes: float | None = None
    kind: str = CharModel.kind
    output: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return an entry of the list of ``charlm info --json``."""
        return with_date(dataclasses.asdict(self))


def describe_runs(root: Path = RUNS) -> list[RunInfo]:
    """Return the facts of the runs in a folder, in the order of `list_runs`; a damaged run has an `error`."""
    return [_describe_run(run) for run in list_runs(root)]


def _describe_run(run: StoredRun) -> RunInfo:
    found = RunInfo(run.name, str(run.file), run.saved_s, run.shipped)
    try:
        meta = read_meta(run.file)
        with as_checkpoint_error(run.file):
            config, shapes = _shape(meta)
    except (CheckpointError, UsageError, VocabularyError) as error:
        return dataclasses.replace(found, error=str(error))
    training = _object(meta, "training")
    progress, train, budget = (_object(training, name) for name in ("progress", "train", "budget"))
    step, steps, best_loss = progress.get("step"), train.get("steps"), progress.get("best_loss")
    in_nats = not isinstance(config, SeriesConfig)
    unfinished = isinstance(step, int) and isinstance(steps, int) and is_unfinished(progress, steps)
    return dataclasses.replace(
        found,
        cell=config.cell,
        hidden_size=config.hidden_size,
        layers=config.layers,
        parameters=sum(map(math.prod, shapes.values())),
        step=step if isinstance(step, int) else None,
        steps=steps if isinstance(steps, int) else None,
        unfinished=unfinished,
        best_loss=best_loss if isinstance(best_loss, float) and in_nats else None,
        minutes=minutes if isinstance(minutes := budget.get("minutes"), (int, float)) else None,
        kind=str(meta.get("kind")) if meta.get("kind") in (Mixture.kind, Transducer.kind) else CharModel.kind,
        output=config.output if isinstance(config, TransducerConfig) else "",
    )


def _shape(
    meta: Mapping[str, Any],
) -> tuple[ModelConfig | SeriesConfig | TransducerConfig, Mapping[str, Shape]]:
    """Return the configuration and the tensors of a model by its metadata."""
    if meta.get("kind") == Transducer.kind:
        return from_mapping(TransducerConfig, _object(meta, "model")), Transducer.tensor_shapes(meta)
    if meta.get("kind") == Mixture.kind:
        return _shape_of_mixture(meta)
    if meta.get("kind") == SeriesModel.kind:
        return from_mapping(SeriesConfig, _object(meta, "model")), SeriesModel.tensor_shapes(meta)
    config, symbols = from_mapping(ModelConfig, _object(meta, "model")), _object(meta, "vocabulary").get("symbols")
    return config, parameter_shapes(config, len(symbols)) if isinstance(symbols, list) else {}


def _shape_of_mixture(meta: Mapping[str, Any]) -> tuple[ModelConfig, Mapping[str, Shape]]:
    """Return the configuration of a mixture's first network, and the tensors of all."""
    described = descriptions_of_members(meta)
    of_networks = [(k, member) for k, member in enumerate(described) if "model" in member]
    networks = {k: _shape({**meta, **member, "kind": CharModel.kind}) for k, member in of_networks}
    configs = [config for config, _ in networks.values() if isinstance(config, ModelConfig)]
    shapes = {f"members.{k}.{name}": shape for k, (_, own) in networks.items() for name, shape in own.items()}
    return configs[0] if configs else ModelConfig(), shapes


def is_unfinished(progress: Mapping[str, Any], steps: int) -> bool:
    """Return whether a run with this stored progress has updates, or the hooks at its end, left."""
    if progress.get("gave_up"):
        return False
    step, examined = progress["step"], progress.get("examined_step")
    return bool(step < steps or (isinstance(examined, int) and examined < step))


def _object(values: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Return a nested object of the metadata, which is untrusted input; empty if it is not an object."""
    value = values.get(name)
    return value if isinstance(value, dict) else {}
