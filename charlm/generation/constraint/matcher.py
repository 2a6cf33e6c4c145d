"""`Matcher` and `BatchMatcher`: the state of one text, or of one a row, in the DFA of a pattern; they mask logits.

Dead symbols get the probability 0. Where a text may end, the probability of all dead symbols and of the stop symbol
together is that of the end, which has the id V, behind all symbols.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from charlm.generation.constraint.lazy_dfa import LazyDFA
from charlm.generation.constraint.states import Configuration, Mask

__all__ = ["BatchMatcher", "Matcher"]


class Matcher:
    """The state of a text in the DFA of a pattern.

    Parameters
    ----------
    dfa : LazyDFA

    Attributes
    ----------
    mask : Mask
        The symbols that are live now.
    """

    def __init__(self, dfa: LazyDFA) -> None:
        self._dfa = dfa
        self.restart()

    def restart(self) -> None:
        """Return to the start."""
        self._table = self._dfa.table
        self._state, self._count = start = self._table.configuration(self._dfa.subsets.start)
        self._left = self._dfa.length
        self.mask = self._table.mask(start, self._left)

    def end_(self, z: NDArray[np.float64]) -> None:
        """Set the last entry to the end, in place, as far as it is live.

        Parameters
        ----------
        z : ndarray, shape (V + 1,)
            Log-probabilities up to a constant, with exponentials that are finite, or -inf. The last entry means
            nothing yet.
        """
        dead = self.mask.dead
        weight = 1.0 if dead is None else float(np.exp(z[:-1]).dot(dead))
        z[-1] = math.log(weight) if weight else -math.inf

    def restrict_(self, z: NDArray[np.float64]) -> None:
        """Set the last entry to the end, as `end_` does, and dead symbols to -inf, in place."""
        self.end_(z)
        z[self.mask.live == 0] = -math.inf

    def advance(self, symbol: int) -> None:
        """Advance by a sampled symbol, which may be the end."""
        state, increment = self._state.transitions[self._state.columns[symbol]]
        count = self._count + increment
        if count < 0:
            state, count = self._grown(symbol)
        self._state, self._count = state, count
        self._left = left = self._left - state.whole
        near = left < state.enough + count * state.per_copy
        self.mask = self._table.mask((state, count), left) if near else state.mask

    def _grown(self, symbol: int) -> Configuration:
        """Return the configuration after a symbol whose transition is not built yet."""
        old, configuration = self._table, (self._state, self._count)
        if old.full:
            self._table = self._dfa.renewed(old)
            configuration = self._table.configuration(old.subset(configuration))
        return self._table.after(configuration, symbol)


class BatchMatcher:
    """The states of N texts in the DFA of a pattern; each is that of a `Matcher`.

    Parameters
    ----------
    dfa : LazyDFA
    streams : int
        N.
    texts : int
        Rows that hold a text; the others have ended.

    Attributes
    ----------
    live : ndarray, shape (N, V + 1)
        `Mask.live` of each row.
    over : bool
        Whether all texts have ended.
    """

    def __init__(self, dfa: LazyDFA, streams: int, texts: int) -> None:
        self._dfa, self._table = dfa, dfa.table
        start, over = map(self._table.configuration, (dfa.subsets.start, dfa.subsets.final))
        configurations = [start] * texts + [over] * (streams - texts)
        self._rows = [(state, count, dfa.length) for state, count in configurations]
        self.over = texts == 0
        self._ending: list[int] = []  # the rows that may end, and their dead symbols
        self._dead = np.zeros((0, dfa.size))
        self.live = np.zeros((streams, dfa.size + 1))
        self._flat = self.live.reshape(-1)
        self._update([self._table.mask(configuration, dfa.length) for configuration in configurations])

    def end_(self, rows: NDArray[np.float64]) -> None:
        """Apply `Matcher.end_` to each row (N, V + 1), in place."""
        rows[:, -1] = 0
        if self._ending:
            weights = np.einsum("nv,nv->n", np.exp(rows[self._ending, :-1]), self._dead)
            with np.errstate(divide="ignore"):  # ln 0 if no dead symbol has any probability
                rows[self._ending, -1] = np.log(weights)

    def restrict_(self, rows: NDArray[np.float64]) -> None:
        """Apply `Matcher.restrict_` to each row (N, V + 1), in place."""
        self.end_(rows)
        np.copyto(rows, -math.inf, where=self.live == 0)

    def advance(self, symbols: NDArray[np.intp]) -> None:
        """Advance by a symbol a row (N,); a row ends with the end, V, or with `NO_SYMBOL`, -1."""
        table, drawn, rows, masks, grown = self._table, symbols.tolist(), self._rows, [*self._masks], False
        for row, symbol in enumerate(drawn):
            before, counted, left = rows[row]
            state, increment = before.transitions[before.columns[symbol]]
            count = counted + increment
            if count < 0:
                (state, count), grown = table.after((before, counted), symbol), True
            left -= state.whole
            near = left < state.enough + count * state.per_copy
            masks[row] = table.mask((state, count), left) if near else state.mask
            rows[row] = state, count, left
        if grown and table.full:
            self._renew()
        self.over = not any(0 <= symbol < self._dfa.size for symbol in drawn)
        if masks != self._masks:
            self._update(masks)

    def _renew(self) -> None:
        """Continue in a table that is not full."""
        old, new = self._table, self._dfa.renewed(self._table)
        self._rows = [(*new.configuration(old.subset((state, count))), left) for state, count, left in self._rows]
        self._table = new

    def _update(self, masks: list[Mask]) -> None:
        """Update the masks of the rows."""
        self._masks = masks
        np.concatenate([mask.live for mask in masks], out=self._flat)  # a row at a time takes three times as long
        self._ending = [row for row, mask in enumerate(masks) if mask.dead is not None]
        if self._ending:
            self._dead = np.array([masks[row].dead for row in self._ending])
