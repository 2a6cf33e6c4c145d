"""Surprisal of the characters of a conversation: recorded while the model generates, or read again."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence

import numpy as np

from charlm.analysis.pieces import Pieces
from charlm.analysis.scoring import Score
from charlm.analysis.surprisal import Nats, surprisal
from charlm.config import OnUnknown
from charlm.conversation.turns import Turn
from charlm.generation import Position, Sampler, first_input
from charlm.models.predictor import Predictor
from charlm.nn.arrays import IdArray
from charlm.nn.stack import map_state

__all__ = ["character_bits", "recorded_bits", "turns_surprisal"]


def turns_surprisal(model: Predictor, last: Turn | None, on_unknown: OnUnknown, most: int) -> Score:
    """Read the end of a text again, turn by turn from the positions at which the model stood.

    Parameters
    ----------
    model : Predictor
    last : Turn or None
        The last turn of the text.
    on_unknown : {"error", "skip", "replace"}
        Treatment of characters that the model does not know.
    most : int
        Characters, counted from the end; graphemes for a model of graphemes.

    Returns
    -------
    Score
        nan where the model predicted nothing.

    Raises
    ------
    VocabularyError
        For a character that the model does not know.
    DivergedError
        If the model's output is not finite.
    """
    names: list[str] = []
    bits = np.zeros(0)
    begun = first_input(model.vocabulary)  # read only where the model itself begins a text
    while last is not None and len(names) < most:
        parts = (last.generated_from, last.generated, begun), (last.start.position, last.typed, None)
        for position, text, first in parts:
            ids = model.vocabulary.encode(text, on_unknown=on_unknown)
            pieces = Pieces(model.vocabulary, ids)
            names = [*pieces.names, *names]
            bits = np.concatenate([pieces.sums(_nats(model, position, ids, first)) / math.log(2), bits])
        last = last.previous
    return Score(bits[-most:], tuple(names[-most:]))


def _nats(model: Predictor, position: Position, ids: IdArray, first: int | None) -> Nats:
    """Return −ln p of each symbol, (n,), read from a position; at the start of a text `first` is read before."""
    before = first if position.last is None else position.last
    state = map_state(lambda a: a[None, :], position.state)
    read = ids if before is None else np.concatenate([[before], ids])
    unpredicted = np.full(1 if before is None and ids.size else 0, np.nan)
    return np.concatenate([unpredicted, *(chunk[:, 0] for chunk in surprisal(model, read[:, None], state))])


def recorded_bits(sampler: Sampler, begin: int, end: int) -> list[float]:
    """Return the surprisal of characters `begin` to `end` of the text that a sampler streams and records."""
    return character_bits(sampler.logprobs, sampler.grapheme_ends, begin, end)


def character_bits(logprobs: Sequence[float], grapheme_ends: Sequence[int], begin: int, end: int) -> list[float]:
    """Return −log₂ p of characters `begin` to `end`; nan where there is none.

    Parameters
    ----------
    logprobs : sequence of float
        ln p of each character, or of each grapheme.
    grapheme_ends : sequence of int
        Characters up to the end of each grapheme; empty where `logprobs` go by characters. All characters of a
        grapheme get its surprisal.
    begin, end : int

    Examples
    --------
    >>> character_bits([-math.log(2), -math.log(8)], [], 0, 2)
    [1.0, 3.0]
    >>> character_bits([-math.log(2), -math.log(8)], [2, 3], 1, 4)
    [1.0, 3.0, nan]
    """
    if grapheme_ends:
        graphemes = [bisect_right(grapheme_ends, k) for k in range(begin, end)]
        known = [logprobs[k] for k in graphemes if k < len(logprobs)]
    else:
        known = [*logprobs[begin:end]]
    return [-nats / math.log(2) for nats in known] + [math.nan] * (end - begin - len(known))
