"""`Walk` and `Walks`: where one text, or each of many, stands in a pattern, and what may be drawn there.

In a state where a text may not end, dead symbols are refused. Where it may end, the probability of all dead symbols
and of the stop symbol together is that of ending there, and so the end is one more thing to draw: it has the id V,
behind all symbols. A symbol is dead if no match can be reached with it in the characters that are left.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from charlm.generation.constraint.automaton import UNSEEN, Automaton

__all__ = ["Walk", "Walks"]


class Walk:
    """One text on its way through a pattern.

    Parameters
    ----------
    automaton : Automaton
    """

    def __init__(self, automaton: Automaton) -> None:
        self._automaton = automaton
        self.restart()

    def restart(self) -> None:
        """Begin another text."""
        self._tables = self._automaton.tables
        self._state = self._tables.number(self._automaton.reader.start)
        self._view = self._tables.views[self._state]
        self._left = self._automaton.length

    def restrict_(self, rows: NDArray[np.float64]) -> None:
        """Set what is dead to -inf and the last column to the end, in place.

        Parameters
        ----------
        rows : ndarray, shape (1, V + 1)
            Log-probabilities up to a constant, with exponentials that are finite, or -inf. The last column means
            nothing yet.
        """
        z = rows[0]
        enough, may_end, mask, dead, _ = self._view
        if self._left < enough:
            dead = np.flatnonzero(self._tables.needs(self._state) > self._left)
            mask = mask.copy()
            mask[dead] = -math.inf
        z[-1] = 0
        if may_end:
            weight = float(np.add.reduce(np.exp(z.take(dead)))) if len(dead) else 0
            z[-1] = math.log(weight) if weight else -math.inf
        np.add(z, mask, out=z)

    def advance(self, symbol: int) -> None:
        """Go on by a symbol that was drawn, which may be the end."""
        tables = self._tables
        if symbol == self._automaton.size:
            self._left = 0
            return
        state = tables.follows.item(self._state, symbol)
        if state == UNSEEN:
            if tables.full:
                self._tables = self._automaton.renewed(tables)
                self._state = self._tables.number(tables.name(self._state))
            state = self._tables.after(self._state, symbol)
        self._state, self._view = state, self._tables.views[state]
        self._left -= self._view.whole


class Walks:
    """Many texts, each on its way through the same pattern as if it were alone.

    Parameters
    ----------
    automaton : Automaton
    streams : int
        N.
    texts : int
        How many of them there are; the rest has ended before it began.
    """

    def __init__(self, automaton: Automaton, streams: int, texts: int) -> None:
        self._automaton, self._tables = automaton, automaton.tables
        self._states = np.full(streams, self._tables.number(automaton.reader.start), np.intp)
        self._left = np.full(streams, automaton.length, np.int64)
        self._least_left = automaton.length
        self._over = np.arange(streams) >= texts
        self._ended = streams - texts

    @property
    def over(self) -> bool:
        """Whether all texts have ended."""
        return self._ended == len(self._over)

    def restrict_(self, rows: NDArray[np.float64]) -> None:
        """Do with each row (N, V + 1) what `Walk.restrict_` does with one, in place."""
        tables, states = self._tables, self._states
        places = tables.mask_of.take(states)
        masks, dead = tables.masks.take(places, axis=0), tables.dead.take(places, axis=0)
        if self._least_left < tables.most_enough:
            for row in (self._left < tables.enough.take(states)).nonzero()[0].tolist():
                dead[row] = tables.needs(int(states[row])) > self._left[row]
                masks[row, :-1][dead[row] > 0] = -math.inf
        rows[:, -1] = 0
        if np.count_nonzero(tables.may_end.take(states)):
            rows[:, -1] = -math.inf  # where nothing is dead
            if dead.any():
                weights = np.einsum("nv,nv->n", np.exp(rows[:, :-1]), dead)
                np.log(weights, out=rows[:, -1], where=weights > 0)
        np.add(rows, masks, out=rows)
        if self._ended:  # nothing follows there but the end again
            rows[self._over, :-1] = -math.inf
            rows[self._over, -1] = 0

    def advance(self, symbols: NDArray[np.intp]) -> None:
        """Go on by a symbol a row (N,); a row ends with the end, V, or with `NO_SYMBOL`, -1."""
        # -1 is a large number here, and the last column in `follows`
        np.greater_equal(symbols.view(np.uintp), self._automaton.size, out=self._over)
        self._ended = int(np.count_nonzero(self._over))
        states = self._tables.follows[self._states, symbols]
        if states.min() == UNSEEN:
            states = self._grown(symbols)
        self._states = states
        self._left -= self._tables.whole.take(states)
        self._least_left -= 1

    def _grown(self, symbols: NDArray[np.intp]) -> NDArray[np.intp]:
        """Return the states after these symbols, where some have not been seen before."""
        old, before = self._tables, self._states.tolist()
        if old.full:
            self._tables = self._automaton.renewed(old)
            before = [self._tables.number(old.name(state)) for state in before]
        after = self._tables.after
        return np.array([after(state, symbol) for state, symbol in zip(before, symbols.tolist(), strict=True)])
