r"""The product of an NFA with an observer of the text: for anchors, word boundaries and stop strings.

An assertion depends only on the contexts of its two neighbouring characters: whether each is a line feed, and part
of a word. A state of the product is a state of the NFA, the context of the last character, the permitted contexts
of the next one, and the longest suffix of the text that is a prefix of a stop string [1]_. Each class is split by
context. Transitions that break an assertion or complete a stop string are omitted, so the distances to the end stay
exact.

References
----------
.. [1] Aho & Corasick (1975), "Efficient String Matching".
"""

from __future__ import annotations

from array import array
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import NamedTuple, TypeAlias

import regex

from charlm.errors import UsageError
from charlm.generation.constraint.nfa import ACCEPT, EPSILON, NFA, UNREACHABLE
from charlm.generation.constraint.syntax import Assertion, Chars, literal

__all__ = ["Refinement", "distances_of", "marks_of", "product"]

MOST_STATES = 500_000

Context: TypeAlias = frozenset[int]
"""The classes among those of `marks_of` that a character belongs to."""
AT_END = "the end"
LAST_LINE_FEED = "a line feed, then the end"
Next: TypeAlias = frozenset[Context | str]
"""The permitted next contexts: of a character, `AT_END`, `LAST_LINE_FEED`."""

_LINE_FEED = literal("\n")


def _word(assertion: Assertion) -> Chars:
    return Chars(r"\w", assertion.flags & regex.ASCII)


def marks_of(assertions: Iterable[Assertion], stops: Iterable[str]) -> list[Chars]:
    """Return the classes that assertions and stop strings depend on, each once."""
    marks = [_LINE_FEED if one.kind in ("^", "$", "Z") else _word(one) for one in assertions]
    return list(dict.fromkeys([*marks, *map(literal, sorted(set().union(*stops)))]))


class Refinement:
    """The parts of classes, one for each context that characters of the class have.

    Parameters
    ----------
    signatures : iterable of frozenset of int
        The classes of each character that can be written.
    marks : frozenset of int
        The classes that define contexts.
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


class _Seen(NamedTuple):
    """The state of the observer of a text."""

    before: Context | None  # of the last character; None at the start, and where no assertion depends on it
    following: Next
    tail: str  # the longest suffix that is a prefix of a stop string


class _Observer:
    def __init__(self, refinement: Refinement, numbers: Mapping[Chars, int], stops: Sequence[str]) -> None:
        contexts = refinement.contexts
        self._numbers, self._stops = numbers, tuple(stops)
        self.anything: Next = contexts | {AT_END, LAST_LINE_FEED}
        self._line_feeds: Next = frozenset(c for c in contexts if numbers.get(_LINE_FEED, -1) in c)
        self._character: dict[Context, str] = {}  # of a stop string
        for character in sorted(set().union(*stops)):
            number = numbers[literal(character)]
            self._character |= {context: character for context in contexts if number in context}

    def read(self, seen: _Seen, context: Context) -> _Seen | None:
        """Return the state after a character; None if it is not permitted."""
        following = self.anything
        if context not in seen.following:
            if not (context in self._line_feeds and LAST_LINE_FEED in seen.following):
                return None
            following = frozenset({AT_END})
        character = self._character.get(context, "")
        text = seen.tail + character if character else ""
        if text and text.endswith(self._stops):
            return None
        tails = (text[k:] for k in range(len(text) + 1))
        tail = next(tail for tail in tails if not tail or any(stop.startswith(tail) for stop in self._stops))
        return _Seen(context, following, tail)

    def freed(self, seen: _Seen) -> _Seen:
        """Return the state where no assertion follows: without the last character."""
        return seen._replace(before=None) if seen.following == self.anything else seen

    def check(self, seen: _Seen, assertion: Assertion) -> _Seen:
        """Return the state where an assertion holds."""
        return seen._replace(following=seen.following & self._following(assertion, seen.before))

    def _following(self, assertion: Assertion, before: Context | None) -> Next:
        """Return the permitted next contexts if an assertion holds after a context."""
        nothing: Next = frozenset()
        multiline = bool(assertion.flags & regex.MULTILINE)
        match assertion.kind:
            case "^":
                holds = before is None or (multiline and before in self._line_feeds)
                return self.anything if holds else nothing
            case "$":
                return (self._line_feeds if multiline else nothing) | {AT_END, LAST_LINE_FEED}
            case "Z":
                return frozenset({AT_END})
        word = self._numbers[_word(assertion)]
        words: Next = frozenset(c for c in self.anything if not isinstance(c, str) and word in c)
        behind_word = before is not None and word in before
        starts, ends = (nothing, self.anything - words) if behind_word else (words, nothing)
        match assertion.kind:
            case "m":
                return starts
            case "M":
                return ends
            case "b":
                return starts | ends
            case _:
                return self.anything - (starts | ends)


def product(nfa: NFA, refinement: Refinement, numbers: Mapping[Chars, int], stops: Sequence[str]) -> NFA:
    """Return an NFA without assertions that accepts the same texts, except those that contain a stop string.

    Parameters
    ----------
    nfa : NFA
    refinement : Refinement
    numbers : mapping
        The number of each class, those of `marks_of` included.
    stops : sequence of str

    Raises
    ------
    UsageError
        If it is too large.
    """
    observer = _Observer(refinement, numbers, stops)
    read, freed = cache(observer.read), cache(observer.freed)
    free = _Seen(None, observer.anything, "")
    asserting = _before_assertions(nfa)
    made = NFA.bare()
    known: dict[tuple[int, _Seen], int] = {}
    waiting: list[tuple[int, _Seen]] = []

    def state_of(state: int, seen: _Seen) -> tuple[int, ...]:
        """Return the state of the product, possibly a new one; none where no text can follow."""
        if state == ACCEPT:
            return (ACCEPT,) if AT_END in seen.following else ()
        pair = state, seen if state in asserting else freed(seen)
        if pair not in known:
            known[pair] = made.add(EPSILON)
            waiting.append(pair)
        return (known[pair],)

    (made.start,) = state_of(nfa.start, free) or (ACCEPT,)
    while waiting:
        state, seen = waiting.pop()
        label, successors = nfa.labels[state], nfa.after(state)
        origin, branches = known[state, seen], list[int]()
        if label <= EPSILON:
            if label < EPSILON:
                seen = observer.check(seen, nfa.assertions[EPSILON - 1 - label])
            for after in successors if seen.following else ():
                branches += state_of(after, seen)
        elif seen == free and state not in asserting and not stops:
            branches = [made.add(label, *state_of(successors[0], free))]
        else:
            for context, part in refinement.parts.get(label, {}).items():
                then = read(seen, context)
                found = state_of(successors[0], then) if then else ()
                branches += [made.add(part, *found)] if found else []
        made.lead(origin, *branches)
        if len(made.labels) > MOST_STATES:
            raise UsageError(
                "the pattern is too large with its anchors, word boundaries and stop strings; give fewer of them, "
                "or smaller counts"
            )
    made.distances = distances_of(made)
    return made


def _leading(nfa: NFA) -> list[list[int]]:
    """Return the states that lead to each state."""
    leading: list[list[int]] = [[] for _ in nfa.labels]
    for state in range(len(leading)):
        for after in nfa.after(state):
            leading[after].append(state)
    return leading


def distances_of(nfa: NFA) -> array[int]:
    """Return the distance of each state to the end, in characters."""
    leading = _leading(nfa)
    distances = array("i", [UNREACHABLE]) * len(leading)
    distances[ACCEPT] = 0
    waiting = deque([ACCEPT])
    while waiting:
        after = waiting.popleft()
        for state in leading[after]:
            reads = nfa.labels[state] >= 0
            if distances[after] + reads < distances[state]:
                distances[state] = distances[after] + reads
                if reads:
                    waiting.append(state)
                else:
                    waiting.appendleft(state)
    return distances


def _before_assertions(nfa: NFA) -> set[int]:
    """Return the states from which an assertion can be reached, those of the assertions among them."""
    leading = _leading(nfa)
    found = {state for state, label in enumerate(nfa.labels) if label < EPSILON}
    waiting = list(found)
    for state in waiting:  # grows meanwhile
        for before in leading[state]:
            if before not in found:
                found.add(before)
                waiting.append(before)
    return found
