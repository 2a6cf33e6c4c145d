"""`score`: how much each character of a text surprises a model."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from io import StringIO
from itertools import chain, count
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from charlm.analysis.surprisal import Nats, Progress, document_surprisal, surprisal, told
from charlm.analysis.symbols import Pieces
from charlm.config import OnUnknown
from charlm.models.language_model import CharModel
from charlm.models.learner import check_kind
from charlm.text.batches import encode_documents

__all__ = ["Score", "score"]

_Part: TypeAlias = tuple[Nats, tuple[str, ...]]


@dataclass(frozen=True, slots=True, eq=False)
class Score:
    """The surprisal of each character of a text.

    Parameters
    ----------
    bits : ndarray of float64, shape (n,)
        −log₂ p of each piece given all before it; nan where the model predicts nothing.
    pieces : tuple of str, length n
        What each entry belongs to: a character; for a model of graphemes, a grapheme. The text as the model read
        it, so after its normalisation and without characters that were skipped.
    """

    bits: NDArray[np.float64]
    pieces: tuple[str, ...]


def score(
    model: CharModel, text: str, *, on_unknown: OnUnknown = "error", progress: Progress | None = None
) -> Score:
    """Measure the surprisal of each character of a text, read from zero state.

    The first character is not predicted (nan), unless the model has a stop symbol. Such a model of documents
    reads each non-blank line afresh; a line's feed has the surprisal of the line ending there, and blank lines,
    which are no documents, have nan.

    A model of bytes gives a character the sum over its bytes.

    Parameters
    ----------
    model : CharModel
    text : str
    on_unknown : {"error", "skip", "replace"}
        What becomes of characters that the model does not know.
    progress : callable, optional
        Called now and then with how many symbols have been predicted, and of how many.

    Returns
    -------
    Score

    Raises
    ------
    VocabularyError
        For a character that the model does not know.
    DivergedError
        If the model's output is not finite.
    """
    check_kind(model, CharModel)
    stop_id = model.vocabulary.stop_id
    if stop_id is None:
        parts = _stream(model, text, on_unknown, progress)
    else:
        parts = _documents(model, text, stop_id, on_unknown, progress)
    nats, names = zip(*parts, strict=True)
    return Score(np.concatenate(nats) / math.log(2), tuple(chain.from_iterable(names)))


def _stream(model: CharModel, text: str, on_unknown: OnUnknown, progress: Progress | None) -> Iterator[_Part]:
    ids = model.vocabulary.encode(text, on_unknown=on_unknown)
    pieces = Pieces(model.vocabulary, ids)
    first = np.full(min(ids.size, 1), np.nan)
    chunks = told(surprisal(model, ids[:, None]), ids.size - 1, progress, size=len)
    nats = np.concatenate([first, *(chunk[:, 0] for chunk in chunks)])
    yield pieces.sums(nats), pieces.names


def _documents(
    model: CharModel, text: str, stop_id: int, on_unknown: OnUnknown, progress: Progress | None
) -> Iterator[_Part]:
    documents = encode_documents(model.vocabulary, text, on_unknown=on_unknown)
    symbols = sum(ids.size + 1 for ids in documents)
    each = document_surprisal(model, documents, stop_id)
    nats = dict(told(each, symbols, progress, size=lambda part: len(part[1])))
    yield np.empty(0), ()
    read = count()
    for line in StringIO(text, newline="\n"):
        body = line.removesuffix("\n").removesuffix("\r")
        if not body.strip():  # no document
            yield np.full(len(line), np.nan), tuple(line)
            continue
        k = next(read)
        pieces, end = Pieces(model.vocabulary, documents[k]), line[len(body) :]
        yield pieces.sums(nats[k][:-1]), pieces.names
        yield np.array([nats[k][-1] if c == "\n" else np.nan for c in end]), tuple(end)
