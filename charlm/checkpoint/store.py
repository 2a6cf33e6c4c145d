"""Saving and loading of models."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, overload

import numpy as np

from charlm.checkpoint.archive import DamagedError
from charlm.checkpoint.locate import COMMANDS_OF_KIND, find_model
from charlm.checkpoint.npy import Tensor
from charlm.checkpoint.npz import read_npz, write_npz
from charlm.checkpoint.reading_errors import as_checkpoint_error
from charlm.config import ModelConfig, from_mapping
from charlm.errors import CharlmError, CheckpointError, UsageError, VocabularyError
from charlm.models.language_model import CharModel
from charlm.models.learner import Learner, LearnerT
from charlm.models.series import SeriesModel
from charlm.models.transducer import Transducer
from charlm.nn.arrays import Shape
from charlm.nn.parameters import ParameterStore
from charlm.text.vocabulary import Vocabulary

__all__ = ["Checkpoint", "load", "load_checkpoint", "save"]

_TRAINING = ("optimizer.", "ema.", "state.", "rollback.")
_KINDS: dict[str, type[Learner]] = {kind.kind: kind for kind in (CharModel, SeriesModel, Transducer)}
_STATE = re.compile(r"(rollback\.\d+\.)?state\.")


@dataclass(frozen=True, slots=True)
class Checkpoint(Generic[LearnerT]):
    """The contents of a checkpoint file.

    Parameters
    ----------
    model : Learner
        A `CharModel`, or a learner of the given kind.
    training : dict
        The training record; empty for a model without one.
    tensors : dict of str to ndarray
        The tensors of training: ``optimizer.…``, ``ema.…``, ``state.…``, ``rollback.…``.
    sha256 : dict of str to str
        Checksum of every tensor, the model's included, in hexadecimal.
    path : Path
        The file.
    """

    model: LearnerT
    training: dict[str, Any]
    tensors: dict[str, Tensor]
    sha256: dict[str, str]
    path: Path


def save(
    model: Learner,
    path: str | Path,
    *,
    training: Mapping[str, Any] | None = None,
    tensors: Mapping[str, Tensor] | None = None,
) -> None:
    """Write a model to a file, atomically: after any failure the file is the old one or the new one.

    Parameters
    ----------
    model : CharModel or Learner
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
    meta = {"kind": model.kind, **model.describe(), "training": dict(training or {})}
    write_npz(Path(path), meta, {**model.params, **extra})


@overload
def load(path: str | Path) -> Any: ...
@overload
def load(path: str | Path, kind: type[LearnerT]) -> LearnerT: ...
def load(path: str | Path, kind: type[Any] | None = None) -> Any:
    """Read a model from a checkpoint file or a run (its ``best.npz``, else its ``last.npz``).

    Parameters
    ----------
    path : str or Path
        A file or folder, or the name of a run under ``checkpoints``.
    kind : type, optional
        The expected class of the model; by default a `CharModel`, a `Transducer` or a `SeriesModel`.

    Returns
    -------
    CharModel, Transducer or SeriesModel, or a learner of `kind`

    Raises
    ------
    CheckpointError
        If it is missing or damaged, or holds another kind of learner.
    """
    return load_checkpoint(path, kind).model


@overload
def load_checkpoint(path: str | Path) -> Checkpoint[CharModel]: ...
@overload
def load_checkpoint(path: str | Path, kind: type[LearnerT]) -> Checkpoint[LearnerT]: ...
@overload
def load_checkpoint(path: str | Path, kind: None) -> Checkpoint[Any]: ...
def load_checkpoint(path: str | Path, kind: type[Any] | None = CharModel) -> Checkpoint[Any]:
    """Read a checkpoint file, or that of a run folder.

    Parameters
    ----------
    path : str or Path
    kind : type or None
        The expected class of the learner; another kind is an error, and no other class is built. With None it is a
        `CharModel`, a `Transducer` or a `SeriesModel`.

    Raises
    ------
    CheckpointError
        If it is missing or damaged, or holds another kind of learner.
    """
    file = find_model(path)
    contents = read_npz(file)
    extra = {name: value for name, value in contents.tensors.items() if name.startswith(_TRAINING)}
    if contents.meta["format_version"] == 1:
        extra = {name: _rows(name, value) for name, value in extra.items()}
    weights = {name: value for name, value in contents.tensors.items() if name not in extra}
    with as_checkpoint_error(file):
        model = _learner(contents.meta, weights, kind)
        training = contents.meta.get("training", {})
        if not isinstance(training, dict):
            raise DamagedError("its training record is not an object")
    return Checkpoint(model, training, extra, contents.sha256, file)


def _learner(meta: Mapping[str, Any], weights: Mapping[str, Tensor], kind: type[Learner] | None) -> Learner:
    found = meta.get("kind", CharModel.kind)  # the only kind of the first files
    if kind is None:
        kind = _KINDS.get(found) if isinstance(found, str) else None
        if kind is None:
            raise DamagedError(f"it holds a {str(found)[:40]}", "name its class: charlm.load(path, MyLearner)")
    if found != kind.kind:
        remedy = COMMANDS_OF_KIND.get(str(found), "use another checkpoint")
        raise DamagedError(f"it holds a {str(found)[:40]}, not a {kind.kind}", remedy)
    if kind is CharModel:
        return _model(meta, weights)
    try:
        if kind is Transducer or kind is SeriesModel:
            _check_shapes(kind.tensor_shapes(meta), weights)
        learner = kind.build(meta)
    except (AttributeError, CharlmError, KeyError, TypeError, ValueError) as error:
        cause = str(error).replace("`", "")  # names in the file, not flags of the command line
        raise DamagedError(f"its {kind.kind} does not fit together: {cause}") from error
    _fill_(learner.params, weights)
    return learner


def _check_shapes(shapes: Mapping[str, Shape], weights: Mapping[str, Tensor]) -> None:
    """Raise an error for tensors of other names or shapes, before any allocation."""
    odd = sorted(set(shapes) ^ set(weights))
    if odd:
        raise DamagedError(f"tensor {odd[0]} is {'missing' if odd[0] in shapes else 'not of this learner'}")
    for name, shape in shapes.items():
        if weights[name].shape != shape:
            raise DamagedError(f"tensor {name} has shape {weights[name].shape}; this learner needs {shape}")


def _fill_(params: ParameterStore, weights: Mapping[str, Tensor]) -> None:
    """Copy tensors of the same names, shapes and type into a store, in place."""
    _check_shapes(params.shapes, weights)
    for name, tensor in params.items():
        found = weights[name]
        if found.dtype != tensor.dtype:
            raise DamagedError(f"tensor {name} is {found.dtype}; this learner needs {tensor.dtype}")
        tensor[...] = found


def _rows(name: str, tensor: Tensor) -> Tensor:
    """Convert a tensor of format version 1 to version 2: states were (H, N) and are (N, H)."""
    return np.ascontiguousarray(tensor.T) if _STATE.match(name) else tensor


def _model(meta: Mapping[str, Any], weights: Mapping[str, Tensor]) -> CharModel:
    config, vocabulary = meta.get("model"), meta.get("vocabulary")
    if not isinstance(config, dict) or not isinstance(vocabulary, dict):
        raise DamagedError("it has no model configuration or no vocabulary")
    try:
        settings = from_mapping(ModelConfig, config)
        _check_types(settings, weights)
        return CharModel.from_tensors(settings, Vocabulary.from_json(vocabulary), weights)
    except (CheckpointError, UsageError, VocabularyError) as error:
        cause = str(error).replace("`", "")  # names in the file, not flags of the command line
        raise DamagedError(f"its model does not fit together: {cause}") from error


def _check_types(config: ModelConfig, weights: Mapping[str, Tensor]) -> None:
    """Raise an error for tensors of another type than the model's, such as bytes."""
    for name, tensor in weights.items():
        if tensor.dtype != config.dtype:
            raise DamagedError(f"tensor {name} is {tensor.dtype} in a model of {config.dtype}")
