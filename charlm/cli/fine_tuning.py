"""What ``--init-from`` and ``--vocab-from`` take from another model, and which flags contradict it."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Mapping
from typing import Any

from charlm.checkpoint import find_model, load_checkpoint
from charlm.errors import UsageError
from charlm.models.extension import extended, union
from charlm.models.language_model import CharModel
from charlm.text.vocabulary import Vocabulary

__all__ = ["knows_documents", "model_from", "vocabulary_from"]

# settings without weights of their own, dropout for example, may be others in the new run
SHAPE = {
    "cell": "--model",
    "gru_reset": "--gru-reset",
    "hidden_size": "--hidden-size",
    "layers": "--layers",
    "embedding_size": "--embedding-size",
    "dtype": "--dtype",
}
PREPARATION = {"unit": "--unit", "normalize": "--normalize", "lowercase": "--lowercase"}


def vocabulary_from(source: str, flags: Mapping[str, Any]) -> Vocabulary:
    """Take the vocabulary of another model.

    Raises
    ------
    UsageError
        If a flag contradicts it.
    CheckpointError
        If there is no such model.
    """
    vocabulary = load_checkpoint(source).model.vocabulary
    _refuse_contradictions(source, vocabulary, flags, PREPARATION)
    return vocabulary


def knows_documents(source: str) -> bool:
    """Tell whether a model writes documents: texts of their own, each with a stop symbol at its end.

    Raises
    ------
    CheckpointError
        If there is no such model, or it is damaged.
    """
    return load_checkpoint(source).model.vocabulary.stop_id is not None


def model_from(
    source: str, text: str, *, model_flags: Mapping[str, Any], vocabulary_flags: Mapping[str, Any], seed: int
) -> tuple[CharModel, dict[str, Any]]:
    """Take the weights of another model, and extend it by the symbols of a text.

    Parameters
    ----------
    source : str
        A checkpoint or run folder.
    text : str
        With all symbols that the new model must know.
    model_flags : mapping
        Settings of `ModelConfig` that were given.
    vocabulary_flags : mapping
        Arguments of `Vocabulary.from_text`; None where nothing was said.
    seed : int
        Draws the new symbols' start weights.

    Returns
    -------
    model : CharModel
    origin : dict
        Path and checksum of the file, and how many symbols are new, to be stored with the run.

    Raises
    ------
    UsageError
        If a flag contradicts the model.
    CheckpointError
        If there is no such model.
    """
    path = find_model(source)
    with path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    model = load_checkpoint(path).model
    _refuse_contradictions(source, model.config, model_flags, SHAPE)
    _refuse_contradictions(source, model.vocabulary, vocabulary_flags, PREPARATION)
    preparation = {name: getattr(model.vocabulary, name) for name in PREPARATION}
    vocabulary = union(model.vocabulary, Vocabulary.from_text(text, **{**vocabulary_flags, **preparation}))
    config = dataclasses.replace(model.config, **model_flags)
    start = extended(CharModel.from_tensors(config, model.vocabulary, model.tensors()), vocabulary, seed=seed)
    new_symbols = len(vocabulary) - len(model.vocabulary)
    return start, {"init_from": str(path), "init_sha256": sha256, "new_symbols": new_symbols}


def _refuse_contradictions(source: str, owner: object, given: Mapping[str, Any], flags: Mapping[str, str]) -> None:
    """Compare what was given with what the model has; `flags` are the names of settings and of their flags."""
    for name, flag in flags.items():
        wanted, there = given.get(name), getattr(owner, name)
        if wanted is not None and wanted != there:
            said = flag if wanted is True else f"{flag} {wanted}"
            raise UsageError(
                f"{said} contradicts {source!r}, whose {name.replace('_', '-')} is {there} and stays so; "
                f"leave {flag} out, or train a new model"
            )
