"""`NFA`: the nondeterministic automaton of a pattern, its counts written out.

A state reads a character of one class and has one successor, or reads nothing and has several (Thompson's
construction [1]_, built from the end). State 0 accepts. Successors are relative to their state, so that the copies
of a count are equal: two are built, and the others repeat the second. States are entries of arrays, which are
repeated fast and cost the garbage collector nothing.

References
----------
.. [1] Thompson (1968), "Regular Expression Search Algorithm".
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping
from typing import NamedTuple

import numpy as np

from charlm.errors import ConstraintError
from charlm.generation.constraint.syntax import EMPTY, Alt, Assertion, Chars, Node, Repeat, Seq, WordSet
from charlm.generation.constraint.trie import minimal_trie

__all__ = ["ACCEPT", "EPSILON", "NEVER", "NFA", "UNREACHABLE", "Counter", "StateSet", "shifted"]

StateSet = tuple[int, ...]
"""States that read a character, sorted, and `ACCEPT` where the text may end."""
WIDEST = 1000
"""Most states of a subset."""
ACCEPT = 0
EPSILON = -1
"""The label of a state that reads nothing; below it are those of assertions, -2 the first."""
UNREACHABLE = 1 << 29
"""A distance longer than any text."""
NEVER = -UNREACHABLE
"""The distance of a state without successors: below any number of characters left."""


class Counter(NamedTuple):
    """The copies of a count's body: each has `stride` states and leads to the one before it, from `start` on."""

    start: int
    stride: int
    end: int


FEWEST_COPIES = 3
"""Fewest copies of a counter; fewer would gain nothing."""


class NFA:
    """The nondeterministic automaton of a pattern.

    Parameters
    ----------
    node : Node
    classes : mapping
        The number of each class that the pattern has.

    Attributes
    ----------
    labels : array of int
        The class that each state reads; -1 for none, -2 and below for an assertion.
    assertions : list of Assertion
        Those of the labels -2, -3, …; `charlm.generation.constraint.product` removes them.
    successors : array of int
        The index in `differences` of each state's successors.
    differences : list of tuple of int
        Successors as differences from their state, each tuple once.
    distances : array of int
        The distance of each state to the end, in characters.
    start : int
        The start state.
    counters : list of Counter
        Counts that a text enters once: none is inside another or a loop.
    """

    def __init__(self, node: Node, classes: Mapping[Chars, int]) -> None:
        self.labels, self.distances, self.successors = array("i", [EPSILON]), array("i", [0]), array("i", [0])
        self.differences: list[tuple[int, ...]] = [()]
        self._numbers: dict[tuple[int, ...], int] = {(): 0}
        self.assertions: list[Assertion] = []
        self.counters: list[Counter] = []
        self.start = self._build(node, ACCEPT, classes, once=True)
        self._starts = [counter.start for counter in self.counters]

    @classmethod
    def bare(cls) -> NFA:
        """Return an NFA of the accepting state alone."""
        return cls(EMPTY, {})

    def add(self, label: int, *successors: int) -> int:
        """Add a state and return its number."""
        state = len(self.labels)
        nearest = min(map(self.distances.__getitem__, successors), default=UNREACHABLE)
        self.labels.append(label)
        self.distances.append(nearest + (label >= 0))
        self.successors.append(self._number(state, successors))
        return state

    def lead(self, state: int, *successors: int) -> None:
        """Set the successors of a state."""
        self.successors[state] = self._number(state, successors)

    def _number(self, state: int, successors: tuple[int, ...]) -> int:
        differences = tuple([after - state for after in successors])
        number = self._numbers.setdefault(differences, len(self.differences))
        if number == len(self.differences):
            self.differences.append(differences)
        return number

    def after(self, state: int) -> list[int]:
        """Return the successors of a state."""
        return [state + difference for difference in self.differences[self.successors[state]]]

    def _build(self, node: Node, after: int, classes: Mapping[Chars, int], *, once: bool) -> int:
        """Add the states of a pattern before a state; return the first.

        `once` says that the pattern is in no counter and no loop.
        """
        match node:
            case Chars():
                return self.add(classes[node], after)
            case Assertion():
                if node not in self.assertions:
                    self.assertions.append(node)
                return self.add(EPSILON - 1 - self.assertions.index(node), after)
            case Seq(parts):
                for part in reversed(parts):
                    after = self._build(part, after, classes, once=once)
                return after
            case WordSet():
                return self._build_words(node, after, classes)
            case Alt(branches):
                return self.add(EPSILON, *[self._build(branch, after, classes, once=once) for branch in branches])
            case Repeat(body, low, None):
                loop = after = self.add(EPSILON, after)
                first = self._build(body, loop, classes, once=False)
                self.lead(loop, *self.after(loop), first)  # no shorter way to the end
                if low == 1 and _most_copies(body) < FEWEST_COPIES:  # else the loop would lose a counter
                    after, low = first, 0
            case Repeat(body, low, int(high)):
                after = self._build_copies(body, high - low, after, classes, once=once, optional=True)
            case _:
                raise AssertionError(node)
        return self._build_copies(body, low, after, classes, once=once, optional=False)

    def _build_copies(
        self, body: Node, copies: int, after: int, classes: Mapping[Chars, int], *, once: bool, optional: bool
    ) -> int:
        """Add copies of a pattern before a state; return the first state. A text may skip optional ones."""
        end, start, second = after, len(self.labels), 0
        is_counter = once and _is_counter(copies, body)
        for _ in range(min(copies, 2)):
            second = len(self.labels)
            after = self._build(body, after, classes, once=once and not is_counter)
            if optional:  # one exit at each count keeps subsets small
                after = self.add(EPSILON, end, after)
        stride = len(self.labels) - second
        if copies > 2 and stride:
            self._repeat(second, copies - 2)
            if optional:
                first = after - self.after(after)[1]
                for state in range(after, len(self.labels), stride):
                    self.lead(state, end, state - first)
            after += (copies - 2) * stride
        if is_counter and stride:
            self.counters.append(Counter(start, stride, len(self.labels)))
        return after

    def _repeat(self, first: int, times: int) -> None:
        """Repeat the states from `first` on; each copy leads to the one before it, as they do."""
        stride = len(self.labels) - first
        inside = [counter for counter in self.counters if counter.start >= first]
        self.labels += self.labels[first:] * times
        self.successors += self.successors[first:] * times
        copies, farther = np.arange(1, times + 1, dtype=np.int32), self.distances[-1] - self.distances[-1 - stride]
        self.distances.frombytes(np.add.outer(copies * farther, self.distances[first:]).tobytes())
        for by in (copies * stride).tolist() if inside else ():
            self.counters += [Counter(start + by, width, end + by) for start, width, end in inside]

    def _build_words(self, node: WordSet, after: int, classes: Mapping[Chars, int]) -> int:
        """Add the states of words, one for each edge of their trie; return the first."""
        number = {character: classes[chars] for character, chars in node.classes().items()}
        first: list[int] = []  # of each state
        for accepts, edges in minimal_trie(node.words):
            branches = [self.add(number[character], first[state]) for character, state in edges]
            branches += [after] if accepts else []
            first.append(branches[0] if len(branches) == 1 else self.add(EPSILON, *branches))
        return first[-1]

    def counter(self, states: StateSet) -> tuple[Counter | None, int]:
        """Return the counter in which a subset is farthest from the end, and its lowest copy there."""
        k = bisect_right(self._starts, states[-1]) - 1 if states else -1
        if k < 0 or states[-1] >= self.counters[k].end:
            return None, 0
        counter = self.counters[k]
        return counter, (states[bisect_left(states, counter.start)] - counter.start) // counter.stride

    def read(self, states: StateSet, classes: frozenset[int]) -> set[int]:
        """Return the states that a character of some classes leads to, without their closure."""
        labels, successors, differences = self.labels, self.successors, self.differences
        return {state + differences[successors[state]][0] for state in states if labels[state] in classes}

    def closure(self, states: Iterable[int]) -> StateSet:
        """Return the epsilon closure of some states, those that read.

        Raises
        ------
        ConstraintError
            If there are more than `WIDEST`.
        """
        labels, successors, differences = self.labels, self.successors, self.differences
        seen = set(states)
        waiting, reading = list(seen), []
        for state in waiting:  # grows meanwhile
            if labels[state] != EPSILON or state == ACCEPT:
                reading.append(state)
                continue
            for difference in differences[successors[state]]:
                after = state + difference
                if after not in seen:
                    seen.add(after)
                    waiting.append(after)
        if len(reading) > WIDEST:
            raise ConstraintError(
                f"the pattern allows more than {WIDEST} continuations at once; nest fewer or smaller counts"
            )
        reading.sort()
        return tuple(reading)


def _is_counter(copies: int, body: Node) -> bool:
    """Return whether a count gets a counter, instead of the counts inside it."""
    return copies >= max(FEWEST_COPIES, _most_copies(body) // 8)


def _most_copies(node: Node) -> int:
    """Return the highest count in a pattern."""
    match node:
        case Seq(nodes) | Alt(nodes):
            return max(map(_most_copies, nodes), default=0)
        case Repeat(body, low, high):
            return max(low, (high or low) - low, _most_copies(body))
        case _:
            return 0


def shifted(states: StateSet, counter: Counter, copies: int) -> StateSet:
    """Return the subset `copies` copies of a counter farther from the end."""
    by = copies * counter.stride
    return tuple([state + by if state >= counter.start else state for state in states])
