"""`Automaton`: the states that texts come to, numbered, in tables that grow as texts need them.

A state is looked at once, and there may be one for every character of a text: in a long count each is new. So what
is known of it are a few entries in lists, and what follows in it is a `View`, which all states share in which the
same may follow: a count has as many states as it counts, and two or three views. When the tables are full, new ones
are begun; who still uses the old ones may go on.
"""

from __future__ import annotations

import contextlib
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from charlm.errors import ConstraintError
from charlm.generation.constraint.readers import Needs, Reader

__all__ = ["UNSEEN", "Automaton", "Tables", "View"]

FEWEST_STATES, MOST_STATES = 64, 4096
MOST_NUMBERS = 2_000_000
"""In all rows of `Tables.follows`, and in all masks."""
UNSEEN = -1
MOST_AHEAD = 64


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """What may follow in a state. Views are compared by identity.

    Parameters
    ----------
    live : ndarray, shape (V + 1,)
        1 for what is live, else 0; the last place is the end.
    dead : ndarray, shape (V,), or None
        1 for the symbols whose probabilities make up that of the end, else 0; None where there is no end, and where
        there is nothing else.
    may_end : bool
        Whether the text may end here.
    whole : bool
        Whether the last character is complete.
    ways : list of int
        Of each symbol, and last of the end (V + 1), where it leads: symbols of one number lead to the same state,
        whichever of the states it is. What is no symbol, -1, is an end, too.
    """

    live: NDArray[np.float64]
    dead: NDArray[np.float64] | None
    may_end: bool
    whole: bool
    ways: list[int]


class Tables:
    """What is known of each state.

    Parameters
    ----------
    reader : Reader
    size : int
        V.

    Attributes
    ----------
    ways : list of list of int
        By state: the `ways` of its view.
    follows : list of list of int
        By state and way: the state after it, or `UNSEEN` as long as nobody has asked.
    views : list of View
        By state: what may follow with `enough` characters left, or more.
    enough : list of int
    may_end, whole : list of bool
        By state; see `View`.
    """

    def __init__(self, reader: Reader, size: int) -> None:
        self._reader, self._size = reader, size
        self._names: list[Any] = []
        self._numbers: dict[Hashable, int] = {}
        self._views: dict[Hashable, View] = {}
        self._near: dict[tuple[int, int], View] = {}  # by state and characters left, where those are few
        self._ahead, self._farthest = 1, UNSEEN  # states to look at at once, and the last of them
        self.ways: list[list[int]] = []
        self.follows: list[list[int]] = []
        self.views: list[View] = []
        self.enough: list[int] = []
        self.may_end: list[bool] = []
        self.whole: list[bool] = []
        self._most_states, self._most_views = (
            max(min(MOST_STATES, MOST_NUMBERS // wide), FEWEST_STATES) for wide in (max(reader.letters) + 2, size + 1)
        )

    @property
    def full(self) -> bool:
        """Whether it is time to begin new tables."""
        return len(self._names) >= self._most_states or len(self._views) >= self._most_views

    def name(self, number: int) -> Any:
        """Return the reader's own name of a state."""
        return self._names[number]

    def number(self, name: Any) -> int:
        """Return the number of a state, which is new if need be."""
        known = self._numbers.get(name)
        if known is not None:
            return known
        kind, enough = self._reader.outlook(name)
        view = self._views.get(kind) or self._viewed(kind, name, enough)
        number = self._numbers[name] = len(self._names)
        self._names.append(name)
        self.ways.append(view.ways)
        self.follows.append([UNSEEN] * (view.ways[-1] + 1))
        self.views.append(view)
        self.enough.append(enough)
        self.may_end.append(view.may_end)
        self.whole.append(view.whole)
        return number

    def view(self, number: int, left: int) -> View:
        """Return what may follow in a state with so many characters left."""
        if left >= self.enough[number]:
            return self.views[number]
        view = self._near.get((number, left))
        if view is None:
            name = self._names[number]
            kind = self._reader.kind(name, left)
            view = self._views.get(kind) or self._viewed(kind, name, left)
            if len(self._near) >= MOST_STATES:
                self._near.clear()
            self._near[number, left] = view
        return view

    def _viewed(self, kind: Hashable, name: Any, left: int) -> View:
        """Return the view of a state, and keep it for all of its kind."""
        alive = self._reader.needs(name) <= left
        may_end = self._reader.may_end(name)
        ends = may_end and not alive.all()
        live = np.append(alive, ends).astype(np.float64)
        dead = 1 - live[:-1] if ends and alive.any() else None
        view = View(live, dead, may_end, self._reader.between_characters(name), self._ways(name))
        if len(self._views) < self._most_views:
            self._views[kind] = view
        return view

    def _ways(self, name: Any) -> list[int]:
        """Return the ways that lead out of a state; the end's is the last."""
        numbers: dict[Hashable, int] = {}
        of_letters = [numbers.setdefault(way, len(numbers)) for way in self._reader.ways(name)]
        return [*[of_letters[letter] for letter in self._reader.letters], len(numbers)]

    def needs(self, number: int) -> Needs:
        """Return, of each symbol (V,), the fewest characters up to a match if it comes next in a state."""
        return self._reader.needs(self._names[number])

    def after(self, number: int, symbol: int) -> int:
        """Return the state after a live symbol; after the end, that in which nothing but the end may follow.

        Raises
        ------
        ConstraintError
            If too much would have to be followed.
        """
        follows, way = self.follows[number], self.ways[number][symbol]
        if follows[way] == UNSEEN and way == len(follows) - 1:
            follows[way] = self.number(self._reader.over)
        elif follows[way] == UNSEEN:
            letter = self._reader.letters[symbol]
            follows[way] = self.number(self._reader.after(self._names[number], letter))
            self._look_ahead(number, follows[way], symbol)
        return follows[way]

    def _look_ahead(self, before: int, number: int, symbol: int) -> None:
        """Look at the states to which the same symbol leads again, as it does in a long count.

        One after the other they cost half of what they would at a character each. There are the more of them the
        more of those before have been come to, as a file is read ahead.
        """
        self._ahead = min(2 * self._ahead, MOST_AHEAD) if before == self._farthest else 1
        letter, after, names = self._reader.letters[symbol], self._reader.after, self._names
        with contextlib.suppress(ConstraintError):  # the text may take another way
            for _ in range(min(self._ahead, self._most_states - len(names))):
                follows, way = self.follows[number], self.ways[number][symbol]
                if follows[way] != UNSEEN or not self.views[number].live[symbol]:
                    break
                number = follows[way] = self.number(after(names[number], letter))
        self._farthest = number


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
