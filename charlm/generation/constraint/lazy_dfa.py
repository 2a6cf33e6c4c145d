"""`LazyDFA`: a deterministic automaton over a model's symbols, whose states are built when a text reaches them.

Subsets in two copies of a count differ by a constant shift and share one `State`; a counter beside the state holds
the copy, counted from the last but one. So states are built in the first copy that a text passes, and hardly any
later. States without a counter, such as those of a count within a count, are built ahead of the text, and so are
those that a text must reach next, such as the rest of a word. States with the same live symbols share a `Mask`.
When the table is full, a new one is begun; matchers may continue with the old one.

References
----------
.. [1] Rabin & Scott (1959), "Finite Automata and Their Decision Problems": the subset construction.
"""

from __future__ import annotations

import contextlib
from collections.abc import Hashable
from typing import Any

import numpy as np

from charlm.errors import ConstraintError
from charlm.generation.constraint.nfa import Counter
from charlm.generation.constraint.states import UNSEEN, Configuration, Mask, State
from charlm.generation.constraint.subsets import Subsets

__all__ = ["LazyDFA", "Table"]

FEWEST_STATES, MOST_STATES = 64, 4096
MOST_NUMBERS = 2_000_000
"""In all rows of `State.transitions`, and in all masks."""
MOST_AHEAD = 64


class Table:
    """The transition table of a lazily built DFA.

    Parameters
    ----------
    subsets : Subsets
    size : int
        V.
    """

    def __init__(self, subsets: Subsets, size: int) -> None:
        self._subsets, self._class_of_end = subsets, max(subsets.symbol_classes) + 1
        self._classes = np.array([*subsets.symbol_classes, self._class_of_end], np.intp)
        self._states: dict[Hashable, State] = {}  # by subset
        self._masks: dict[Hashable, Mask] = {}  # by kind
        self._near: dict[tuple[Configuration, int], Mask] = {}  # where few characters are left
        self._most_states, self._most_masks = (
            max(min(MOST_STATES, MOST_NUMBERS // wide), FEWEST_STATES)
            for wide in (self._class_of_end + 2, size + 1)
        )

    def __len__(self) -> int:
        """Return the number of states built."""
        return len(self._states)

    @property
    def full(self) -> bool:
        """Whether the table has as many states or masks as it may have."""
        return len(self._states) >= self._most_states or len(self._masks) >= self._most_masks

    def subset(self, configuration: Configuration) -> Any:
        """Return the subset of a configuration."""
        state, count = configuration
        return state.subset if state.counter is None else self._subsets.shifted(state.subset, state.counter, count)

    def configuration(self, subset: Any) -> Configuration:
        """Return the configuration of a subset; build its state if it is new."""
        return self._configuration(subset, *self._subsets.counter(subset), 0)

    def _configuration(self, subset: Any, counter: Counter | None, copy: int, count: int) -> Configuration:
        """Return the configuration of a subset in a copy of a counter, if any, shifted by a count."""
        if counter is None or copy + count == 0:  # the last copy leads out of the count
            return self._states.get(subset) or self._state(subset, None), 0
        if copy != 1:
            subset = self._subsets.shifted(subset, counter, 1 - copy)
        return self._states.get(subset) or self._state(subset, counter), copy + count - 1

    def _state(self, subset: Any, counter: Counter | None) -> State:
        kind, enough = self._subsets.settled(subset)
        per_copy = 0 if counter is None else self._subsets.per_copy(counter)
        uniform = counter is not None and (per_copy == 0 or self._subsets.inside(subset, counter))
        state = self._states[subset] = State(subset, counter, self._mask(kind), enough, per_copy, uniform)
        return state

    def mask(self, configuration: Configuration, left: int) -> Mask:
        """Return the live symbols of a configuration with `left` characters left."""
        state, count = configuration
        if left >= state.enough + count * state.per_copy:
            return state.mask
        if state.uniform:  # each copy is farther from the end by the same number of characters
            configuration, left = (state, 0), left - count * state.per_copy
        mask = self._near.get((configuration, left))
        if mask is None:
            mask = self._mask(self._subsets.kind(self.subset(configuration), left))
            if len(self._near) >= MOST_STATES:
                self._near.clear()
            self._near[configuration, left] = mask
        return mask

    def _mask(self, kind: Hashable) -> Mask:
        """Return the mask of the subsets of a kind."""
        mask = self._masks.get(kind)
        if mask is None:
            mask = self._new_mask(kind)
            if len(self._masks) < self._most_masks:
                self._masks[kind] = mask
        return mask

    def _new_mask(self, kind: Hashable) -> Mask:
        subsets, end = self._subsets, self._class_of_end
        keys = subsets.columns(kind)
        may_end = subsets.may_end(kind)
        ends = may_end and len(keys) < end
        alive = np.zeros(end + 1)  # by alphabet class
        alive[[*keys]] = 1
        alive[end] = ends
        numbers: dict[Hashable, int] = {}
        column = [0] * (end + 1)  # dead symbols share the column 0
        for number, key in keys.items():
            column[number] = numbers.setdefault(key, len(numbers) + 1)
        column[end] = len(numbers) + 1
        live = alive[self._classes]
        dead = 1 - live[:-1] if ends and keys else None
        columns = [*map(column.__getitem__, self._classes.tolist())]
        ids = live.nonzero()[0]
        only = ids.item() if len(ids) == 1 else None
        return Mask(live, dead, only, may_end, subsets.between_characters(kind), columns)

    def after(self, configuration: Configuration, symbol: int) -> Configuration:
        """Return the configuration after a live symbol; after the end, that in which only the end is live.

        Raises
        ------
        ConstraintError
            If a subset is too large.
        """
        state, count = configuration
        after, increment = state.transitions[state.columns[symbol]]
        if count + increment >= 0:
            return after, count + increment
        found = self._after(configuration, symbol)
        self._build_ahead(found, symbol, min(2 * state.ahead, MOST_AHEAD))
        return found

    def _after(self, configuration: Configuration, symbol: int) -> Configuration:
        """Return the configuration after a symbol, and store it if it is the same for all counter values."""
        state, count = configuration
        subsets, column = self._subsets, state.columns[symbol]
        if column == len(state.transitions) - 1:
            subset = subsets.final
        else:
            subset = subsets.after(state.subset, subsets.symbol_classes[symbol])
        counter, copy = subsets.counter(subset)
        stays = counter is not None and counter == state.counter
        found = self._configuration(subset, counter, copy, count if stays else 0)
        if state.counter is None or found[0].counter == state.counter:
            state.transitions[column] = found[0], found[1] - count
        return found

    def _build_ahead(self, configuration: Configuration, symbol: int, most: int) -> None:
        """Build the states that a text must reach next, and those of a repeated symbol, as in a count.

        A symbol is repeated while the mask stays the same; the number of these states doubles with those before
        that a text came to, as a file is read ahead. One after the other they cost half of what they would at a
        character each.
        """
        mask = configuration[0].mask
        with contextlib.suppress(ConstraintError):  # the text may not reach them
            for built in range(min(MOST_AHEAD, self._most_states - len(self._states))):
                state, _ = configuration
                if state.mask.only is not None:
                    symbol = state.mask.only
                elif state.mask is not mask or built >= most or not mask.live[symbol]:
                    break
                if state.transitions[state.columns[symbol]][1] != UNSEEN:
                    break
                configuration = self._after(configuration, symbol)
        configuration[0].ahead = most


class LazyDFA:
    """The lazily built DFA of a pattern over the symbols of a model.

    Parameters
    ----------
    subsets : Subsets
    size : int
        V.
    length : int
        Characters of a text at most.

    Attributes
    ----------
    table : Table
        The newest.

    Raises
    ------
    ConstraintError
        If no text matches that is so short.
    """

    def __init__(self, subsets: Subsets, size: int, length: int) -> None:
        self.subsets, self.size, self.length = subsets, size, length
        self.table = Table(subsets, size)
        kind = subsets.kind(subsets.start, length)
        if not (subsets.may_end(kind) or subsets.columns(kind)):
            raise ConstraintError(
                f"no text of at most {length} characters matches the pattern; raise `length`, or change the pattern"
            )

    def renewed(self, table: Table) -> Table:
        """Return a table that is not full, to replace a full one."""
        if self.table is table:
            self.table = Table(self.subsets, self.size)
        return self.table
