"""`ByteSubsets`: the subset construction over bytes, for models whose symbols are bytes."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import numpy as np

from charlm.generation.constraint.alphabet import Characters
from charlm.generation.constraint.nfa import ACCEPT, NFA, Counter, Distances, StateSet, shifted
from charlm.generation.constraint.subsets import DEAD, Lengths

__all__ = ["ByteSubsets"]


class ByteSubsets:
    """Subsets under bytes: a set of NFA states, and the UTF-8 node of the incomplete character.

    Parameters
    ----------
    nfa : NFA
    characters : Characters
    symbols : sequence of int or None
        The byte that each symbol (V,) is; None for a special one.
    """

    def __init__(self, nfa: NFA, characters: Characters, symbols: Sequence[int | None]) -> None:
        self._nfa, self._characters, self._size = nfa, characters, len(symbols)
        self._id = {byte: k for k, byte in enumerate(symbols) if byte is not None}
        self._distances = Distances(nfa)
        self.start = (nfa.closure([nfa.start]), characters.root)
        self.final = ((ACCEPT,), characters.root)
        columns: dict[int | None, list[tuple[int, int]]] = {byte: [] for byte in symbols}
        for node, (branches, _) in enumerate(characters.nodes):
            for byte, after in branches.items():
                columns[byte].append((node, after))
        class_of: dict[tuple[tuple[int, int], ...], int] = {}
        self.symbol_classes = [class_of.setdefault(tuple(columns[byte]), len(class_of)) for byte in symbols]
        self._columns = [dict(columns) for columns in class_of]

    def may_end(self, subset: tuple[StateSet, int]) -> bool:
        """See `Subsets`."""
        states, node = subset
        return node == self._characters.root and states[:1] == (ACCEPT,)

    def kind(self, subset: tuple[StateSet, int], left: int) -> Hashable:
        """See `Subsets`."""
        states, node = subset
        return node, self._distances.within(states, left)

    def settled(self, subset: tuple[StateSet, int]) -> tuple[Hashable, int]:
        """See `Subsets`."""
        states, node = subset
        classes, enough = self._distances.settled(states)
        return (node, classes), enough

    def columns(self, subset: tuple[StateSet, int]) -> list[Hashable]:
        """See `Subsets`."""
        states, node = subset
        classes, _ = self._distances.settled(states)
        kinds, afters = self._characters.kinds, [columns.get(node, DEAD) for columns in self._columns]
        return [classes & kinds[~after] if after < 0 else after for after in afters]

    def lengths(self, subset: tuple[StateSet, int]) -> Lengths:
        """See `Subsets`."""
        states, node = subset
        lengths = np.full(self._size, DEAD, np.int32)
        if node < 0:
            return lengths
        near = self._distances.nearest(states)
        nodes, kinds = self._characters.nodes, self._characters.kinds
        of_kind = {
            kind: min((near[number] for number in kinds[kind] if number in near), default=DEAD)
            for kind in nodes[node].kinds
        }
        for byte, after in nodes[node].branches.items():
            reached = (~after,) if after < 0 else nodes[after].kinds
            lengths[self._id[byte]] = min(of_kind[kind] for kind in reached)
        return lengths

    def after(self, subset: tuple[StateSet, int], number: int) -> tuple[StateSet, int]:
        """See `Subsets`."""
        states, node = subset
        after, nfa = self._columns[number][node], self._nfa
        if after >= 0:
            return states, after
        classes = self._characters.kinds[~after]
        successors = {state + nfa.successors[state][0] for state in states if nfa.labels[state] in classes}
        return nfa.closure(successors), self._characters.root

    def counter(self, subset: tuple[StateSet, int]) -> tuple[Counter | None, int]:
        """See `Subsets`."""
        return self._nfa.counter(subset[0])

    def shifted(self, subset: tuple[StateSet, int], counter: Counter, copies: int) -> tuple[StateSet, int]:
        """See `Subsets`."""
        states, node = subset
        return shifted(states, counter, copies), node

    def per_copy(self, counter: Counter) -> int:
        """See `Subsets`."""
        return self._distances.per_copy(counter)

    def between_characters(self, subset: tuple[StateSet, int]) -> bool:
        """See `Subsets`."""
        return subset[1] == self._characters.root
