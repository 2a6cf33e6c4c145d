"""How much the characters of a conversation surprise its model, each read where it was read or written."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from charlm.analysis.symbols import Pieces
from charlm.config import OnUnknown
from charlm.conversation.turns import Turn
from charlm.errors import DivergedError
from charlm.generation import Position, first_input
from charlm.models.language_model import CharModel
from charlm.nn.losses import target_nats
from charlm.nn.stack import map_state

__all__ = ["surprisal"]

_CHUNK = 1024


def surprisal(
    model: CharModel, last: Turn | None, on_unknown: OnUnknown, most: int
) -> tuple[list[str], list[float]]:
    """Read the end of a text again, turn by turn from where the model stood.

    Parameters
    ----------
    model : CharModel
    last : Turn or None
        The text's last turn.
    on_unknown : {"error", "skip", "replace"}
        What becomes of characters that the model does not know.
    most : int
        Characters, counted from the end; graphemes for a model of graphemes.

    Returns
    -------
    pieces : list of str
        Characters (graphemes) as the model read them.
    bits : list of float
        −log₂ p of each; nan where the model predicted nothing.

    Raises
    ------
    VocabularyError
        For a character that the model does not know.
    DivergedError
        If the model's output is not finite.
    """
    names: list[str] = []
    bits: list[float] = []
    while last is not None and len(names) < most:
        found: list[tuple[tuple[str, ...], list[float]]] = []
        begun = first_input(model.vocabulary)  # read only where the model itself begins a text
        parts = (last.start.position, last.typed, None), (last.answer_from, last.generated, begun)
        for position, text, first in parts:
            ids = model.vocabulary.encode(text, on_unknown=on_unknown)
            pieces = Pieces(model.vocabulary, ids)
            nats = np.concatenate([np.zeros(0), *_nats(model, position, ids, first)])
            found.append((pieces.names, (pieces.sums(nats) / math.log(2)).tolist()))
        names = [*found[0][0], *found[1][0], *names]
        bits = [*found[0][1], *found[1][1], *bits]
        last = last.before
    return names[-most:], bits[-most:]


def _nats(model: CharModel, position: Position, ids: NDArray[Any], first: int | None) -> Iterator[NDArray[Any]]:
    """Yield −ln p of each symbol, (n,) in all, read from a position; `first` is read where nothing was."""
    if not ids.size:
        return
    last = first if position.last is None else position.last
    if last is None:
        yield np.array([math.nan])
        last, ids = int(ids[0]), ids[1:]
    read = np.concatenate([[last], ids]).astype(np.intp)
    state = map_state(lambda a: a[None, :], position.state)
    for begin in range(0, ids.size, _CHUNK):
        window = read[begin : begin + _CHUNK + 1]
        logits, state = model.logits(window[:-1, None], state)
        if not np.isfinite(logits).all():
            raise DivergedError.of_output()
        yield target_nats(logits, window[1:, None])[:, 0]
