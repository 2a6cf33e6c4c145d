"""The subset construction: sets of NFA states, and their transitions by a model's symbols.

A subset is a hashable value; `charlm.generation.constraint.lazy_dfa` makes a state of the DFA from it. Its kind is
another, which tells which symbols are live and which of them have the same successor; subsets of one kind share a
mask. In this module a symbol is a character, or several code points.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any, Protocol, TypeAlias

from charlm.generation.constraint.nfa import (
    ACCEPT,
    EPSILON,
    NEVER,
    NFA,
    UNREACHABLE,
    Counter,
    StateSet,
    shifted,
)

__all__ = ["CharacterSubsets", "Distances", "GraphemeSubsets", "Spelling", "Subsets"]

Spelling: TypeAlias = tuple[frozenset[int], ...]
"""The classes that each code point of a symbol belongs to."""


class Subsets(Protocol):
    """The subset construction of an NFA over the symbols of a model."""

    @property
    def start(self) -> Hashable:
        """The subset of the empty text."""

    @property
    def final(self) -> Hashable:
        """The subset after the end: it matches and has no live symbol."""

    @property
    def symbol_classes(self) -> Sequence[int]:
        """The alphabet class of each symbol (V,), from 0: symbols of a class have equal transitions everywhere."""

    def kind(self, subset: Any, left: int) -> Hashable:
        """Return the kind of a subset with `left` characters left."""

    def settled(self, subset: Any) -> tuple[Hashable, int]:
        """Return the kind of a subset with enough characters left, and the least number that is enough."""

    def may_end(self, kind: Any) -> bool:
        """Return whether a text in a subset of a kind matches."""

    def between_characters(self, kind: Any) -> bool:
        """Return whether the last character is complete."""

    def columns(self, kind: Any) -> Mapping[int, Hashable]:
        """Return a key for each live alphabet class: in a subset of the kind, equal keys have equal successors."""

    def after(self, subset: Any, number: int) -> Hashable:
        """Return the subset after a symbol of an alphabet class, which is not dead."""

    def counter(self, subset: Any) -> tuple[Counter | None, int]:
        """Return the counter that a subset is in, if any, and its copy, numbered from the end."""

    def shifted(self, subset: Any, counter: Counter, copies: int) -> Hashable:
        """Return the subset `copies` copies of a counter farther from the end, with the same live symbols."""

    def inside(self, subset: Any, counter: Counter) -> bool:
        """Return whether a subset has no state outside a counter."""

    def per_copy(self, counter: Counter) -> int:
        """Return by how much each copy lengthens the shortest suffix of a match."""


class Distances:
    """The distances of the states of an NFA to its end, in characters.

    Parameters
    ----------
    nfa : NFA
    """

    def __init__(self, nfa: NFA) -> None:
        self._labels, self._distance = nfa.labels, nfa.distances[:]
        self._distance[ACCEPT] = NEVER

    def within(self, states: StateSet, left: int) -> frozenset[int]:
        """Return the live classes with `left` characters left, and the label of ACCEPT if it is in the subset."""
        labels, distance = self._labels, self._distance
        return frozenset([labels[state] for state in states if distance[state] <= left])

    def settled(self, states: StateSet) -> tuple[frozenset[int], int]:
        """Return the live classes with enough characters left, and the least number that is enough."""
        enough = max(map(self._distance.__getitem__, states), default=NEVER)
        if enough < UNREACHABLE:
            return frozenset(map(self._labels.__getitem__, states)), enough
        reachable = [far for state in states if (far := self._distance[state]) < UNREACHABLE]
        enough = max(reachable, default=NEVER)  # others cannot reach the end
        return self.within(states, enough), enough

    def per_copy(self, counter: Counter) -> int:
        """Return the distance between copies of a counter."""
        return self._distance[counter.start + counter.stride] - self._distance[counter.start]


class _SymbolSubsets:
    """Subsets under symbols of one or more whole code points; a subset is a set of NFA states.

    Parameters
    ----------
    nfa : NFA
    spellings : sequence of tuple of frozenset of int
        Of each symbol (V,): the classes of its code points; empty for a special symbol.
    """

    final: StateSet = (ACCEPT,)

    def __init__(self, nfa: NFA, spellings: Sequence[Spelling]) -> None:
        self._nfa = nfa
        self._spellings = list(dict.fromkeys(spellings))
        class_of = {spelling: number for number, spelling in enumerate(self._spellings)}
        self.symbol_classes = [class_of[spelling] for spelling in spellings]
        self.start = nfa.closure([nfa.start])

    def between_characters(self, kind: Hashable) -> bool:  # noqa: ARG002  no symbol is less
        """See `Subsets`."""
        return True

    def shifted(self, subset: StateSet, counter: Counter, copies: int) -> StateSet:
        """See `Subsets`."""
        return shifted(subset, counter, copies)

    def inside(self, subset: StateSet, counter: Counter) -> bool:
        """See `Subsets`."""
        return subset[0] >= counter.start


class CharacterSubsets(_SymbolSubsets):
    """Subsets under symbols of one code point; others are dead."""

    def __init__(self, nfa: NFA, spellings: Sequence[Spelling]) -> None:
        super().__init__(nfa, spellings)
        self._distances = Distances(nfa)
        self._members: dict[int, list[int]] = {}  # by class of characters: the alphabet classes
        for number, spelling in enumerate(self._spellings):
            for one in spelling[0] if len(spelling) == 1 else ():
                self._members.setdefault(one, []).append(number)
        self.kind, self.settled = self._distances.within, self._distances.settled
        self.counter, self.per_copy = nfa.counter, self._distances.per_copy

    def may_end(self, kind: frozenset[int]) -> bool:
        """See `Subsets`."""
        return EPSILON in kind  # the label of ACCEPT

    def columns(self, kind: frozenset[int]) -> dict[int, Hashable]:
        """See `Subsets`."""
        live = [number for one in kind for number in self._members.get(one, ())]
        return {number: kind.intersection(*self._spellings[number]) for number in live}

    def after(self, subset: StateSet, number: int) -> StateSet:
        """See `Subsets`."""
        return self._nfa.closure(self._nfa.read(subset, self._spellings[number][0]))


class GraphemeSubsets(_SymbolSubsets):
    """Subsets under symbols of one or more code points; the length counts symbols."""

    def __init__(self, nfa: NFA, spellings: Sequence[Spelling]) -> None:
        super().__init__(nfa, spellings)
        self._readable = {number: s for number, s in enumerate(self._spellings) if s and all(s)}
        self._beginning: dict[int, list[int]] = {}  # by class of the first code point: the symbols' classes
        for number, spelling in self._readable.items():
            for first in spelling[0]:
                self._beginning.setdefault(first, []).append(number)
        self._distance = self._distances()

    def kind(self, subset: StateSet, left: int) -> tuple[int, ...]:
        """See `Subsets`."""
        return self._kind(subset, self._lengths(subset), left)

    def settled(self, subset: StateSet) -> tuple[tuple[int, ...], int]:
        """See `Subsets`."""
        lengths = self._lengths(subset)
        enough = max((length for length in lengths.values() if length < UNREACHABLE), default=NEVER)
        return self._kind(subset, lengths, enough), enough

    def _kind(self, subset: StateSet, lengths: dict[int, int], left: int) -> tuple[int, ...]:
        return subset[:1] == (ACCEPT,), *[number for number, length in lengths.items() if length <= left]

    def may_end(self, kind: tuple[int, ...]) -> bool:
        """See `Subsets`."""
        return bool(kind[0])

    def columns(self, kind: tuple[int, ...]) -> dict[int, Hashable]:
        """See `Subsets`."""
        return {number: number for number in kind[1:]}  # two symbols rarely lead to the same subset

    def after(self, subset: StateSet, number: int) -> StateSet:
        """See `Subsets`."""
        return self._nfa.closure(self._read(subset, self._spellings[number]))

    def counter(self, subset: StateSet) -> tuple[None, int]:  # noqa: ARG002  a symbol may span copies
        """See `Subsets`."""
        return None, 0

    def per_copy(self, counter: Counter) -> int:  # noqa: ARG002  there is no counter
        """See `Subsets`."""
        return 0

    def _read(self, subset: StateSet, spelling: Spelling) -> set[int]:
        """Return the states that a symbol leads to, without their closure."""
        *firsts, last = spelling
        for classes in firsts:
            subset = self._nfa.closure(self._nfa.read(subset, classes))
        return self._nfa.read(subset, last)

    def _lengths(self, subset: StateSet) -> dict[int, int]:
        """Return the length of the shortest suffix of a match that begins with each possible alphabet class."""
        possible = {number: self._read(subset, self._readable[number]) for number in self._possible(subset)}
        return {
            number: min([self._distance[state] for state in states], default=UNREACHABLE) + 1
            for number, states in possible.items()
        }

    def _possible(self, subset: StateSet) -> list[int]:
        """Return the alphabet classes whose first code point is live, sorted."""
        labels, beginning = self._nfa.labels, self._beginning
        return sorted({number for state in subset for number in beginning.get(labels[state], ())})

    def _distances(self) -> list[int]:
        """Return the distance to the end, in symbols, of each state that a symbol can lead to."""
        nfa = self._nfa
        leading: dict[int, set[int]] = {}
        distance = [UNREACHABLE] * len(nfa.labels)
        nearest_first, seen, waiting = [], {nfa.start}, [nfa.start]
        while waiting:
            state = waiting.pop()
            subset = nfa.closure([state])
            if ACCEPT in subset:
                distance[state] = 0
                nearest_first.append(state)
            for number in self._possible(subset):
                for after in self._read(subset, self._readable[number]):
                    leading.setdefault(after, set()).add(state)
                    if after not in seen:
                        seen.add(after)
                        waiting.append(after)
        for after in nearest_first:  # grows meanwhile
            for state in leading.get(after, ()):
                if distance[state] == UNREACHABLE:
                    distance[state] = distance[after] + 1
                    nearest_first.append(state)
        return distance
