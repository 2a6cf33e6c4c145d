"""Readers: what a model's symbols do to the places of a pattern; `WholeSymbols` where each is a character or more.

A reader names the states that a text can be in and says of each what may follow. States are values that can be
compared; `charlm.generation.constraint.automaton` numbers them.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from charlm.generation.constraint.network import END, UNREACHABLE, Network, Places

__all__ = ["DEAD", "Needs", "Reader", "Spelling", "WholeSymbols", "nearest"]

Needs: TypeAlias = NDArray[np.int32]
Spelling: TypeAlias = tuple[frozenset[int], ...]
"""The classes that each code point of a symbol belongs to."""
DEAD = UNREACHABLE
"""More characters than any text has left."""


class Reader(Protocol):
    """What a pattern makes of a model's symbols."""

    @property
    def start(self) -> Hashable:
        """The state of a text that has not begun."""

    def may_end(self, state: Any) -> bool:
        """Return whether a text that has come to a state matches."""

    def outlook(self, state: Any) -> tuple[Hashable, int]:
        """Return what decides which symbols are live where the length is no matter, and when it is none.

        Returns
        -------
        kind : hashable
            States of a kind have the same live symbols.
        enough : int
            With so many characters left, or more, each of them is live.
        """

    def needs(self, state: Any) -> Needs:
        """Return, of each symbol (V,), the fewest characters up to a match if it comes next, itself among them.

        `DEAD` or more for a symbol with which no text matches.
        """

    def after(self, state: Any, symbol: int) -> tuple[Hashable, NDArray[np.intp]]:
        """Return the state after a symbol that is not dead, and all symbols that lead there by the same way."""

    def width(self, state: Any) -> int:
        """Return how many places of the pattern a text has come to at once."""

    def between_characters(self, state: Any) -> bool:
        """Return whether the last character is complete."""


def nearest(network: Network, places: Places, distance: Sequence[int]) -> dict[int, int]:
    """Return, of each class that may be read at these places, the fewest characters that follow it."""
    found: dict[int, int] = {}
    for place in places:
        if place != END:
            (after,) = network.follows[place]
            reads = network.reads[place]
            if distance[after] < found.get(reads, DEAD):
                found[reads] = distance[after]
    return found


class WholeSymbols:
    """Reads symbols that are characters, or graphemes of several code points.

    Parameters
    ----------
    network : Network
    spellings : sequence of tuple of frozenset of int
        Of each symbol (V,): the classes of its code points; empty for a special symbol.
    """

    def __init__(self, network: Network, spellings: Sequence[Spelling]) -> None:
        self._network, self._spellings = network, spellings
        alike: dict[Spelling, list[int]] = {}
        for symbol, spelling in enumerate(spellings):
            alike.setdefault(spelling, []).append(symbol)
        self._alike = {spelling: np.array(symbols) for spelling, symbols in alike.items()}
        self._at_once: dict[int, Needs] = {}  # of each class: 0 for symbols that are one character of it
        self._clusters: list[tuple[Spelling, NDArray[np.intp]]] = []
        for spelling, symbols in self._alike.items():
            if len(spelling) == 1:
                for number in spelling[0]:
                    self._at_once.setdefault(number, np.full(len(spellings), DEAD, np.int32))[symbols] = 0
            elif spelling and all(spelling):
                self._clusters.append((spelling, symbols))
        self.start = network.reached([network.entry])
        self._distance = self._distances() if self._clusters else network.distances()

    def may_end(self, state: Places) -> bool:
        """See `Reader`."""
        return state[:1] == (END,)

    def outlook(self, state: Places) -> tuple[Hashable, int]:
        """See `Reader`."""
        if self._clusters:
            live = self.needs(state)
            return (live < DEAD).tobytes(), int(live[live < DEAD].max(initial=0))
        near = nearest(self._network, state, self._distance)
        return frozenset(near), max(near.values(), default=-1) + 1

    def needs(self, state: Places) -> Needs:
        """See `Reader`."""
        needs = np.full(len(self._spellings), DEAD, np.int32)
        for number, distance in nearest(self._network, state, self._distance).items():
            if number in self._at_once:
                np.minimum(needs, self._at_once[number] + (distance + 1), out=needs)
        for spelling, symbols in self._clusters:
            needs[symbols] = min((self._distance[k] for k in self._read(state, spelling)), default=DEAD) + 1
        return needs

    def after(self, state: Places, symbol: int) -> tuple[Places, NDArray[np.intp]]:
        """See `Reader`."""
        spelling = self._spellings[symbol]
        return self._network.reached(self._read(state, spelling)), self._alike[spelling]

    def width(self, state: Places) -> int:
        """See `Reader`."""
        return len(state)

    def between_characters(self, state: Places) -> bool:  # noqa: ARG002  no symbol is less
        """See `Reader`."""
        return True

    def _read(self, state: Places, spelling: Spelling) -> set[int]:
        """Return where the places of a state go on, not yet what is reached from there."""
        *firsts, last = spelling
        for classes in firsts:
            state = self._network.reached(self._step(state, classes))
        return self._step(state, last)

    def _step(self, state: Places, classes: frozenset[int]) -> set[int]:
        reads, follows = self._network.reads, self._network.follows
        return {follows[place][0] for place in state if reads[place] in classes}

    def _distances(self) -> list[int]:
        """Return, of each place where a symbol can lead, the fewest symbols from there to the end."""
        network = self._network
        readable = [spelling for spelling in self._alike if spelling and all(spelling)]
        leading: dict[int, set[int]] = {}
        distance = [DEAD] * len(network.reads)
        nearest_first, seen, waiting = [], {network.entry}, [network.entry]
        while waiting:
            place = waiting.pop()
            state = network.reached([place])
            if END in state:
                distance[place] = 0
                nearest_first.append(place)
            for spelling in readable:
                for after in self._read(state, spelling):
                    leading.setdefault(after, set()).add(place)
                    if after not in seen:
                        seen.add(after)
                        waiting.append(after)
        for after in nearest_first:  # grows as it goes
            for place in leading.get(after, ()):
                if distance[place] == DEAD:
                    distance[place] = distance[after] + 1
                    nearest_first.append(place)
        return distance
