"""−ln p of every symbol of a text, in float64; the basis of `score` and `evaluate`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from charlm.models.learner import State, check_finite
from charlm.models.predictor import Predictor
from charlm.nn.arrays import IdArray, Resets
from charlm.nn.losses import target_nats

__all__ = ["Nats", "Progress", "chunk_steps", "document_surprisal", "surprisal", "with_progress"]

Nats: TypeAlias = NDArray[np.float64]
Progress: TypeAlias = Callable[[int, int], None]
"""Takes the number of symbols predicted so far and their total."""

_Part = TypeVar("_Part")

# numbers in the widest array of a chunk; a few such arrays take some 10 MB
_CHUNK = 2**20
# symbols, with padding, of documents that are read side by side
_BLOCK = 2**16


def surprisal(
    model: Predictor,
    ids: IdArray,
    state: State | None = None,
    *,
    resets: Resets | None = None,
    steps: int | None = None,
) -> Iterator[Nats]:
    """Read streams and yield the surprisal of each symbol after the first, in chunks of time.

    Memory does not grow with the length of the streams.

    Parameters
    ----------
    model : Predictor
    ids : ndarray of int, shape (T + 1, N)
    state : State, optional
        State before the first symbol; by default zero.
    resets : ndarray of bool, shape (T, N), optional
        Inputs before which their stream's state is set to zero.
    steps : int, optional
        Length of a chunk; by default `chunk_steps`.

    Yields
    ------
    ndarray, shape (t, N)
        Nats. The chunks' lengths t add up to T.

    Raises
    ------
    DivergedError
        If the model's output is not finite.
    """
    T, N = len(ids) - 1, ids.shape[1]
    steps = chunk_steps(model, N) if steps is None else steps
    for start in range(0, T, steps):
        window = ids[start : start + steps + 1].astype(np.intp)
        here = None if resets is None else resets[start : start + steps]
        logits, state = model.logits(window[:-1], state, resets=here)
        check_finite(logits)
        yield target_nats(logits, window[1:])


def chunk_steps(model: Predictor, streams: int) -> int:
    """Return the number of steps of a chunk, whose arrays are of a bounded size."""
    widest = max(len(model.vocabulary), 4 * model.hidden_size) * streams
    return max(1, _CHUNK // widest)


def document_surprisal(model: Predictor, documents: Sequence[IdArray], stop_id: int) -> Iterator[tuple[int, Nats]]:
    """Read each document from zero state and yield the surprisal of its symbols and of its end.

    Documents of similar length are read side by side, so the order changes.

    Parameters
    ----------
    model : Predictor
    documents : sequence of ndarray of int, each (n,)
        Without stop symbols.
    stop_id : int
        The symbol before the first and after the last of each document.

    Yields
    ------
    index : int
        The index of the document.
    nats : ndarray, shape (n + 1,)
    """
    order = sorted(range(len(documents)), key=lambda k: len(documents[k]), reverse=True)
    while order:
        T = len(documents[order[0]]) + 1
        N = max(1, _BLOCK // T)
        block, order = order[:N], order[N:]
        ids = np.full((T + 1, len(block)), stop_id, np.intp)  # padding comes after the end
        for column, k in enumerate(block):
            ids[1 : len(documents[k]) + 1, column] = documents[k]
        nats = np.concatenate(list(surprisal(model, ids)))
        for column, k in enumerate(block):
            yield k, nats[: len(documents[k]) + 1, column]


def with_progress(
    parts: Iterable[_Part], total: int, progress: Progress | None, *, size: Callable[[_Part], int]
) -> Iterator[_Part]:
    """Yield parts, and call `progress` before each with the symbols predicted so far and their total.

    Parameters
    ----------
    parts : iterable
    total : int
        Symbols of all parts.
    progress : callable, optional
    size : callable
        Returns the symbols of a part.
    """
    done = 0
    for part in parts:
        done += size(part)
        if progress is not None:
            progress(done, total)
        yield part
