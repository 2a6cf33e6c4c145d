"""An answer that was written apart from the conversation: its text, where the model stands then, its surprisal."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from typing import NamedTuple

from charlm.generation import Position, Sampler

__all__ = ["Answer", "bits", "bits_of"]

_LN2 = math.log(2)


class Answer(NamedTuple):
    """A text that the model wrote.

    Parameters
    ----------
    text : str
    position : Position
        Where the model stands behind it.
    bits : list of float
        How much each character surprised the model; empty where that was not asked for.
    """

    text: str
    position: Position
    bits: list[float]


def bits_of(sampler: Sampler, begin: int, end: int) -> list[float]:
    """Return the surprisal of the characters from `begin` up to `end` of what a sampler that records streams."""
    return bits(sampler.logprobs, sampler.grapheme_ends, begin, end)


def bits(logprobs: Sequence[float], grapheme_ends: Sequence[int], begin: int, end: int) -> list[float]:
    """Return −log₂ p of the characters from `begin` up to `end`; nan where there is none.

    Parameters
    ----------
    logprobs : sequence of float
        ln p of each character, or of each grapheme.
    grapheme_ends : sequence of int
        Characters up to the end of each grapheme; empty where `logprobs` go by characters. All characters of a
        grapheme get its surprisal.

    Examples
    --------
    >>> bits([-math.log(2), -math.log(8)], [], 0, 2)
    [1.0, 3.0]
    >>> bits([-math.log(2), -math.log(8)], [2, 3], 1, 4)
    [1.0, 3.0, nan]
    """
    if grapheme_ends:
        places = [bisect_right(grapheme_ends, k) for k in range(begin, end)]
        known = [logprobs[k] for k in places if k < len(logprobs)]
    else:
        known = [*logprobs[begin:end]]
    return [-nats / _LN2 for nats in known] + [math.nan] * (end - begin - len(known))
