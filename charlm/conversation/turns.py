"""The past of a conversation as values that are shared, never changed: turns, and places to come back to.

Each turn knows the one before it, so that a text may fork: two branches hold the turns that they have in common
once, and a place to come back to costs a hidden state and no copy of the text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import groupby
from typing import NamedTuple

from charlm.generation import Position, Sampler, Snapshot
from charlm.models.language_model import CharModel

__all__ = ["BRANCH_NAME", "Place", "Run", "Turn", "end_of", "length", "runs", "turns_up_to"]


BRANCH_NAME = re.compile(r"\w[\w.-]{0,39}")
"""What may name a branch: nothing that needs quotes, or that a terminal obeys."""


class Run(NamedTuple):
    """A part of the text by one hand.

    Parameters
    ----------
    text : str
    typed : bool
        Whether the person wrote it.
    """

    text: str
    typed: bool


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Turn:
    """What the person typed, and how the model went on.

    Parameters
    ----------
    typed : str
    before : Turn or None
        The turn that it follows; None at the start of a text.
    begins : int
        Characters of the text before it.
    start : Snapshot
        Where the model stands, and the random stream, before it reads `typed`.
    seed : int
        In force then.
    answer_from : Position
        Where the model stands when it has read `typed`.
    pieces : list of str
        The model's text, growing while it answers.
    bits : list of float
        How much each character of it surprised the model, in bits; empty where that was not asked for.
    """

    typed: str
    before: Turn | None
    begins: int
    start: Snapshot
    seed: int
    answer_from: Position
    pieces: list[str] = field(default_factory=list)
    bits: list[float] = field(default_factory=list)

    @property
    def generated(self) -> str:
        """The model's text so far."""
        return "".join(self.pieces)

    @property
    def ends(self) -> int:
        """Characters of the text up to its end."""
        return self.begins + len(self.typed) + sum(map(len, self.pieces))


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Place:
    """All that brings a conversation back to one moment. States are values, so it costs next to nothing.

    Parameters
    ----------
    model : CharModel
    sampler : Sampler
        Of that model.
    snapshot : Snapshot
    seed : int
    last : Turn or None
        The text's last turn.
    past : Place or None
        Where undoing leads from here.
    """

    model: CharModel
    sampler: Sampler
    snapshot: Snapshot
    seed: int
    last: Turn | None
    past: Place | None


def turns_up_to(last: Turn | None) -> tuple[Turn, ...]:
    """Return a turn and all before it, in the order of the text."""
    turns = []
    while last is not None:
        turns.append(last)
        last = last.before
    return tuple(reversed(turns))


def runs(last: Turn | None, since: int = 0) -> list[Run]:
    """Return who wrote what of the text from a character on, as far as possible in one piece each."""
    found: list[Run] = []
    while last is not None and last.ends > since:
        found += [Run(last.generated, typed=False), Run(last.typed, typed=True)]
        last = last.before
    begins = 0 if last is None else last.ends
    parts = []
    for run in reversed(found):
        parts.append(Run(run.text[max(0, since - begins) :], run.typed))
        begins += len(run.text)
    written = (part for part in parts if part.text)
    by_hand = groupby(written, key=lambda part: part.typed)
    return [Run("".join(part.text for part in group), typed) for typed, group in by_hand]


def length(last: Turn | None) -> int:
    """Return the length of a text by its last turn, in characters."""
    return 0 if last is None else last.ends


def end_of(last: Turn | None, most: int) -> str:
    """Return the last characters of a text, without putting the whole of it together."""
    return "".join(run.text for run in runs(last, max(0, length(last) - most)))
