"""Fine-tuning: the weights or the vocabulary of another model, for a run on a new text."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from charlm.checkpoint import find_model, load_predictor
from charlm.errors import UsageError
from charlm.models.ensemble import Ensemble, networks_of, side_by_side
from charlm.models.extension import extended, union
from charlm.models.language_model import CharModel
from charlm.text.vocabulary import Vocabulary

__all__ = ["learnt_networks", "model_from", "vocabulary_from"]

# settings that determine the weights; others, such as dropout, may differ in the new run
SHAPE = ("cell", "gru_reset", "hidden_size", "layers", "embedding_size", "dtype")
PREPARATION = ("unit", "normalize", "lowercase")


def vocabulary_from(source: str, settings: Mapping[str, Any]) -> Vocabulary:
    """Return the vocabulary of another model.

    Parameters
    ----------
    source : str
        A checkpoint or run folder.
    settings : mapping
        Arguments of `Vocabulary.from_text` that were given.

    Raises
    ------
    UsageError
        If a setting contradicts the vocabulary.
    CheckpointError
        If there is no such model.
    """
    vocabulary = load_predictor(source).model.vocabulary
    _check_agreement(source, vocabulary, settings, PREPARATION)
    return vocabulary


def learnt_networks(source: str) -> tuple[CharModel, ...]:
    """Return the networks of another model, whose weights a new run continues: one, or all of a mixture.

    Raises
    ------
    UsageError
        If it has none, or a mixture has networks of different shapes.
    CheckpointError
        If there is no such model, or it is damaged.
    """
    found = load_predictor(source).model
    networks = networks_of(found)
    if not networks or any(one.config != networks[0].config for one in networks):
        what = "has networks of different shapes" if networks else "has counts alone"
        raise UsageError(f"`init_from` {source!r} {what}; give a model whose networks have one shape")
    return networks


def model_from(
    source: str,
    networks: Sequence[CharModel],
    text: str,
    *,
    model: Mapping[str, Any],
    vocabulary: Mapping[str, Any],
    seed: int,
) -> tuple[CharModel | Ensemble, dict[str, Any]]:
    """Return a model with the weights of another, extended by the symbols of a text.

    Parameters
    ----------
    source : str
        A checkpoint or run folder.
    networks : sequence of CharModel
        Those of `learnt_networks`.
    text : str
        Contains all symbols that the new model must know.
    model : mapping
        Settings of `ModelConfig` that were given.
    vocabulary : mapping
        Arguments of `Vocabulary.from_text`; None if not given.
    seed : int
        Of the initial weights of new symbols; each next network has one more.

    Returns
    -------
    model : CharModel or Ensemble
    origin : dict
        Path and checksum of the file, and the number of new symbols, to be stored with the run.

    Raises
    ------
    UsageError
        If a setting contradicts the model.
    """
    path = find_model(source)
    with path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    old = networks[0]
    _check_agreement(source, old.config, model, SHAPE)
    _check_agreement(source, old.vocabulary, vocabulary, PREPARATION)
    preparation = {name: getattr(old.vocabulary, name) for name in PREPARATION}
    symbols = union(old.vocabulary, Vocabulary.from_text(text, **{**vocabulary, **preparation}))
    config = dataclasses.replace(old.config, **model)
    again = [CharModel.from_tensors(config, old.vocabulary, one.tensors()) for one in networks]
    new = side_by_side([extended(one, symbols, seed=seed + k) for k, one in enumerate(again)])
    new_symbols = len(symbols) - len(old.vocabulary)
    return new, {"init_from": str(path), "init_sha256": sha256, "new_symbols": new_symbols}


def _check_agreement(source: str, owner: object, given: Mapping[str, Any], names: Sequence[str]) -> None:
    """Raise an error for settings that differ from those of the model or vocabulary."""
    for name in names:
        wanted, present = given.get(name), getattr(owner, name)
        if wanted is not None and wanted != present:
            raise UsageError(
                f"`{name}={wanted}` contradicts {source!r}, whose {name.replace('_', '-')} is {present} and stays "
                f"so; leave `{name}` out, or train a new model"
            )
