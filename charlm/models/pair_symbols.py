"""The symbols, labels and n-grams of a transducer: checks, descriptions and ids."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping, Sequence
from reprlib import repr as brief
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from charlm.config import OutputName, TransducerConfig, from_mapping
from charlm.errors import UsageError, VocabularyError
from charlm.nn.arrays import IdArray
from charlm.text.vocabulary import Vocabulary

__all__ = ["check_ngrams", "check_target", "encode", "label_ids", "ngrams_to_json", "read_description"]

Hashes: TypeAlias = NDArray[np.uint32]


def check_target(output: OutputName, target: Vocabulary | None, labels: Sequence[str]) -> None:
    """Raise an error for a target that does not fit the output: a vocabulary, or without one labels.

    Raises
    ------
    UsageError, VocabularyError
    """
    if (output == "label") is (target is not None):
        wanted = "labels" if output == "label" else "a vocabulary"
        raise UsageError(f"output {output} needs {wanted} as its target; give {wanted}, or change `output`")
    if target is None:
        if not all(isinstance(label, str) for label in labels):
            raise UsageError("a label is no text; all labels must be strings")
        if not labels or len(set(labels)) < len(labels):
            raise UsageError(f"{len(labels)} labels are none, or not all different; name each once")
    elif (output == "text") is (target.stop_id is None):
        needs = "needs a stop symbol, which ends the text" if output == "text" else "has no use for a stop symbol"
        raise VocabularyError(f"the vocabulary of output {output} {needs}; pass stop={output == 'text'}")


def check_ngrams(config: TransducerConfig, ngrams: Hashes | None) -> None:
    """Raise an error for n-grams where the configuration has none, or for none where it has some.

    Raises
    ------
    UsageError
    """
    if (config.ngrams > 0) is (ngrams is None):
        given, remedy = ("some", "leave `ngrams` out") if ngrams is not None else ("no", "pass `ngrams`")
        raise UsageError(f"{given} n-grams are given for a longest length of {config.ngrams}; {remedy}")


def ngrams_to_json(ngrams: Hashes) -> str:
    """Return hashes of n-grams as text, in base 64."""
    return base64.b64encode(ngrams.astype("<u4").tobytes()).decode("ascii")


def _ngrams_from_json(text: object) -> Hashes | None:
    """Read the result of `ngrams_to_json`, which is untrusted input; None for None.

    Raises
    ------
    UsageError
    """
    if text is None:
        return None
    try:
        ngrams = np.frombuffer(base64.b64decode(str(text), validate=True), "<u4").astype(np.uint32)
    except ValueError as error:
        raise UsageError("the n-grams are no hashes; the description is damaged") from error
    if not ngrams.size or not (ngrams[1:] > ngrams[:-1]).all():
        raise UsageError("the n-grams are not in ascending order; the description is damaged")
    return ngrams


def read_description(
    description: Mapping[str, Any],
) -> tuple[TransducerConfig, Vocabulary, Vocabulary | list[str], Hashes | None]:
    """Read a description by `Transducer.describe`, which is untrusted input.

    Returns
    -------
    config : TransducerConfig
    source : Vocabulary
    target : Vocabulary or list of labels
        Not checked by `check_target`.
    ngrams : ndarray of uint32, or None
        Not checked by `check_ngrams`.

    Raises
    ------
    UsageError, VocabularyError
        If the description is invalid.
    """
    model, labels = description.get("model"), description.get("labels")
    if not isinstance(model, dict):
        raise UsageError("there is no model configuration; the description is damaged")
    config, source = from_mapping(TransducerConfig, model), Vocabulary.from_json(description.get("source"))
    ngrams = _ngrams_from_json(description.get("ngrams"))
    if labels is None:
        return config, source, Vocabulary.from_json(description.get("target")), ngrams
    if not isinstance(labels, list):
        raise UsageError("the labels are no list; the description is damaged")
    return config, source, labels, ngrams


def encode(vocabulary: Vocabulary, text: str) -> IdArray:
    """Return the ids of a text; unknown symbols are replaced by ``<unk>``, if the vocabulary has it.

    Raises
    ------
    VocabularyError
        For an unknown symbol without ``<unk>``.
    """
    return vocabulary.encode(text, on_unknown=vocabulary.training_on_unknown)


def label_ids(labels: Sequence[str], given: Iterable[str]) -> list[IdArray]:
    """Return the id of each given label.

    Raises
    ------
    VocabularyError
        If one is not among them.
    """
    known, ids = {label: np.array([k]) for k, label in enumerate(labels)}, []
    for label in given:
        if label not in known:
            raise VocabularyError(f"the model has no label {label!r}; it has {brief(list(labels))}")
        ids.append(known[label])
    return ids
