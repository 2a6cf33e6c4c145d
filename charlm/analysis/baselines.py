"""The n-gram baseline of texts, without a run."""

from __future__ import annotations

import lzma
import math

import numpy as np

from charlm.analysis.ngram import Baseline, baseline
from charlm.config import OnUnknown, TrainConfig
from charlm.models.ngram import LONGEST_TRAINING, NgramModel
from charlm.nn.arrays import IdArray
from charlm.text.batches import document_stream, encode_documents, split
from charlm.text.vocabulary import Vocabulary

__all__ = ["corpus_baseline", "held_out_bits", "text_baseline"]


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


def held_out_bits(text: str) -> dict[str, float]:
    """Measure how well simple models and a compressor do on a text, in bits per character.

    Parameters
    ----------
    text : str
        Of a long one, its last two million characters.

    Returns
    -------
    dict of float
        ``1-gram`` to ``6-gram``: Kneser-Ney models of these orders, which learn all but the last tenth, on that
        tenth. ``xz``: the whole text in UTF-8, compressed; it learns while it reads, and has no held-out part.
    """
    used = text[-LONGEST_TRAINING:]
    vocabulary = Vocabulary.from_text(used)
    ids = vocabulary.encode(used)
    rest = len(ids) - len(ids) // 10
    bits: dict[str, float] = {}
    if rest < len(ids):
        nats = NgramModel(ids[:rest], len(vocabulary)).mean_nats(ids, skip=rest) / math.log(2)
        bits = {f"{k}-gram": float(value) for k, value in enumerate(nats, 1)}
    return bits | {"xz": 8 * len(lzma.compress(used.encode("utf-8", "surrogatepass"))) / len(used)}
