"""`score`: the surprisal of each character of a text."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from io import StringIO
from itertools import chain
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from charlm.analysis.pieces import Pieces, characters_begun
from charlm.analysis.surprisal import Nats, Progress, document_surprisal, surprisal, with_progress
from charlm.config import OnUnknown
from charlm.display import NotebookValue
from charlm.models.predictor import Predictor, check_predictor

__all__ = ["Score", "score", "score_parts"]

_Part: TypeAlias = tuple[Nats, tuple[str, ...]]

_BLOCK = 2**16  # characters of lines that are read side by side


@dataclass(frozen=True, slots=True, eq=False)
class Score(NotebookValue):
    """The surprisal of each character of a text.

    Parameters
    ----------
    bits : ndarray of float64, shape (n,)
        −log₂ p of each piece given all before it; nan where the model predicts nothing.
    pieces : tuple of str, length n
        Characters, or graphemes for a model of graphemes: the text as the model reads it, normalised and without
        skipped characters.
    """

    bits: NDArray[np.float64]
    pieces: tuple[str, ...]


def score(
    model: Predictor, text: str, *, on_unknown: OnUnknown = "error", progress: Progress | None = None
) -> Score:
    """Measure the surprisal of each character of a text, read from zero state.

    The first character is not predicted (nan), unless the model has a stop symbol. Such a model of documents reads
    each non-blank line from zero state; the line feed has the surprisal of the document's end. Blank lines, which
    are no documents, have nan. For a model of bytes, a character has the sum over its bytes.

    Parameters
    ----------
    model : Predictor
    text : str
    on_unknown : {"error", "skip", "replace"}
        Treatment of characters outside the vocabulary.
    progress : callable, optional
        Called with the number of symbols predicted so far and their total.

    Returns
    -------
    Score

    Raises
    ------
    VocabularyError
        For a character outside the vocabulary.
    DivergedError
        If the model's output is not finite.
    """
    parts = list(score_parts(model, text, on_unknown=on_unknown, progress=progress))
    return Score(np.concatenate([part.bits for part in parts]), tuple(chain.from_iterable(p.pieces for p in parts)))


def score_parts(
    model: Predictor, text: str, *, on_unknown: OnUnknown = "error", progress: Progress | None = None
) -> Iterator[Score]:
    """Measure the surprisal as `score` does, and yield it part by part, at least one.

    Memory does not grow with the length of the text, but for the text itself and its ids.
    """
    check_predictor(model)
    stop_id = model.vocabulary.stop_id
    if stop_id is None:
        parts = _stream(model, text, on_unknown, progress)
    else:
        parts = _documents(model, text, stop_id, on_unknown, progress)
    for nats, names in parts:
        yield Score(nats / math.log(2), names)


def _stream(model: Predictor, text: str, on_unknown: OnUnknown, progress: Progress | None) -> Iterator[_Part]:
    vocabulary = model.vocabulary
    ids, begun = vocabulary.encode(text, on_unknown=on_unknown), characters_begun(vocabulary) > 0
    first, nats = 0, np.full(min(ids.size, 1), np.nan)  # of the piece that has no end yet
    for chunk in with_progress(surprisal(model, ids[:, None]), ids.size - 1, progress, size=len):
        nats = np.concatenate([nats, chunk[:, 0]])
        (begins,) = np.nonzero(begun[ids[first + 1 : first + len(nats)]])
        if begins.size:
            whole = begins[-1] + 1
            pieces = Pieces(vocabulary, ids[first : first + whole])
            yield pieces.sums(nats[:whole]), pieces.names
            first, nats = first + whole, nats[whole:]
    pieces = Pieces(vocabulary, ids[first:])
    yield pieces.sums(nats), pieces.names


def _documents(
    model: Predictor, text: str, stop_id: int, on_unknown: OnUnknown, progress: Progress | None
) -> Iterator[_Part]:
    yield np.empty(0), ()
    done = 0
    for lines in _blocks(text):
        bodies = [line.removesuffix("\n").removesuffix("\r") for line in lines]
        documents = {
            k: model.vocabulary.encode(body, on_unknown=on_unknown) for k, body in enumerate(bodies) if body.strip()
        }
        order = list(documents)
        nats = {order[k]: own for k, own in document_surprisal(model, list(documents.values()), stop_id)}
        done += sum(map(len, lines))
        if progress is not None:
            progress(done, len(text))
        for k, (line, body) in enumerate(zip(lines, bodies, strict=True)):
            if k not in documents:
                yield np.full(len(line), np.nan), tuple(line)
                continue
            pieces, end = Pieces(model.vocabulary, documents[k]), line[len(body) :]
            yield pieces.sums(nats[k][:-1]), pieces.names
            yield np.array([nats[k][-1] if c == "\n" else np.nan for c in end]), tuple(end)


def _blocks(text: str) -> Iterator[list[str]]:
    """Yield the lines of a text in blocks of a bounded size."""
    block: list[str] = []
    size = 0
    for line in StringIO(text, newline="\n"):
        block.append(line)
        size += len(line)
        if size >= _BLOCK:
            yield block
            block, size = [], 0
    yield block
