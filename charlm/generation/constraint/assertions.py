r"""Anchors and word boundaries: `resolved` makes a network without them that accepts the same texts.

An assertion depends on the characters on its two sides only, and of each on its context: whether it is a line feed,
and whether it is part of a word. A place of the result is a place of the network together with the context of the
character before and with what may come next; each class is split by context.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

import regex

from charlm.errors import UsageError
from charlm.generation.constraint.network import BRANCH, END, Network
from charlm.generation.constraint.pattern import Assertion, Chars, literal

__all__ = ["Refinement", "marks_of", "resolved"]

MOST_PLACES = 300_000

Context: TypeAlias = frozenset[int]
"""The classes among those of `marks_of` that a character belongs to."""
AT_END = "the end"
LAST_LINE_FEED = "a line feed, then the end"
Next: TypeAlias = frozenset[Context | str]
"""What may come next: contexts of a character, `AT_END`, `LAST_LINE_FEED`."""

_LINE_FEED = literal("\n")


def _word(assertion: Assertion) -> Chars:
    return Chars(r"\w", assertion.flags & regex.ASCII)


def marks_of(assertions: Iterable[Assertion]) -> list[Chars]:
    """Return the classes that some assertions depend on, each once."""
    marks = (_LINE_FEED if one.kind in ("^", "$", "Z") else _word(one) for one in assertions)
    return list(dict.fromkeys(marks))


class Refinement:
    """The parts of classes, one for each context that characters of the class have.

    Parameters
    ----------
    signatures : iterable of frozenset of int
        The classes of each character that can be written.
    marks : frozenset of int
        Those by which classes are split.
    first : int
        The number of the first part, above those of all classes.

    Attributes
    ----------
    parts : dict
        By class and context: the number of the part.
    contexts : frozenset of frozenset of int
    """

    def __init__(self, signatures: Iterable[frozenset[int]], marks: frozenset[int], first: int) -> None:
        self._marks = marks
        self.parts: dict[int, dict[Context, int]] = {}
        found = set()
        for signature in dict.fromkeys(signatures):
            context = signature & marks
            found.add(context)
            for number in sorted(signature):
                parts = self.parts.setdefault(number, {})
                if context not in parts:
                    parts[context] = first
                    first += 1
        self.contexts = frozenset(found)

    def __call__(self, signature: frozenset[int]) -> frozenset[int]:
        """Return the classes of a character together with their parts."""
        context = signature & self._marks
        parts = (self.parts.get(number, {}).get(context) for number in signature)
        return signature | {part for part in parts if part is not None}


def resolved(network: Network, refinement: Refinement, numbers: dict[Chars, int]) -> Network:
    """Return a network without assertions that accepts the same texts.

    Parameters
    ----------
    network : Network
    refinement : Refinement
    numbers : dict
        Of each class its number, those of `marks_of` among them.

    Raises
    ------
    UsageError
        If it is too large.
    """
    anything: Next = refinement.contexts | {AT_END, LAST_LINE_FEED}
    line_feed = numbers.get(_LINE_FEED, -1)
    line_feeds: Next = frozenset({context for context in refinement.contexts if line_feed in context})
    asserting = _before_assertions(network)
    made = Network.bare()
    states: dict[tuple[int, Context | None, Next], int] = {}
    waiting: list[tuple[int, Context | None, Next]] = []

    def place_of(place: int, before: Context | None, following: Next) -> tuple[int, ...]:
        """Return the place of a state, new if need be; nothing where no text goes on."""
        if place == END:
            return (END,) if AT_END in following else ()
        if following == anything and place not in asserting:
            before = None  # no assertion to come looks at it
        state = place, before, following
        if state not in states:
            states[state] = made.add(BRANCH)
            waiting.append(state)
        return (states[state],)

    (made.entry,) = place_of(network.entry, None, anything) or (END,)
    while waiting:
        place, before, following = state = waiting.pop()
        reads, follows = network.reads[place], network.follows[place]
        branches: list[int] = []
        if reads <= BRANCH:
            if reads < BRANCH:
                assertion = network.assertions[BRANCH - 1 - reads]
                following &= _following(assertion, before, anything, line_feeds, numbers)
            for after in follows if following else ():
                branches += place_of(after, before, following)
        elif following == anything and place not in asserting:
            branches = [made.add(reads, *place_of(follows[0], None, anything))]
        else:
            for context, part in refinement.parts.get(reads, {}).items():
                if context in following:
                    found = place_of(follows[0], context, anything)
                elif context in line_feeds and LAST_LINE_FEED in following:
                    found = place_of(follows[0], context, frozenset({AT_END}))
                else:
                    continue
                branches += [made.add(part, *found)] if found else []
        made.follows[states[state]] = tuple(branches)
        if len(made.reads) > MOST_PLACES:
            raise UsageError(
                "the pattern is too large for its anchors and word boundaries; give fewer, or smaller counts"
            )
    return made


def _following(
    assertion: Assertion, before: Context | None, anything: Next, line_feeds: Next, numbers: dict[Chars, int]
) -> Next:
    """Return what may come next where an assertion holds, behind a context; None is the start of the text."""
    nothing: Next = frozenset()
    multiline = bool(assertion.flags & regex.MULTILINE)
    match assertion.kind:
        case "^":
            return anything if before is None or (multiline and before in line_feeds) else nothing
        case "$":
            return (line_feeds if multiline else nothing) | {AT_END, LAST_LINE_FEED}
        case "Z":
            return frozenset({AT_END})
    word = numbers[_word(assertion)]
    words = frozenset({context for context in anything if not isinstance(context, str) and word in context})
    behind_word = before is not None and word in before
    starts, ends = (nothing, anything - words) if behind_word else (words, nothing)
    match assertion.kind:
        case "m":
            return starts
        case "M":
            return ends
        case "b":
            return starts | ends
        case _:
            return anything - (starts | ends)


def _before_assertions(network: Network) -> set[int]:
    """Return the places from which an assertion can be reached, those of the assertions among them."""
    leading: list[list[int]] = [[] for _ in network.reads]
    for place, follows in enumerate(network.follows):
        for after in follows:
            leading[after].append(place)
    found = {place for place, reads in enumerate(network.reads) if reads < BRANCH}
    waiting = list(found)
    for place in waiting:  # grows as it goes
        for before in leading[place]:
            if before not in found:
                found.add(before)
                waiting.append(before)
    return found
