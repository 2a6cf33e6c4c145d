"""The n-gram baseline of texts, without a run."""

from __future__ import annotations

import numpy as np

from charlm.analysis.ngram import Baseline, baseline
from charlm.config import OnUnknown, TrainConfig
from charlm.nn.arrays import IdArray
from charlm.text.batches import document_stream, encode_documents, split
from charlm.text.vocabulary import Vocabulary

__all__ = ["corpus_baseline", "text_baseline"]


def text_baseline(
    vocabulary: Vocabulary, train: str, test: str, *, on_unknown: OnUnknown = "error"
) -> Baseline | None:
    """Fit an n-gram model to one text and test it on another, over the symbols of a vocabulary.

    Parameters
    ----------
    vocabulary : Vocabulary
        With a stop symbol, every non-blank line is a document.
    train, test : str
    on_unknown : {"error", "skip", "replace"}
        Treatment of characters outside the vocabulary.

    Returns
    -------
    Baseline or None
        In nats per symbol, as for `charlm.evaluate`; None if there is nothing to learn from or to predict.

    Raises
    ------
    VocabularyError
        For a character outside the vocabulary.
    """

    def stream(text: str) -> IdArray:
        if vocabulary.stop_id is None:
            return vocabulary.encode(text, on_unknown=on_unknown)
        return document_stream(encode_documents(vocabulary, text, on_unknown=on_unknown), vocabulary.stop_id)

    return baseline(stream(train), stream(test), len(vocabulary))


def corpus_baseline(text: str) -> Baseline | None:
    """Split a text as training does, and test an n-gram model of characters on the held-out part."""
    vocabulary = Vocabulary.from_text(text)
    train, rest = split(vocabulary.encode(text), TrainConfig().val_frac)
    return baseline(train, np.concatenate([train[-1:], rest]), len(vocabulary))
