r"""Products of an NFA with an automaton that observes the text: for anchors and word boundaries, for stop strings.

`resolved`: an assertion depends on the characters on its two sides only, and of each on its context: whether it is
a line feed, and whether it is part of a word. A state of the product is a state of the NFA, the context of the
character before, and the contexts that may come next; each class is split by context.

`without`: a state of the product is a state of the NFA and the longest suffix of the text that a stop string begins
with [1]_. A transition that completes a stop string is left out, and so distances to the end stay exact.

References
----------
.. [1] Aho & Corasick (1975), "Efficient String Matching".
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeAlias

import regex

from charlm.errors import UsageError
from charlm.generation.constraint.nfa import ACCEPT, EPSILON, NFA
from charlm.generation.constraint.syntax import Assertion, Chars, literal

__all__ = ["Refinement", "marks_of", "refined", "resolved", "stop_classes", "without"]

MOST_STATES = 300_000
MOST_STATES_WITH_STOPS = 500_000

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


def resolved(nfa: NFA, refinement: Refinement, numbers: dict[Chars, int]) -> NFA:
    """Return an NFA without assertions that accepts the same texts.

    Parameters
    ----------
    nfa : NFA
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
    asserting = _before_assertions(nfa)
    made = NFA.bare()
    known: dict[tuple[int, Context | None, Next], int] = {}
    waiting: list[tuple[int, Context | None, Next]] = []

    def state_of(state: int, before: Context | None, following: Next) -> tuple[int, ...]:
        """Return the state of a product, new if need be; nothing where no text can follow."""
        if state == ACCEPT:
            return (ACCEPT,) if AT_END in following else ()
        if following == anything and state not in asserting:
            before = None  # no assertion to come depends on it
        product = state, before, following
        if product not in known:
            known[product] = made.add(EPSILON)
            waiting.append(product)
        return (known[product],)

    (made.start,) = state_of(nfa.start, None, anything) or (ACCEPT,)
    while waiting:
        state, before, following = product = waiting.pop()
        label, successors = nfa.labels[state], nfa.successors[state]
        branches: list[int] = []
        if label <= EPSILON:
            if label < EPSILON:
                assertion = nfa.assertions[EPSILON - 1 - label]
                following &= _following(assertion, before, anything, line_feeds, numbers)
            for after in successors if following else ():
                branches += state_of(after, before, following)
        elif following == anything and state not in asserting:
            branches = [made.add(label, *state_of(successors[0], None, anything))]
        else:
            for context, part in refinement.parts.get(label, {}).items():
                if context in following:
                    found = state_of(successors[0], context, anything)
                elif context in line_feeds and LAST_LINE_FEED in following:
                    found = state_of(successors[0], context, frozenset({AT_END}))
                else:
                    continue
                branches += [made.add(part, *found)] if found else []
        made.successors[known[product]] = tuple(branches)
        if len(made.labels) > MOST_STATES:
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


def _before_assertions(nfa: NFA) -> set[int]:
    """Return the states from which an assertion can be closure, those of the assertions among them."""
    leading: list[list[int]] = [[] for _ in nfa.labels]
    for state, successors in enumerate(nfa.successors):
        for after in successors:
            leading[after].append(state)
    found = {state for state, label in enumerate(nfa.labels) if label < EPSILON}
    waiting = list(found)
    for state in waiting:  # grows as it goes
        for before in leading[state]:
            if before not in found:
                found.add(before)
                waiting.append(before)
    return found


def stop_classes(stops: Iterable[str]) -> list[Chars]:
    """Return the class of each character of the stop strings."""
    characters = sorted(set().union(*stops))
    return [Chars(c if c.isalnum() else "\\" + c, 0) for c in characters]


def refined(classes: frozenset[int], before: int, letters: int) -> frozenset[int]:
    """Return the classes of a character, and for each of the pattern's its rest: what of it is in no stop string.

    Parameters
    ----------
    classes : frozenset of int
        Those of the pattern, numbered below `before`, then those of `stop_classes`; rests follow.
    """
    if any(number >= before for number in classes):
        return classes
    return classes | {number + before + letters for number in classes}


def without(nfa: NFA, stops: Sequence[str], signatures: Iterable[frozenset[int]], before: int, letters: int) -> NFA:
    """Return an NFA that accepts the same texts but for those that contain a stop string.

    Parameters
    ----------
    nfa : NFA
    stops : sequence of str
    signatures : iterable of frozenset of int
        The classes of each character that can be written.
    before : int
        How many classes the pattern has.
    letters : int
        How many `stop_classes` has.

    Raises
    ------
    UsageError
        If it is too large.
    """
    characters = sorted(set().union(*stops))
    letters_in: list[set[int]] = [set() for _ in range(before)]
    rests: set[int] = set()  # the classes that have other characters, too
    for signature in signatures:
        found = {number - before for number in signature if number >= before}
        inside = {number for number in signature if number < before}
        rests |= set() if found else inside
        for number in inside:
            letters_in[number] |= found
    made = NFA.bare()
    made.assertions = nfa.assertions
    numbers: dict[tuple[int, str], int] = {}
    waiting: list[tuple[int, str]] = []

    def state_of(state: int, tail: str) -> int:
        if state == ACCEPT:
            return ACCEPT
        if (state, tail) not in numbers:
            numbers[state, tail] = made.add(EPSILON)
            waiting.append((state, tail))
        return numbers[state, tail]

    made.start = state_of(nfa.start, "")
    while waiting:
        state, tail = waiting.pop()
        label, successors = nfa.labels[state], nfa.successors[state]
        branches: list[int] = []
        if label <= EPSILON:
            made.labels[numbers[state, tail]] = label
            branches = [state_of(after, tail) for after in successors]
        else:
            (after,) = successors
            if label in rests:
                branches.append(made.add(label + before + letters, state_of(after, "")))
            for letter in sorted(letters_in[label]):
                text = tail + characters[letter]
                if not text.endswith(tuple(stops)):
                    branches.append(made.add(before + letter, state_of(after, _tail(text, stops))))
        made.successors[numbers[state, tail]] = tuple(branches)
        if len(made.labels) > MOST_STATES_WITH_STOPS:
            raise UsageError("the pattern and the stop strings are too large together; give fewer of them")
    return made


def _tail(text: str, stops: Sequence[str]) -> str:
    """Return the longest end of a text with which a stop string begins."""
    return next(text[k:] for k in range(len(text) + 1) if any(stop.startswith(text[k:]) for stop in stops))
