"""`Automaton`: the states that texts come to, numbered, in tables that grow as texts need them.

A state is looked at once: which symbols are live there, and how far each of them is from a match. From then on it
costs a line of a table. When the tables are full, new ones are begun; who still uses the old ones may go on.
"""

from __future__ import annotations

import math
from collections.abc import Hashable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from charlm.errors import ConstraintError
from charlm.generation.constraint.readers import DEAD, Needs, Reader

__all__ = ["Automaton", "Tables", "View"]

FEWEST_STATES, MOST_STATES = 64, 4096
MOST_NUMBERS = 2_000_000
"""In one table; there are three of that size."""
WIDEST = 1000
"""Ways in which a text may go on that are followed at once."""
UNSEEN = -1


class View(NamedTuple):
    """What may follow in a state.

    Parameters
    ----------
    enough : int
        With so many characters left, or more, `mask` tells what is live.
    may_end : bool
        Whether the text may end here.
    mask : ndarray, shape (V + 1,)
        0 where something is live, -inf where not; the last place is the end.
    dead : ndarray of intp
        The symbols that `mask` refuses.
    whole : bool
        Whether the last character is complete.
    """

    enough: int
    may_end: bool
    mask: NDArray[np.float64]
    dead: NDArray[np.intp]
    whole: bool


class Tables:
    """What is known of each state.

    Parameters
    ----------
    reader : Reader
    size : int
        V.

    Attributes
    ----------
    views : list of View
    enough, may_end, whole : ndarray, shape (states,)
        See `View`; `whole` is 1 or 0.
    most_enough : int
        The largest of `enough`.
    masks : ndarray, shape (masks, V + 1)
        See `View`; many states share one.
    dead : ndarray, shape (masks, V)
        1 for what a mask refuses, else 0.
    mask_of : ndarray of intp, shape (states,)
        The place of each state's mask.
    follows : ndarray of intp, shape (states, V + 1)
        The state after each symbol, as far as it is known; after the end the same again.
    """

    def __init__(self, reader: Reader, size: int) -> None:
        self._reader, self._size = reader, size
        self._names: list[Any] = []
        self._numbers: dict[Hashable, int] = {}
        self._needs: dict[int, Needs] = {}
        self._kinds: dict[Hashable, tuple[int, NDArray[np.intp]]] = {}
        self._limit = max(min(MOST_STATES, MOST_NUMBERS // (size + 1)), FEWEST_STATES)
        self.views: list[View] = []
        self.enough, self.mask_of = np.zeros(8, np.int32), np.zeros(8, np.intp)
        self.may_end, self.whole = np.zeros(8, np.bool_), np.zeros(8, np.int64)
        self.masks, self.dead = np.full((8, size + 1), -math.inf), np.ones((8, size))
        self.follows = np.full((8, size + 1), UNSEEN, np.intp)
        self.most_enough = 0

    @property
    def full(self) -> bool:
        """Whether it is time to begin new tables."""
        return len(self._names) >= self._limit

    def name(self, number: int) -> Any:
        """Return the reader's own name of a state."""
        return self._names[number]

    def number(self, name: Any) -> int:
        """Return the number of a state, which is new if need be.

        Raises
        ------
        ConstraintError
            If too much would have to be followed.
        """
        known = self._numbers.get(name)
        if known is not None:
            return known
        if self._reader.width(name) > WIDEST:
            raise ConstraintError(
                f"the pattern allows more than {WIDEST} ways to go on at once; nest fewer or smaller counts"
            )
        number = len(self._names)
        if number == len(self.enough):
            for table in ("enough", "mask_of", "may_end", "whole", "follows"):
                setattr(self, table, _doubled(getattr(self, table)))
            self.follows[number:] = UNSEEN
        self.follows[number, -1] = number
        may_end, whole = self._reader.may_end(name), self._reader.between_characters(name)
        kind, enough = self._reader.outlook(name)
        place, dead = self._mask((kind, may_end), name)
        self.enough[number], self.mask_of[number] = enough, place
        self.most_enough = max(enough, self.most_enough)
        self.may_end[number], self.whole[number] = may_end, whole
        self.views.append(View(enough, may_end, self.masks[place], dead, whole))
        self._names.append(name)
        self._numbers[name] = number
        return number

    def _mask(self, kind: tuple[Hashable, bool], name: Any) -> tuple[int, NDArray[np.intp]]:
        """Return the place of the mask that states of a kind share, and what it refuses."""
        if kind not in self._kinds:
            place = len(self._kinds)
            if place == len(self.masks):
                self.masks, self.dead = _doubled(self.masks), _doubled(self.dead)
            dead = self._reader.needs(name) >= DEAD
            self.masks[place, :-1], self.dead[place] = np.where(dead, -math.inf, 0), dead
            self.masks[place, -1] = 0 if kind[1] else -math.inf
            self._kinds[kind] = place, np.flatnonzero(dead)
        return self._kinds[kind]

    def needs(self, number: int) -> Needs:
        """Return, of each symbol (V,), the fewest characters up to a match if it comes next in a state."""
        if number not in self._needs:
            self._needs[number] = self._reader.needs(self._names[number])
        return self._needs[number]

    def after(self, number: int, symbol: int) -> int:
        """Return the state after a live symbol."""
        known = int(self.follows[number, symbol])
        if known == UNSEEN:
            name, alike = self._reader.after(self._names[number], symbol)
            known = self.number(name)
            self.follows[number, alike] = known
        return known


def _doubled(table: NDArray[Any]) -> NDArray[Any]:
    return np.concatenate([table, table])


class Automaton:
    """What a pattern makes of the symbols of a model.

    Parameters
    ----------
    reader : Reader
    size : int
        V.
    length : int
        Characters of a text at most.

    Attributes
    ----------
    tables : Tables
        The newest.

    Raises
    ------
    ConstraintError
        If no text matches that is so short.
    """

    def __init__(self, reader: Reader, size: int, length: int) -> None:
        self.reader, self.size, self.length = reader, size, length
        self.tables = Tables(reader, size)
        start = self.tables.number(reader.start)
        if not (self.tables.may_end[start] or self.tables.needs(start).min() <= length):
            raise ConstraintError(
                f"no text of at most {length} characters matches the pattern; raise --length, or change the pattern"
            )

    def renewed(self, tables: Tables) -> Tables:
        """Return tables with room, in place of full ones."""
        if self.tables is tables:
            self.tables = Tables(self.reader, self.size)
        return self.tables
