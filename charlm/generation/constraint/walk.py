"""`Walk` and `Walks`: where one text, or each of many, stands in a pattern, and what may be drawn there.

In a state where a text may not end, dead symbols are refused. Where it may end, the probability of all dead symbols
and of the stop symbol together is that of ending there, and so the end is one more thing to draw: it has the id V,
behind all symbols. A symbol is dead if no match can be reached with it in the characters that are left.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from charlm.generation.constraint.automaton import Automaton, State, View

__all__ = ["Walk", "Walks"]


class Walk:
    """One text on its way through a pattern.

    Parameters
    ----------
    automaton : Automaton

    Attributes
    ----------
    live : ndarray, shape (V + 1,)
        1 for what may be drawn next, else 0; the last place is the end.
    """

    def __init__(self, automaton: Automaton) -> None:
        self._automaton = automaton
        self.restart()

    def restart(self) -> None:
        """Begin another text."""
        self._tables = self._automaton.tables
        self._node, self._turns = start = self._tables.state(self._automaton.reader.start)
        self._left = self._automaton.length
        view = self._tables.view(start, self._left)
        self.live, self._dead = view.live, view.dead

    def end_(self, z: NDArray[np.float64]) -> None:
        """Set the last place to the end, in place, as far as it is live.

        Parameters
        ----------
        z : ndarray, shape (V + 1,)
            Log-probabilities up to a constant, with exponentials that are finite, or -inf. The last place means
            nothing yet.
        """
        weight = 1.0 if self._dead is None else float(np.exp(z[:-1]).dot(self._dead))
        z[-1] = math.log(weight) if weight else -math.inf

    def restrict_(self, z: NDArray[np.float64]) -> None:
        """Set the last place to the end, as `end_` does, and to -inf what is dead, in place."""
        self.end_(z)
        z[self.live == 0] = -math.inf

    def advance(self, symbol: int) -> None:
        """Advance by a symbol that was drawn, which may be the end."""
        node, more = self._node.follows[self._node.ways[symbol]]
        turns = self._turns + more
        if turns < 0:
            node, turns = self._grown(symbol)
        self._node, self._turns = node, turns
        self._left = left = self._left - node.whole
        view = node.view if left >= node.enough + turns * node.each else self._tables.view((node, turns), left)
        self.live, self._dead = view.live, view.dead

    def _grown(self, symbol: int) -> State:
        """Return the state after a symbol, where it has not been seen before."""
        old, state = self._tables, (self._node, self._turns)
        if old.full:
            self._tables = self._automaton.renewed(old)
            state = self._tables.state(old.name(state))
        return self._tables.after(state, symbol)


class Walks:
    """Many texts, each on its way through the same pattern as if it were alone.

    Parameters
    ----------
    automaton : Automaton
    streams : int
        N.
    texts : int
        How many of them there are; the rest has ended before it began.

    Attributes
    ----------
    live : ndarray, shape (N, V + 1)
        For each row what `Walk.live` is for one text.
    over : bool
        Whether all texts have ended.
    """

    def __init__(self, automaton: Automaton, streams: int, texts: int) -> None:
        self._automaton, self._tables = automaton, automaton.tables
        start, over = map(self._tables.state, (automaton.reader.start, automaton.reader.over))
        states = [start] * texts + [over] * (streams - texts)
        self._rows = [(node, turns, automaton.length) for node, turns in states]
        self.over = texts == 0
        self._views: list[View | None] = [None] * streams
        self._ending: list[int] = []  # the rows that may end, and what is dead in them
        self._dead = np.zeros((0, automaton.size))
        self.live = np.zeros((streams, automaton.size + 1))
        self._look([self._tables.view(state, automaton.length) for state in states])

    def end_(self, rows: NDArray[np.float64]) -> None:
        """Do with each row (N, V + 1) what `Walk.end_` does with one, in place."""
        rows[:, -1] = 0
        if self._ending:
            weights = np.einsum("nv,nv->n", np.exp(rows[self._ending, :-1]), self._dead)
            with np.errstate(divide="ignore"):  # ln 0 where nothing dead has any probability
                rows[self._ending, -1] = np.log(weights)

    def restrict_(self, rows: NDArray[np.float64]) -> None:
        """Do with each row (N, V + 1) what `Walk.restrict_` does with one, in place."""
        self.end_(rows)
        np.copyto(rows, -math.inf, where=self.live == 0)

    def advance(self, symbols: NDArray[np.intp]) -> None:
        """Advance by a symbol a row (N,); a row ends with the end, V, or with `NO_SYMBOL`, -1."""
        tables, drawn, views, rows, grown = self._tables, symbols.tolist(), [], [], False
        for (before, turned, left), symbol in zip(self._rows, drawn, strict=True):
            node, more = before.follows[before.ways[symbol]]
            turns = turned + more
            if turns < 0:
                (node, turns), grown = tables.after((before, turned), symbol), True
            left -= node.whole
            views.append(node.view if left >= node.enough + turns * node.each else tables.view((node, turns), left))
            rows.append((node, turns, left))
        self._rows = rows
        if grown and tables.full:
            self._renew()
        self.over = not any(0 <= symbol < self._automaton.size for symbol in drawn)
        if views != self._views:
            self._look(views)

    def _renew(self) -> None:
        """Continue in tables that have room."""
        old, new = self._tables, self._automaton.renewed(self._tables)
        states = [new.state(old.name((node, turns))) for node, turns, _ in self._rows]
        self._rows = [(*state, left) for state, (_, _, left) in zip(states, self._rows, strict=True)]
        self._tables = new

    def _look(self, views: list[View]) -> None:
        """Bring up to date what may follow."""
        for row, (view, before) in enumerate(zip(views, self._views, strict=True)):
            if view is not before:
                self.live[row] = view.live
        self._views = [*views]
        self._ending = [row for row, view in enumerate(views) if view.dead is not None]
        if self._ending:
            self._dead = np.array([views[row].dead for row in self._ending])
