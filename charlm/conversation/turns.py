"""The past of a conversation, as values that are shared and never changed: turns and snapshots.

Each turn links to the previous one, so a text may fork: branches share their common turns, and a snapshot costs a
hidden state and no copy of the text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import groupby
from typing import NamedTuple

from charlm.generation import Position, Sampler, Snapshot
from charlm.models.predictor import Predictor

__all__ = ["BRANCH_NAME", "ConversationSnapshot", "Span", "Turn", "spans", "text_end", "text_length", "turns_up_to"]


BRANCH_NAME = re.compile(r"\w[\w.-]{0,39}")
"""Names of branches: they need no quotes, and a terminal does not interpret them."""


class Span(NamedTuple):
    """A part of the text by one writer.

    Parameters
    ----------
    text : str
    typed : bool
        Whether the person wrote it, and not the model.
    """

    text: str
    typed: bool


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Turn:
    """Input of the person and its continuation by the model.

    Parameters
    ----------
    typed : str
    previous : Turn or None
        None at the start of a text.
    offset : int
        Characters of the text before it.
    start : Snapshot
        Position of the model and random state before the model reads `typed`.
    seed : int
        In force then.
    generated_from : Position
        Position of the model after it has read `typed`.
    pieces : list of str
        The model's text; grows while the model generates.
    bits : list of float
        Surprisal of each character of it; empty unless it is recorded.
    """

    typed: str
    previous: Turn | None
    offset: int
    start: Snapshot
    seed: int
    generated_from: Position
    pieces: list[str] = field(default_factory=list)
    bits: list[float] = field(default_factory=list)

    @property
    def generated(self) -> str:
        """The model's text so far."""
        return "".join(self.pieces)

    @property
    def end(self) -> int:
        """Characters of the text up to its end."""
        return self.offset + len(self.typed) + sum(map(len, self.pieces))


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class ConversationSnapshot:
    """A conversation at one moment, for `Conversation.restore`.

    Parameters
    ----------
    model : Predictor
    sampler : Sampler
        Of that model.
    start : Snapshot
        Position of the model and random state.
    seed : int
    last : Turn or None
        The last turn of the text.
    before : ConversationSnapshot or None
        The snapshot that undoing restores.
    """

    model: Predictor
    sampler: Sampler
    start: Snapshot
    seed: int
    last: Turn | None
    before: ConversationSnapshot | None


def turns_up_to(last: Turn | None) -> tuple[Turn, ...]:
    """Return a turn and all before it, in the order of the text."""
    turns = []
    while last is not None:
        turns.append(last)
        last = last.previous
    return tuple(reversed(turns))


def spans(last: Turn | None, since: int = 0) -> list[Span]:
    """Return the text from character `since` on, in alternating spans of the person and the model.

    Parameters
    ----------
    last : Turn or None
        The last turn of the text.
    since : int
    """
    found: list[Span] = []
    while last is not None and last.end > since:
        found += [Span(last.generated, typed=False), Span(last.typed, typed=True)]
        last = last.previous
    offset = text_length(last)
    parts = []
    for span in reversed(found):
        parts.append(Span(span.text[max(0, since - offset) :], span.typed))
        offset += len(span.text)
    by_writer = groupby((part for part in parts if part.text), key=lambda part: part.typed)
    return [Span("".join(part.text for part in group), typed) for typed, group in by_writer]


def text_length(last: Turn | None) -> int:
    """Return the length of the text up to a turn, in characters."""
    return 0 if last is None else last.end


def text_end(last: Turn | None, most: int) -> str:
    """Return the last characters of the text up to a turn; the rest of the text is not read."""
    return "".join(span.text for span in spans(last, max(0, text_length(last) - most)))
