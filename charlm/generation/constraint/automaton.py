"""`Automaton`: the states that texts come to, as nodes that know each other, in tables that grow as needed.

A count may be long, and its copies are all the same: a state in one of them and that in the copy before share a
node. What tells them apart is kept beside it, as `turns`: by how many copies the text is farther from the end than
the nearest of these states, which is one copy from the last. So a text comes to new nodes in the first copy that it
goes through, and hardly to any later. Other nodes do not turn, such as those of a count within a count, and are
looked at in advance. What may follow is a `View`, which all nodes share in which the same may follow. When the
tables are full, new ones are begun; who still uses the old ones may continue.
"""

from __future__ import annotations

import contextlib
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from charlm.errors import ConstraintError
from charlm.generation.constraint.network import Run
from charlm.generation.constraint.readers import Reader

__all__ = ["Automaton", "Node", "State", "Tables", "View"]

FEWEST_STATES, MOST_STATES = 64, 4096
MOST_NUMBERS = 2_000_000
"""In all rows of `Tables.follows`, and in all masks."""
UNSEEN = -(1 << 60)
"""Makes turns negative, whatever they were."""
MOST_AHEAD = 64


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """The live symbols of a state. Views are compared by identity.

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


class Node:
    """A state, or all that differ in turns only.

    Parameters
    ----------
    name : object
        What the reader calls the state without turns.
    run : Run or None
        The count in which it turns.
    view : View
        What may follow with `enough` characters left, or more.
    enough, each : int
        Without turns, and how much more with each.

    Attributes
    ----------
    follows : list of (Node, int)
        By way: the node after it, and what to add to the turns. If they become negative, ask `Tables.after`.
    ways, whole
        Those of the view.
    ahead : int
        How many nodes were looked at in advance up to this one.
    """

    __slots__ = ("ahead", "each", "enough", "follows", "name", "run", "view", "ways", "whole")

    def __init__(self, name: Any, run: Run | None, view: View, enough: int, each: int) -> None:
        self.name, self.run, self.view, self.enough, self.each = name, run, view, enough, each
        self.ways, self.whole, self.ahead = view.ways, view.whole, 1
        self.follows: list[State] = [(self, UNSEEN)] * (view.ways[-1] + 1)


State: TypeAlias = tuple[Node, int]
"""A node, and turns."""


class Tables:
    """The lazily built table of each state.

    Parameters
    ----------
    reader : Reader
    size : int
        V.
    """

    def __init__(self, reader: Reader, size: int) -> None:
        self._reader, self._size = reader, size
        self._nodes: dict[Hashable, Node] = {}  # by name
        self._views: dict[Hashable, View] = {}  # by kind
        self._near: dict[tuple[State, int], View] = {}  # where few characters are left
        self._most_states, self._most_views = (
            max(min(MOST_STATES, MOST_NUMBERS // wide), FEWEST_STATES)
            for wide in (max(reader.letters) + 2, size + 1)
        )

    def __len__(self) -> int:
        """Return how many nodes there are."""
        return len(self._nodes)

    @property
    def full(self) -> bool:
        """Whether it is time to begin new tables."""
        return len(self._nodes) >= self._most_states or len(self._views) >= self._most_views

    def name(self, state: State) -> Any:
        """Return the reader's own name of a state."""
        node, turns = state
        return node.name if node.run is None else self._reader.moved(node.name, node.run, turns)

    def state(self, name: Any) -> State:
        """Return the state of a name, which is new if need be."""
        run, copy = self._reader.run(name)
        if run is None or copy == 0:  # where the last copy leads is another matter
            return self._nodes.get(name) or self._node(name, None), 0
        name = self._reader.moved(name, run, 1 - copy)
        return self._nodes.get(name) or self._node(name, run), copy - 1

    def _node(self, name: Any, run: Run | None) -> Node:
        kind, enough = self._reader.outlook(name)
        view = self._views.get(kind) or self._viewed(kind, name, enough)
        each = 0 if run is None else self._reader.slope(run)
        node = self._nodes[name] = Node(name, run, view, enough, each)
        return node

    def view(self, state: State, left: int) -> View:
        """Return what may follow in a state with so many characters left."""
        node, turns = state
        if left >= node.enough + turns * node.each:
            return node.view
        view = self._near.get((state, left))
        if view is None:
            name = self.name(state)
            kind = self._reader.kind(name, left)
            view = self._views.get(kind) or self._viewed(kind, name, left)
            if len(self._near) >= MOST_STATES:
                self._near.clear()
            self._near[state, left] = view
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

    def after(self, state: State, symbol: int) -> State:
        """Return the state after a live symbol; after the end, that in which nothing but the end may follow.

        Raises
        ------
        ConstraintError
            If too much would have to be followed.
        """
        node, turns = state
        after, more = node.follows[node.ways[symbol]]
        if turns + more >= 0:
            return after, turns + more
        found = self._after(state, symbol)
        self._look_ahead(found, symbol, min(2 * node.ahead, MOST_AHEAD))
        return found

    def _after(self, state: State, symbol: int) -> State:
        """Return the state after a symbol, and note it if it is the same for all turns."""
        node, turns = state
        reader, run, way = self._reader, node.run, node.ways[symbol]
        if way == len(node.follows) - 1:
            name, same = reader.over, True
        else:
            name, same = reader.after(node.name, reader.letters[symbol]), run is None
            if run is not None and reader.run(name)[0] == run:
                name = reader.moved(name, run, turns)
                same = reader.run(name)[1] > 0
        found, turned = self.state(name)
        if same:
            node.follows[way] = found, turned - turns
        return found, turned

    def _look_ahead(self, state: State, symbol: int, most: int) -> None:
        """Look at the states to which the same symbol leads again, as long as they look the same: in a count.

        One after the other they cost half of what they would at a character each. There are the more of them the
        more of those before have been come to, as a file is read ahead.
        """
        view, way = state[0].view, state[0].ways[symbol]
        if not view.live[symbol]:
            return
        with contextlib.suppress(ConstraintError):  # the text may take another way
            for _ in range(min(most, self._most_states - len(self._nodes))):
                node, _ = state
                if node.view is not view or node.follows[way][1] != UNSEEN:
                    break
                state = self._after(state, symbol)
        state[0].ahead = most


class Automaton:
    """The lazily built automaton of a pattern over the symbols of a model.

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
        if not (reader.may_end(reader.start) or reader.needs(reader.start).min() <= length):
            raise ConstraintError(
                f"no text of at most {length} characters matches the pattern; raise `length`, or change the pattern"
            )

    def renewed(self, tables: Tables) -> Tables:
        """Return tables with room, in place of full ones."""
        if self.tables is tables:
            self.tables = Tables(self.reader, self.size)
        return self.tables
