"""From text to what training reads: ids, batches, and the held-out part."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from charlm.config import TrainConfig
from charlm.errors import CorpusError, UsageError
from charlm.nn.arrays import IdArray
from charlm.text.batches import (
    Batches,
    DocumentBatches,
    MinCharRnnBatches,
    RandomBatches,
    SequentialBatches,
    split,
    split_documents,
)
from charlm.text.vocabulary import Vocabulary

__all__ = ["Data", "HeldOut", "load_data", "make_batches"]


@dataclass(frozen=True, slots=True, eq=False)
class HeldOut:
    """Text to validate on, as one stream of predictions.

    Parameters
    ----------
    inputs, targets : ndarray of int, shape (n,)
    resets : ndarray of bool, shape (n,)
        True at the first prediction of a document.
    warmup : int
        So many predictions at the start only warm the state up and are not counted.
    """

    inputs: IdArray
    targets: IdArray
    resets: NDArray[np.bool_]
    warmup: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Data:
    """A text as training reads it.

    Parameters
    ----------
    train : ndarray of int, shape (n,), or sequence of such
        The training ids; one array a document with ``documents``.
    held_out : HeldOut, optional
    characters : int
        Training symbols.
    """

    train: IdArray | Sequence[IdArray]
    held_out: HeldOut | None
    characters: int


WARMUP = 256


def load_data(vocabulary: Vocabulary, text: str, config: TrainConfig, validation: str | None = None) -> Data:
    """Encode a text and hold a part of it out.

    Parameters
    ----------
    vocabulary : Vocabulary
    text : str
    config : TrainConfig
        For `documents`, `val_frac` and `seed`.
    validation : str, optional
        A text of its own to validate on, in place of a share of `text`. Where that share would leave nothing
        to train on, nothing is held out.

    Raises
    ------
    CorpusError
        If nothing is left to train on.
    UsageError
        If `documents` is asked of a vocabulary without a stop symbol.
    VocabularyError
        If a text has symbols that the vocabulary has not.
    """
    if config.documents:
        return _load_documents(vocabulary, text, config, validation)
    ids = _encode(vocabulary, text)
    if validation is None:
        train, rest = split(ids, config.val_frac)
    else:
        train, rest = ids, _encode(vocabulary, validation)
    if len(train) < 2 <= len(ids):
        train, rest = ids, ids[:0]  # too short to hold anything out
    if len(train) < 2:
        raise CorpusError(f"the text has {len(ids)} symbols; training needs at least 2, and more to learn anything")
    if validation is None and len(rest):
        lead = train[-WARMUP - 1 :]  # the held-out part continues the training part
        return Data(train, _held_out([np.concatenate([lead, rest])], warmup=len(lead) - 1), len(train))
    return Data(train, _held_out([rest]) if len(rest) > 1 else None, len(train))


def _load_documents(vocabulary: Vocabulary, text: str, config: TrainConfig, validation: str | None) -> Data:
    stop = vocabulary.stop_id
    if stop is None:
        raise UsageError(
            "`documents=True` needs a vocabulary with a stop symbol; train a new model with `documents=True`"
        )
    documents = [_encode(vocabulary, document) for document in split_documents(text)]
    if not documents:
        raise CorpusError("the text has no line that is not blank; give one with a document on each line")
    if validation is None:
        order = np.random.default_rng(config.seed).permutation(len(documents))
        kept, others = split(order, config.val_frac)
        train, held_out = ([documents[k] for k in np.sort(part)] for part in (kept, others))
        if not train:
            train, held_out = held_out, []  # too few to hold any out
    else:
        train, held_out = documents, [_encode(vocabulary, document) for document in split_documents(validation)]
    bounded = [np.concatenate([[stop], document, [stop]]) for document in held_out]
    return Data(train, _held_out(bounded) if bounded else None, sum(map(len, train)) + len(train))


def _encode(vocabulary: Vocabulary, text: str) -> IdArray:
    return vocabulary.encode(text, on_unknown="error" if vocabulary.unknown_id is None else "replace")


def _held_out(sequences: Sequence[IdArray], warmup: int = 0) -> HeldOut:
    resets = [np.arange(len(ids) - 1) == 0 for ids in sequences]
    return HeldOut(
        np.concatenate([ids[:-1] for ids in sequences]).astype(np.intp),
        np.concatenate([ids[1:] for ids in sequences]).astype(np.intp),
        np.concatenate(resets),
        warmup,
    )


def make_batches(data: Data, config: TrainConfig, stop_id: int | None, rng: np.random.Generator) -> Batches:
    """Build what hands out the windows that a configuration asks for."""
    N, T, shortest = config.batch_size, config.seq_length, config.seq_length_min
    if isinstance(data.train, Sequence):
        if stop_id is None:
            raise UsageError("documents need a vocabulary with a stop symbol; make it with stop=True")
        return DocumentBatches(data.train, stop_id=stop_id, streams=N, length=T, rng=rng, shortest=shortest)
    match config.sampling:
        case "random":
            return RandomBatches(data.train, streams=N, length=T, rng=rng, shortest=shortest)
        case "min-char-rnn":
            if N > 1:
                raise UsageError(f"sampling min-char-rnn reads one stream, not {N}; give `batch_size=1`")
            return MinCharRnnBatches(data.train, length=T)
        case "sequential":
            return SequentialBatches(
                data.train, streams=N, length=T, rng=rng, shortest=shortest, state_reset=config.state_reset
            )
