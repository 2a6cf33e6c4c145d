"""The subset construction: sets of NFA states, and their transitions by a model's symbols.

A subset is a hashable value; `charlm.generation.constraint.lazy_dfa` makes a state of the DFA from it. In this
module a symbol is a character, or several code points. In a long count `counter`, `shifted`, `after` and `settled`
are called once a character of a text; methods that return an entry for each symbol are called rarely.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from charlm.generation.constraint.nfa import ACCEPT, NEVER, NFA, UNREACHABLE, Counter, Distances, StateSet, shifted

__all__ = ["DEAD", "CharacterSubsets", "GraphemeSubsets", "Lengths", "Spelling", "Subsets"]

Lengths: TypeAlias = NDArray[np.int32]
Spelling: TypeAlias = tuple[frozenset[int], ...]
"""The classes that each code point of a symbol belongs to."""
DEAD = UNREACHABLE
"""A distance longer than any text."""


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

    def may_end(self, subset: Any) -> bool:
        """Return whether a text in a subset matches."""

    def kind(self, subset: Any, left: int) -> Hashable:
        """Return a key that is equal for subsets with the same live symbols, with `left` characters left."""

    def settled(self, subset: Any) -> tuple[Hashable, int]:
        """Return the `kind` of a subset with enough characters left, and the least number that is enough."""

    def columns(self, subset: Any) -> Sequence[Hashable]:
        """Return a key for each alphabet class: in all subsets of this kind, equal keys have the same successor."""

    def lengths(self, subset: Any) -> Lengths:
        """Return the length in characters of the shortest suffix of a match that begins with each symbol (V,).

        `DEAD` or more for a dead symbol.
        """

    def after(self, subset: Any, number: int) -> Hashable:
        """Return the subset after a symbol of an alphabet class, which is not dead."""

    def between_characters(self, subset: Any) -> bool:
        """Return whether the last character is complete."""

    def counter(self, subset: Any) -> tuple[Counter | None, int]:
        """Return the counter that a subset is in, if any, and its copy, numbered from the end."""

    def shifted(self, subset: Any, counter: Counter, copies: int) -> Hashable:
        """Return the subset `copies` copies of a counter farther from the end, with the same live symbols."""

    def per_copy(self, counter: Counter) -> int:
        """Return by how much each copy lengthens the shortest suffix of a match."""


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
        self._nfa, self._size = nfa, len(spellings)
        self._spellings = list(dict.fromkeys(spellings))
        class_of = {spelling: number for number, spelling in enumerate(self._spellings)}
        self.symbol_classes = [class_of[spelling] for spelling in spellings]
        self.start = nfa.closure([nfa.start])

    def may_end(self, subset: StateSet) -> bool:
        """See `Subsets`."""
        return subset[:1] == (ACCEPT,)

    def after(self, subset: StateSet, number: int) -> StateSet:
        """See `Subsets`."""
        return self._nfa.closure(self._read(subset, self._spellings[number]))

    def between_characters(self, subset: StateSet) -> bool:  # noqa: ARG002  no symbol is less
        """See `Subsets`."""
        return True

    def counter(self, subset: StateSet) -> tuple[Counter | None, int]:  # noqa: ARG002  a symbol may span copies
        """See `Subsets`."""
        return None, 0

    def shifted(self, subset: StateSet, counter: Counter, copies: int) -> StateSet:
        """See `Subsets`."""
        return shifted(subset, counter, copies)

    def per_copy(self, counter: Counter) -> int:  # noqa: ARG002  there is no counter
        """See `Subsets`."""
        return 0

    def _read(self, subset: StateSet, spelling: Spelling) -> set[int]:
        """Return the states that a symbol leads to, without their closure."""
        *firsts, last = spelling
        for classes in firsts:
            subset = self._nfa.closure(self._step(subset, classes))
        return self._step(subset, last)

    def _step(self, subset: StateSet, classes: frozenset[int]) -> set[int]:
        labels, successors = self._nfa.labels, self._nfa.successors
        return {state + successors[state][0] for state in subset if labels[state] in classes}


class CharacterSubsets(_SymbolSubsets):
    """Subsets under symbols of one code point; others are dead."""

    def __init__(self, nfa: NFA, spellings: Sequence[Spelling]) -> None:
        super().__init__(nfa, spellings)
        self._distances = Distances(nfa)
        self._members: dict[int, list[int]] = {}  # by class: its symbols
        for symbol, spelling in enumerate(spellings):
            for number in spelling[0] if len(spelling) == 1 else ():
                self._members.setdefault(number, []).append(symbol)
        self.kind, self.settled = self._distances.within, self._distances.settled

    def columns(self, subset: StateSet) -> list[Hashable]:
        """See `Subsets`."""
        classes, _ = self.settled(subset)
        return [classes.intersection(*spelling) if len(spelling) == 1 else None for spelling in self._spellings]

    def counter(self, subset: StateSet) -> tuple[Counter | None, int]:
        """See `Subsets`."""
        return self._nfa.counter(subset)

    def per_copy(self, counter: Counter) -> int:
        """See `Subsets`."""
        return self._distances.per_copy(counter)

    def after(self, subset: StateSet, number: int) -> StateSet:
        """See `Subsets`."""
        labels, successors = self._nfa.labels, self._nfa.successors
        (classes,) = self._spellings[number]
        return self._nfa.closure({state + successors[state][0] for state in subset if labels[state] in classes})

    def lengths(self, subset: StateSet) -> Lengths:
        """See `Subsets`."""
        lengths = np.full(self._size, DEAD, np.int32)
        near = self._distances.nearest(subset)
        for number in sorted(near, key=near.__getitem__, reverse=True):  # the nearest is written last
            lengths[self._members.get(number, [])] = near[number]
        return lengths


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

    def kind(self, subset: StateSet, left: int) -> Hashable:
        """See `Subsets`."""
        return self.may_end(subset), *[number for number, length in self._lengths(subset).items() if length <= left]

    def settled(self, subset: StateSet) -> tuple[Hashable, int]:
        """See `Subsets`."""
        enough = max((length for length in self._lengths(subset).values() if length < DEAD), default=NEVER)
        return self.kind(subset, enough), enough

    def columns(self, subset: StateSet) -> range:  # noqa: ARG002  two symbols rarely lead to the same subset
        """See `Subsets`."""
        return range(len(self._spellings))

    def lengths(self, subset: StateSet) -> Lengths:
        """See `Subsets`."""
        by_class = self._lengths(subset)
        return np.array([by_class.get(number, DEAD) for number in range(len(self._spellings))], np.int32)[
            self.symbol_classes
        ]

    def _lengths(self, subset: StateSet) -> dict[int, int]:
        """Return `lengths` by alphabet class."""
        distance, read = self._distance, self._read
        return {
            number: min((distance[state] for state in read(subset, self._readable[number])), default=DEAD) + 1
            for number in self._possible(subset)
        }

    def _possible(self, subset: StateSet) -> list[int]:
        """Return the alphabet classes whose first code point is live, sorted."""
        labels, beginning = self._nfa.labels, self._beginning
        return sorted({number for state in subset for number in beginning.get(labels[state], ())})

    def _distances(self) -> list[int]:
        """Return the distance to the end, in symbols, of each state that a symbol can lead to."""
        nfa = self._nfa
        leading: dict[int, set[int]] = {}
        distance = [DEAD] * len(nfa.labels)
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
                if distance[state] == DEAD:
                    distance[state] = distance[after] + 1
                    nearest_first.append(state)
        return distance
