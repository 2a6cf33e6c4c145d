"""Models to files and back."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from charlm.checkpoint.archive import DamagedError
from charlm.checkpoint.locate import find_model
from charlm.checkpoint.npy import Tensor
from charlm.checkpoint.npz import read_npz, write_npz
from charlm.checkpoint.reading_errors import explained
from charlm.config import ModelConfig, from_mapping
from charlm.errors import CheckpointError, UsageError, VocabularyError
from charlm.model import CharModel
from charlm.text.vocabulary import Vocabulary

__all__ = ["Checkpoint", "load", "load_checkpoint", "save"]

_TRAINING = ("optimizer.", "ema.", "state.", "rollback.")
_STATE = re.compile(r"(rollback\.\d+\.)?state\.")


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a checkpoint file holds.

    Parameters
    ----------
    model : CharModel
    training : dict
        What the training loop stored about itself; empty for a model saved by hand.
    tensors : dict of str to ndarray
        The tensors that are not the model's: ``optimizer.…``, ``ema.…``, ``state.…``,
        ``rollback.…``.
    sha256 : dict of str to str
        Checksum of every tensor, the model's included, in hexadecimal.
    path : Path
        The file.
    """

    model: CharModel
    training: dict[str, Any]
    tensors: dict[str, Tensor]
    sha256: dict[str, str]
    path: Path


def save(
    model: CharModel,
    path: str | Path,
    *,
    training: Mapping[str, Any] | None = None,
    tensors: Mapping[str, Tensor] | None = None,
) -> None:
    """Write a model to a file, atomically: whatever happens, the file is the old one or the new one.

    Parameters
    ----------
    model : CharModel
    path : str or Path
        The file, in a folder that exists; one that is there is replaced.
    training : mapping, optional
        JSON-able facts of a training run, to be found again in `Checkpoint.training`.
    tensors : mapping of str to ndarray, optional
        A training run's own tensors, named ``optimizer.…``, ``ema.…``, ``state.…`` or
        ``rollback.…``.

    Raises
    ------
    DiskError
        If the system refuses to write.
    UsageError
        If `training` is not JSON-able, or a tensor's name or type does not fit.
    """
    extra = dict(tensors or {})
    for name in extra:
        if not name.startswith(_TRAINING):
            raise UsageError(f"tensor {name!r} is no training tensor; begin its name with {', '.join(_TRAINING)}")
    meta = {
        "model": dataclasses.asdict(model.config),
        "vocabulary": model.vocabulary.to_json(),
        "training": dict(training or {}),
    }
    write_npz(Path(path), meta, {**model.tensors(), **extra})


def load(path: str | Path) -> CharModel:
    """Read a model from a checkpoint file or a run (its ``best.npz``, else its ``last.npz``).

    Parameters
    ----------
    path : str or Path
        A file or folder, else the name of a run under ``checkpoints``.

    Raises
    ------
    CheckpointError
        If it is missing or damaged.
    """
    return load_checkpoint(path).model


def load_checkpoint(path: str | Path) -> Checkpoint:
    """Read all that a checkpoint file, or a run folder's, holds.

    Raises
    ------
    CheckpointError
        If it is missing or damaged.
    """
    file = find_model(path)
    contents = read_npz(file)
    extra = {name: value for name, value in contents.tensors.items() if name.startswith(_TRAINING)}
    if contents.meta["format_version"] == 1:
        extra = {name: _rows(name, value) for name, value in extra.items()}
    weights = {name: value for name, value in contents.tensors.items() if name not in extra}
    with explained(file):
        model = _model(contents.meta, weights)
        training = contents.meta.get("training", {})
        if not isinstance(training, dict):
            raise DamagedError("its training record is not an object")
    return Checkpoint(model, training, extra, contents.sha256, file)


def _rows(name: str, tensor: Tensor) -> Tensor:
    """Return a tensor of format version 1 as version 2 has it: states were (H, N) and are (N, H)."""
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
        # the parts know what is wrong, only here is it known where
        cause = str(error).replace("`", "")  # the file's names, and no flags of the command line
        raise DamagedError(f"its model does not fit together: {cause}") from error


def _check_types(config: ModelConfig, weights: Mapping[str, Tensor]) -> None:
    """Refuse what arrays can hold and a model cannot, such as weights of bytes."""
    for name, tensor in weights.items():
        if tensor.dtype != config.dtype:
            raise DamagedError(f"tensor {name} is {tensor.dtype} in a model of {config.dtype}")
