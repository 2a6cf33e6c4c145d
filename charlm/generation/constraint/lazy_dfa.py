"""`LazyDFA`: a deterministic automaton over a model's symbols, whose states are built when a text reaches them.

Subsets in two copies of a count differ by a constant shift and share one `State`; a counter beside the state holds
the copy, counted from the last but one. So states are built in the first copy that a text passes, and hardly any
later. States without a counter, such as those of a count within a count, are built ahead of the text. States with
the same live symbols share a `Mask`. When the table is full, a new one is begun; matchers may continue with the old
one.

References
----------
.. [1] Rabin & Scott (1959), "Finite Automata and Their Decision Problems": the subset construction.
"""

from __future__ import annotations

import contextlib
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from charlm.errors import ConstraintError
from charlm.generation.constraint.nfa import Counter
from charlm.generation.constraint.subsets import Subsets

__all__ = ["Configuration", "LazyDFA", "Mask", "State", "Table"]

FEWEST_STATES, MOST_STATES = 64, 4096
MOST_NUMBERS = 2_000_000
"""In all rows of `State.transitions`, and in all masks."""
UNSEEN = -(1 << 60)
"""An increment that makes every counter negative: the transition is not built yet."""
MOST_AHEAD = 64


@dataclass(frozen=True, slots=True, eq=False)
class Mask:
    """The live symbols of a state. Masks are compared by identity.

    Parameters
    ----------
    live : ndarray, shape (V + 1,)
        1 for a live symbol, else 0; the last entry is the end.
    dead : ndarray, shape (V,), or None
        1 for the symbols whose probabilities add up to that of the end, else 0; None where the text may not end or
        nothing else is live.
    may_end : bool
        Whether the text may end here.
    whole : bool
        Whether the last character is complete.
    columns : list of int
        Of each symbol, and last of the end (V + 1), its alphabet class in states of this mask: symbols of one class
        lead to the same state. The id -1, which is no symbol, has the class of the end, too.
    """

    live: NDArray[np.float64]
    dead: NDArray[np.float64] | None
    may_end: bool
    whole: bool
    columns: list[int]


class State:
    """A state of the DFA, or all states that differ in their counter only.

    Parameters
    ----------
    subset : object
        The state in the subset construction, with the counter at 0.
    counter : Counter or None
        The count in whose copies the state is.
    mask : Mask
        The live symbols with `enough` characters left, or more.
    enough, per_copy : int
        With the counter at 0, and the increment for each copy.

    Attributes
    ----------
    transitions : list of (State, int)
        By alphabet class: the next state, and the increment of the counter. If the counter becomes negative, the
        transition is that of `Table.after`.
    columns, whole
        Those of the mask.
    ahead : int
        How many states were built ahead of the text up to this one.
    """

    __slots__ = ("ahead", "columns", "counter", "enough", "mask", "per_copy", "subset", "transitions", "whole")

    def __init__(self, subset: Any, counter: Counter | None, mask: Mask, enough: int, per_copy: int) -> None:
        self.subset, self.counter, self.mask, self.enough, self.per_copy = subset, counter, mask, enough, per_copy
        self.columns, self.whole, self.ahead = mask.columns, mask.whole, 1
        self.transitions: list[Configuration] = [(self, UNSEEN)] * (mask.columns[-1] + 1)


Configuration: TypeAlias = tuple[State, int]
"""A state, and the value of its counter."""


class Table:
    """The transition table of a lazily built DFA.

    Parameters
    ----------
    subsets : Subsets
    size : int
        V.
    """

    def __init__(self, subsets: Subsets, size: int) -> None:
        self._subsets, self._size = subsets, size
        self._states: dict[Hashable, State] = {}  # by subset
        self._masks: dict[Hashable, Mask] = {}  # by kind
        self._near: dict[tuple[Configuration, int], Mask] = {}  # where few characters are left
        self._most_states, self._most_masks = (
            max(min(MOST_STATES, MOST_NUMBERS // wide), FEWEST_STATES)
            for wide in (max(subsets.symbol_classes) + 2, size + 1)
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
        counter, copy = self._subsets.counter(subset)
        if counter is None or copy == 0:  # the last copy leads out of the count
            return self._states.get(subset) or self._state(subset, None), 0
        subset = self._subsets.shifted(subset, counter, 1 - copy)
        return self._states.get(subset) or self._state(subset, counter), copy - 1

    def _state(self, subset: Any, counter: Counter | None) -> State:
        kind, enough = self._subsets.settled(subset)
        mask = self._masks.get(kind) or self._new_mask(kind, subset, enough)
        per_copy = 0 if counter is None else self._subsets.per_copy(counter)
        state = self._states[subset] = State(subset, counter, mask, enough, per_copy)
        return state

    def mask(self, configuration: Configuration, left: int) -> Mask:
        """Return the live symbols of a configuration with `left` characters left."""
        state, count = configuration
        if left >= state.enough + count * state.per_copy:
            return state.mask
        mask = self._near.get((configuration, left))
        if mask is None:
            subset = self.subset(configuration)
            kind = self._subsets.kind(subset, left)
            mask = self._masks.get(kind) or self._new_mask(kind, subset, left)
            if len(self._near) >= MOST_STATES:
                self._near.clear()
            self._near[configuration, left] = mask
        return mask

    def _new_mask(self, kind: Hashable, subset: Any, left: int) -> Mask:
        """Return the mask of a subset, and store it for all of its kind."""
        alive = self._subsets.lengths(subset) <= left
        may_end = self._subsets.may_end(subset)
        ends = may_end and not alive.all()
        live = np.append(alive, ends).astype(np.float64)
        dead = 1 - live[:-1] if ends and alive.any() else None
        mask = Mask(live, dead, may_end, self._subsets.between_characters(subset), self._columns(subset))
        if len(self._masks) < self._most_masks:
            self._masks[kind] = mask
        return mask

    def _columns(self, subset: Any) -> list[int]:
        """Return the alphabet class of each symbol in a subset; that of the end is the last."""
        numbers: dict[Hashable, int] = {}
        of_classes = [numbers.setdefault(column, len(numbers)) for column in self._subsets.columns(subset)]
        return [*[of_classes[number] for number in self._subsets.symbol_classes], len(numbers)]

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
        subsets, counter, column = self._subsets, state.counter, state.columns[symbol]
        if column == len(state.transitions) - 1:
            subset, same = subsets.final, True
        else:
            subset, same = subsets.after(state.subset, subsets.symbol_classes[symbol]), counter is None
            if counter is not None and subsets.counter(subset)[0] == counter:
                subset = subsets.shifted(subset, counter, count)
                same = subsets.counter(subset)[1] > 0
        found, new_count = self.configuration(subset)
        if same:
            state.transitions[column] = found, new_count - count
        return found, new_count

    def _build_ahead(self, configuration: Configuration, symbol: int, most: int) -> None:
        """Build the states reached by repeating a symbol, while they have the same mask, as in a count.

        One after the other they cost half of what they would at a character each. Their number doubles with those
        before that a text came to, as a file is read ahead.
        """
        mask, column = configuration[0].mask, configuration[0].columns[symbol]
        if not mask.live[symbol]:
            return
        with contextlib.suppress(ConstraintError):  # the text may not reach them
            for _ in range(min(most, self._most_states - len(self._states))):
                state, _ = configuration
                if state.mask is not mask or state.transitions[column][1] != UNSEEN:
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
        if not (subsets.may_end(subsets.start) or subsets.lengths(subsets.start).min() <= length):
            raise ConstraintError(
                f"no text of at most {length} characters matches the pattern; raise `length`, or change the pattern"
            )

    def renewed(self, table: Table) -> Table:
        """Return a table that is not full, to replace a full one."""
        if self.table is table:
            self.table = Table(self.subsets, self.size)
        return self.table
