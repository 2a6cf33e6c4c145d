"""Readers: what a model's symbols do to the places of a pattern; here each symbol is a character or more.

A reader names the states that a text can be in and says of each what may follow. States are values that can be
compared; `charlm.generation.constraint.automaton` numbers them. What it asks of each state costs a character of a
text, in a long count; arrays over the symbols are asked for a few times only.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from charlm.generation.constraint.network import END, NEVER, UNREACHABLE, Network, Places, Run, ToEnd, moved

__all__ = ["DEAD", "Graphemes", "Needs", "Reader", "Spelling", "WholeCharacters"]

Needs: TypeAlias = NDArray[np.int32]
Spelling: TypeAlias = tuple[frozenset[int], ...]
"""The classes that each code point of a symbol belongs to."""
DEAD = UNREACHABLE
"""More characters than any text has left."""


class Reader(Protocol):
    """A pattern as a model's symbols move through it."""

    @property
    def start(self) -> Hashable:
        """The state of a text that has not begun."""

    @property
    def over(self) -> Hashable:
        """The state of a text that matches and cannot be continued."""

    @property
    def letters(self) -> Sequence[int]:
        """Of each symbol (V,) a number from 0; symbols of one number lead to the same states everywhere."""

    def may_end(self, state: Any) -> bool:
        """Return whether a text that has come to a state matches."""

    def kind(self, state: Any, left: int) -> Hashable:
        """Return what decides which symbols are live with so many characters left, and if the text may end."""

    def outlook(self, state: Any) -> tuple[Hashable, int]:
        """Return the kind of a state where the length is no matter, and from how many characters left on."""

    def ways(self, state: Any) -> Sequence[Hashable]:
        """Return, of each letter, where it leads from states of this kind: equal ones lead to the same state."""

    def needs(self, state: Any) -> Needs:
        """Return, of each symbol (V,), the fewest characters up to a match if it comes next, itself among them.

        `DEAD` or more for a symbol with which no text matches.
        """

    def after(self, state: Any, letter: int) -> Hashable:
        """Return the state after a symbol that is not dead."""

    def between_characters(self, state: Any) -> bool:
        """Return whether the last character is complete."""

    def run(self, state: Any) -> tuple[Run | None, int]:
        """Return the count that a text is in, if any, and in which of its copies, numbered from the end."""

    def moved(self, state: Any, run: Run, copies: int) -> Hashable:
        """Return the state so many copies of a count farther from the end, where the same may follow."""

    def slope(self, run: Run) -> int:
        """Return how much farther from the end a state is with each copy."""


class _WholeSymbols:
    """Reads symbols that are whole characters, or several code points each; a state is places of the pattern.

    Parameters
    ----------
    network : Network
    spellings : sequence of tuple of frozenset of int
        Of each symbol (V,): the classes of its code points; empty for a special symbol.
    """

    over: Places = (END,)

    def __init__(self, network: Network, spellings: Sequence[Spelling]) -> None:
        self._network, self._size = network, len(spellings)
        self._spellings = list(dict.fromkeys(spellings))
        letter_of = {spelling: letter for letter, spelling in enumerate(self._spellings)}
        self.letters = [letter_of[spelling] for spelling in spellings]
        self.start = network.reached([network.entry])

    def may_end(self, state: Places) -> bool:
        """See `Reader`."""
        return state[:1] == (END,)

    def after(self, state: Places, letter: int) -> Places:
        """See `Reader`."""
        return self._network.reached(self._read(state, self._spellings[letter]))

    def between_characters(self, state: Places) -> bool:  # noqa: ARG002  no symbol is less
        """See `Reader`."""
        return True

    def run(self, state: Places) -> tuple[Run | None, int]:  # noqa: ARG002  may go through several copies at once
        """See `Reader`."""
        return None, 0

    def moved(self, state: Places, run: Run, copies: int) -> Places:
        """See `Reader`."""
        return moved(state, run, copies)

    def slope(self, run: Run) -> int:  # noqa: ARG002  they do not turn
        """See `Reader`."""
        return 0

    def _read(self, state: Places, spelling: Spelling) -> set[int]:
        """Return the places that those of a state lead to, not yet what is reached from there."""
        *firsts, last = spelling
        for classes in firsts:
            state = self._network.reached(self._step(state, classes))
        return self._step(state, last)

    def _step(self, state: Places, classes: frozenset[int]) -> set[int]:
        reads, follows = self._network.reads, self._network.follows
        return {follows[place][0] for place in state if reads[place] in classes}


class WholeCharacters(_WholeSymbols):
    """Reads symbols each of which is one code point; others are dead."""

    def __init__(self, network: Network, spellings: Sequence[Spelling]) -> None:
        super().__init__(network, spellings)
        self._to_end = ToEnd(network)
        self._members: dict[int, list[int]] = {}  # by class: its symbols
        for symbol, spelling in enumerate(spellings):
            for number in spelling[0] if len(spelling) == 1 else ():
                self._members.setdefault(number, []).append(symbol)
        self.kind, self.outlook = self._to_end.within, self._to_end.outlook

    def ways(self, state: Places) -> list[Hashable]:
        """See `Reader`."""
        classes, _ = self.outlook(state)
        return [classes.intersection(*spelling) if len(spelling) == 1 else None for spelling in self._spellings]

    def run(self, state: Places) -> tuple[Run | None, int]:
        """See `Reader`."""
        return self._network.run(state)

    def slope(self, run: Run) -> int:
        """See `Reader`."""
        return self._to_end.slope(run)

    def after(self, state: Places, letter: int) -> Places:
        """See `Reader`."""
        reads, follows = self._network.reads, self._network.follows
        (classes,) = self._spellings[letter]
        return self._network.reached({follows[place][0] for place in state if reads[place] in classes})

    def needs(self, state: Places) -> Needs:
        """See `Reader`."""
        needs = np.full(self._size, DEAD, np.int32)
        near = self._to_end.nearest(state)
        for number in sorted(near, key=near.__getitem__, reverse=True):  # what is nearest has the last word
            needs[self._members.get(number, [])] = near[number]
        return needs


class Graphemes(_WholeSymbols):
    """Reads symbols that may have several code points; the length counts symbols."""

    def __init__(self, network: Network, spellings: Sequence[Spelling]) -> None:
        super().__init__(network, spellings)
        self._readable = {letter: s for letter, s in enumerate(self._spellings) if s and all(s)}
        self._beginning: dict[int, list[int]] = {}  # by class: the letters whose first code point belongs to it
        for letter, spelling in self._readable.items():
            for number in spelling[0]:
                self._beginning.setdefault(number, []).append(letter)
        self._distance = self._distances()

    def kind(self, state: Places, left: int) -> Hashable:
        """See `Reader`."""
        return self.may_end(state), *[letter for letter, need in self._needs(state).items() if need <= left]

    def outlook(self, state: Places) -> tuple[Hashable, int]:
        """See `Reader`."""
        enough = max((need for need in self._needs(state).values() if need < DEAD), default=NEVER)
        return self.kind(state, enough), enough

    def ways(self, state: Places) -> range:  # noqa: ARG002  two symbols rarely lead to the same state
        """See `Reader`."""
        return range(len(self._spellings))

    def needs(self, state: Places) -> Needs:
        """See `Reader`."""
        by_letter = self._needs(state)
        return np.array([by_letter.get(letter, DEAD) for letter in range(len(self._spellings))], np.int32)[
            self.letters
        ]

    def _needs(self, state: Places) -> dict[int, int]:
        """Return of each letter what `needs` does of each symbol."""
        distance, read = self._distance, self._read
        return {
            letter: min((distance[place] for place in read(state, self._readable[letter])), default=DEAD) + 1
            for letter in self._possible(state)
        }

    def _possible(self, state: Places) -> list[int]:
        """Return the letters of which at least the first code point may come next, sorted."""
        reads, beginning = self._network.reads, self._beginning
        return sorted({letter for place in state for letter in beginning.get(reads[place], ())})

    def _distances(self) -> list[int]:
        """Return, of each place where a symbol can lead, the fewest symbols from there to the end."""
        network = self._network
        leading: dict[int, set[int]] = {}
        distance = [DEAD] * len(network.reads)
        nearest_first, seen, waiting = [], {network.entry}, [network.entry]
        while waiting:
            place = waiting.pop()
            state = network.reached([place])
            if END in state:
                distance[place] = 0
                nearest_first.append(place)
            for letter in self._possible(state):
                for after in self._read(state, self._readable[letter]):
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
