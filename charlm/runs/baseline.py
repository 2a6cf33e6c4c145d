"""Baselines for a run's loss: a uniform guess, an n-gram model, and the true entropy of a synthetic text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from charlm.analysis.ngram import LONGEST_TEST, baseline
from charlm.nn.arrays import IdArray
from charlm.text.batches import document_stream
from charlm.text.builtin import NAMES, true_entropy
from charlm.text.corpus import BUILTIN
from charlm.text.vocabulary import Vocabulary

__all__ = ["measure_baseline"]


def measure_baseline(
    train: IdArray | Sequence[IdArray],
    test: IdArray,
    vocabulary: Vocabulary,
    origin: Mapping[str, Any],
    *,
    skip: int,
) -> dict[str, Any] | None:
    """Fit an n-gram model to a run's training text and test it on its validation text.

    Parameters
    ----------
    train : ndarray of int, shape (n,), or sequence of such
        The training ids; one array for each document.
    test : ndarray of int, shape (m,)
        The ids of the validation text.
    vocabulary : Vocabulary
    origin : mapping
        The origin of the text.
    skip : int
        Number of ids at the start of `test` that are context only.

    Returns
    -------
    dict or None
        The fields of `charlm.analysis.ngram.Baseline`, in nats per symbol like the validation loss, and
        ``true_nats``, None if it is not known. None if the texts are too short.
    """
    ids = document_stream(train, vocabulary.stop_id or 0) if isinstance(train, Sequence) else train
    found = baseline(ids, test[: skip + LONGEST_TEST + 1], len(vocabulary), skip=skip)
    return None if found is None else {**found.to_json(), "true_nats": _true_nats(vocabulary, origin)}


def _true_nats(vocabulary: Vocabulary, origin: Mapping[str, Any]) -> float | None:
    """Return the entropy of a synthetic built-in text that the model reads unchanged; None for any other."""
    sources = origin.get("sources")
    if not isinstance(sources, list) or len(sources) != 1 or origin.get("val_file") is not None:
        return None
    name = str(sources[0]).removeprefix(BUILTIN)
    unchanged = vocabulary.unit in ("char", "byte") and not vocabulary.lowercase and vocabulary.unknown_id is None
    if str(sources[0]) == name or name not in NAMES or not unchanged:
        return None
    entropy = true_entropy(name)
    return None if entropy is None else entropy.nats
