"""`ByteSubsets`: the subset construction over bytes, for models whose symbols are bytes."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

from charlm.generation.constraint.alphabet import Characters
from charlm.generation.constraint.nfa import ACCEPT, EPSILON, NFA, Counter, StateSet, shifted
from charlm.generation.constraint.subsets import Distances

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
        self._nfa, self._characters = nfa, characters
        self._below: dict[int, frozenset[int]] = {}  # by node: the classes of its characters
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

    def kind(self, subset: tuple[StateSet, int], left: int) -> tuple[int, frozenset[int]]:
        """See `Subsets`."""
        states, node = subset
        return node, self._distances.within(states, left)

    def settled(self, subset: tuple[StateSet, int]) -> tuple[tuple[int, frozenset[int]], int]:
        """See `Subsets`."""
        states, node = subset
        classes, enough = self._distances.settled(states)
        return (node, classes), enough

    def may_end(self, kind: tuple[int, frozenset[int]]) -> bool:
        """See `Subsets`."""
        node, classes = kind
        return node == self._characters.root and EPSILON in classes  # the label of ACCEPT

    def between_characters(self, kind: tuple[int, frozenset[int]]) -> bool:
        """See `Subsets`."""
        return kind[0] == self._characters.root

    def columns(self, kind: tuple[int, frozenset[int]]) -> dict[int, Hashable]:
        """See `Subsets`."""
        node, classes = kind
        found: dict[int, Hashable] = {}
        for number, afters in enumerate(self._columns):
            after = afters.get(node)
            if after is not None and not classes.isdisjoint(self._classes_below(after)):
                found[number] = classes & self._characters.kinds[~after] if after < 0 else after
        return found

    def _classes_below(self, after: int) -> frozenset[int]:
        """Return the classes of the characters that begin with a node, or of a kind, ``~kind``."""
        if after < 0:
            return self._characters.kinds[~after]
        if after not in self._below:
            kinds = self._characters.nodes[after].kinds
            self._below[after] = frozenset().union(*[self._characters.kinds[kind] for kind in kinds])
        return self._below[after]

    def after(self, subset: tuple[StateSet, int], number: int) -> tuple[StateSet, int]:
        """See `Subsets`."""
        states, node = subset
        after, nfa = self._columns[number][node], self._nfa
        if after >= 0:
            return states, after
        classes = self._characters.kinds[~after]
        return nfa.closure(nfa.read(states, classes)), self._characters.root

    def counter(self, subset: tuple[StateSet, int]) -> tuple[Counter | None, int]:
        """See `Subsets`."""
        return self._nfa.counter(subset[0])

    def shifted(self, subset: tuple[StateSet, int], counter: Counter, copies: int) -> tuple[StateSet, int]:
        """See `Subsets`."""
        states, node = subset
        return shifted(states, counter, copies), node

    def inside(self, subset: tuple[StateSet, int], counter: Counter) -> bool:
        """See `Subsets`."""
        return subset[0][0] >= counter.start

    def per_copy(self, counter: Counter) -> int:
        """See `Subsets`."""
        return self._distances.per_copy(counter)
