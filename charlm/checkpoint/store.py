"""Saving and loading of models."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar, overload

import numpy as np

from charlm.checkpoint.archive import DamagedError
from charlm.checkpoint.learners import Stored, learner_of, metadata_of, tensors_of
from charlm.checkpoint.locate import find_model
from charlm.checkpoint.npy import Tensor
from charlm.checkpoint.npz import read_npz, write_npz
from charlm.checkpoint.reading_errors import as_checkpoint_error
from charlm.errors import UsageError
from charlm.models.language_model import CharModel
from charlm.models.predictor import Predictor

__all__ = ["Checkpoint", "load", "load_checkpoint", "load_predictor", "save"]

_M = TypeVar("_M")
_TRAINING = ("optimizer.", "ema.", "state.", "rollback.")
_STATE = re.compile(r"(rollback\.\d+\.)?state\.")


@dataclass(frozen=True, slots=True)
class Checkpoint(Generic[_M]):
    """The contents of a checkpoint file.

    Parameters
    ----------
    model : CharModel
        Or another model, of the given kind.
    training : dict
        The training record; empty for a model without one.
    tensors : dict of str to ndarray
        The tensors of training: ``optimizer.…``, ``ema.…``, ``state.…``, ``rollback.…``.
    sha256 : dict of str to str
        Checksum of every tensor, the model's included, in hexadecimal.
    path : Path
        The file.
    """

    model: _M
    training: dict[str, Any]
    tensors: dict[str, Tensor]
    sha256: dict[str, str]
    path: Path


def save(
    model: Stored,
    path: str | Path,
    *,
    training: Mapping[str, Any] | None = None,
    tensors: Mapping[str, Tensor] | None = None,
) -> None:
    """Write a model to a file, atomically: after any failure the file is the old one or the new one.

    Parameters
    ----------
    model : Learner or Mixture
        Of a mixture, the members are networks and counts.
    path : str or Path
        The file, in a folder that exists; an existing file is replaced.
    training : mapping, optional
        The record of a training run, JSON values; returned as `Checkpoint.training`.
    tensors : mapping of str to ndarray, optional
        The tensors of a training run, named ``optimizer.…``, ``ema.…``, ``state.…`` or ``rollback.…``.

    Raises
    ------
    DiskError
        If the system refuses to write.
    UsageError
        If `training` is not JSON, or a tensor has an invalid name or type.
    """
    extra = dict(tensors or {})
    for name in extra:
        if not name.startswith(_TRAINING):
            raise UsageError(f"tensor {name!r} is no training tensor; begin its name with {', '.join(_TRAINING)}")
    meta = {**metadata_of(model), "training": dict(training or {})}
    write_npz(Path(path), meta, {**tensors_of(model), **extra})


@overload
def load(path: str | Path) -> Any: ...
@overload
def load(path: str | Path, kind: type[_M]) -> _M: ...
def load(path: str | Path, kind: type[Any] | None = None) -> Any:
    """Read a model from a checkpoint file or a run (its ``best.npz``, else its ``last.npz``).

    Parameters
    ----------
    path : str or Path
        A file or folder, or the name of a run under ``checkpoints``.
    kind : type, optional
        The expected class of the model; by default any that charlm has.

    Returns
    -------
    CharModel, Mixture, Transducer or SeriesModel, or a learner of `kind`

    Raises
    ------
    CheckpointError
        If it is missing or damaged, or holds another kind of learner.
    """
    return load_checkpoint(path, kind).model


@overload
def load_checkpoint(path: str | Path) -> Checkpoint[CharModel]: ...
@overload
def load_checkpoint(path: str | Path, kind: type[_M]) -> Checkpoint[_M]: ...
@overload
def load_checkpoint(path: str | Path, kind: None) -> Checkpoint[Any]: ...
def load_checkpoint(path: str | Path, kind: type[Any] | None = CharModel) -> Checkpoint[Any]:
    """Read a checkpoint file, or that of a run folder.

    Parameters
    ----------
    path : str or Path
    kind : type or None
        The expected class of the model; another kind is an error, and no other class is built. With None it is a
        `CharModel`, a `Mixture`, a `Transducer` or a `SeriesModel`.

    Raises
    ------
    CheckpointError
        If it is missing or damaged, or holds another kind of learner.
    """
    return _load(path, kind)


def load_predictor(path: str | Path) -> Checkpoint[Predictor]:
    """Read the checkpoint of a model that predicts texts: a `CharModel` or a `Mixture`.

    Parameters
    ----------
    path : str or Path

    Raises
    ------
    CheckpointError
        If it is missing or damaged, or holds another kind of model.
    """
    return _load(path, Predictor)


def _load(path: str | Path, kind: type[Any] | None) -> Checkpoint[Any]:
    file = find_model(path)
    contents = read_npz(file)
    extra = {name: value for name, value in contents.tensors.items() if name.startswith(_TRAINING)}
    if contents.meta["format_version"] == 1:
        extra = {name: _rows(name, value) for name, value in extra.items()}
    weights = {name: value for name, value in contents.tensors.items() if name not in extra}
    with as_checkpoint_error(file):
        model = learner_of(contents.meta, weights, kind)
        training = contents.meta.get("training", {})
        if not isinstance(training, dict):
            raise DamagedError("its training record is not an object")
    return Checkpoint(model, training, extra, contents.sha256, file)


def _rows(name: str, tensor: Tensor) -> Tensor:
    """Convert a tensor of format version 1 to version 2: states were (H, N) and are (N, H)."""
    return np.ascontiguousarray(tensor.T) if _STATE.match(name) else tensor
