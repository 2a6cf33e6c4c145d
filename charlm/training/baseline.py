"""What a run's loss is to be held against: guessing, an n-gram model, and the true entropy where it is known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from charlm.analysis.ngram import LONGEST_TEST, baseline
from charlm.analysis.text_baseline import joined
from charlm.text.builtin import NAMES, true_entropy
from charlm.text.corpus import BUILTIN
from charlm.text.vocabulary import Vocabulary
from charlm.training.data import Data

__all__ = ["measure_baseline"]


def measure_baseline(data: Data, vocabulary: Vocabulary, origin: Mapping[str, Any]) -> dict[str, Any] | None:
    """Fit an n-gram model to a run's training text and test it on what the run validates on.

    Parameters
    ----------
    data : Data
    vocabulary : Vocabulary
    origin : mapping
        Where the text came from.

    Returns
    -------
    dict or None
        The fields of `charlm.analysis.ngram.Baseline`, in nats per symbol as the validation loss is, and
        ``true_nats``, None where it is not known. None if nothing is held out.
    """
    if data.held_out is None:
        return None
    # one stream of predictions, each target the next input; not more of it than will be looked at, and one
    needed = data.held_out.warmup + 1 + LONGEST_TEST + 1
    test = np.concatenate([data.held_out.inputs[:needed], data.held_out.targets[-1:]])
    train = joined(data.train, vocabulary.stop_id or 0) if isinstance(data.train, Sequence) else data.train
    found = baseline(train, test, len(vocabulary), skip=data.held_out.warmup + 1)
    return None if found is None else {**found.to_json(), "true_nats": _true_nats(vocabulary, origin)}


def _true_nats(vocabulary: Vocabulary, origin: Mapping[str, Any]) -> float | None:
    """Return the entropy of a text that charlm made itself and that the model reads as it is."""
    sources = origin.get("sources")
    if not isinstance(sources, list) or len(sources) != 1 or origin.get("val_file") is not None:
        return None
    name = str(sources[0]).removeprefix(BUILTIN)
    as_it_is = vocabulary.unit in ("char", "byte") and not vocabulary.lowercase and vocabulary.unknown_id is None
    if str(sources[0]) == name or name not in NAMES or not as_it_is:
        return None
    entropy = true_entropy(name)
    return None if entropy is None else entropy.nats
