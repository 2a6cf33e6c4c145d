"""`Walk` and `Walks`: where one text, or each of many, stands in a pattern, and what may be drawn there.

In a state where a text may not end, dead symbols are refused. Where it may end, the probability of all dead symbols
and of the stop symbol together is that of ending there, and so the end is one more thing to draw: it has the id V,
behind all symbols. A symbol is dead if no match can be reached with it in the characters that are left.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from charlm.generation.constraint.automaton import UNSEEN, Automaton, View

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
        self._state = self._tables.number(self._automaton.reader.start)
        self._left = self._automaton.length
        view = self._tables.view(self._state, self._left)
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
        """Go on by a symbol that was drawn, which may be the end."""
        tables = self._tables
        state = tables.follows[self._state][tables.ways[self._state][symbol]]
        if state == UNSEEN:
            if tables.full:
                self._tables = self._automaton.renewed(tables)
                self._state = self._tables.number(tables.name(self._state))
                tables = self._tables
            state = tables.after(self._state, symbol)
        self._state = state
        self._left = left = self._left - tables.whole[state]
        view = tables.views[state] if left >= tables.enough[state] else tables.view(state, left)
        self.live, self._dead = view.live, view.dead


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
        start, over = map(self._tables.number, (automaton.reader.start, automaton.reader.over))
        self._states = [start] * texts + [over] * (streams - texts)
        self._left = [automaton.length] * streams
        self.over = texts == 0
        self._views: list[View | None] = [None] * streams
        self._ending: list[int] = []  # the rows that may end, and what is dead in them
        self._dead = np.zeros((0, automaton.size))
        self.live = np.zeros((streams, automaton.size + 1))
        self._look()

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
        """Go on by a symbol a row (N,); a row ends with the end, V, or with `NO_SYMBOL`, -1."""
        follows, ways, drawn = self._tables.follows, self._tables.ways, symbols.tolist()
        states = [follows[state][ways[state][symbol]] for state, symbol in zip(self._states, drawn, strict=True)]
        if UNSEEN in states:
            states = self._grown(drawn)
        whole = self._tables.whole
        self._states = states
        self._left = [left - whole[state] for left, state in zip(self._left, states, strict=True)]
        self.over = not any(0 <= symbol < self._automaton.size for symbol in drawn)
        self._look()

    def _look(self) -> None:
        """Bring up to date what may follow: as a rule the same as before."""
        tables, known, enough = self._tables, self._tables.views, self._tables.enough
        views = [
            known[state] if left >= enough[state] else tables.view(state, left)
            for state, left in zip(self._states, self._left, strict=True)
        ]
        if views == self._views:
            return
        for row, (view, before) in enumerate(zip(views, self._views, strict=True)):
            if view is not before:
                self.live[row] = view.live
        self._views = views
        self._ending = [row for row, view in enumerate(views) if view.dead is not None]
        if self._ending:
            self._dead = np.array([views[row].dead for row in self._ending])

    def _grown(self, symbols: list[int]) -> list[int]:
        """Return the states after these symbols, where some have not been seen before."""
        old, before = self._tables, self._states
        if old.full:
            self._tables = self._automaton.renewed(old)
            before = [self._tables.number(old.name(state)) for state in before]
        after, follows, ways = self._tables.after, self._tables.follows, self._tables.ways
        return [
            after(state, symbol) if (known := follows[state][ways[state][symbol]]) == UNSEEN else known
            for state, symbol in zip(before, symbols, strict=True)
        ]
