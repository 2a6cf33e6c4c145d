"""`State` and `Mask`: a state of a lazily built DFA, and its live symbols."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from charlm.generation.constraint.nfa import Counter

__all__ = ["UNSEEN", "Configuration", "Mask", "State"]

UNSEEN = -(1 << 60)
"""An increment that makes every counter negative: the transition is not built yet."""


@dataclass(slots=True, eq=False)
class Mask:
    """The live symbols of a state. Masks are compared by identity.

    Parameters
    ----------
    live : ndarray, shape (V + 1,)
        1 for a live symbol, else 0; the last entry is the end.
    dead : ndarray, shape (V,), or None
        1 for the symbols whose probabilities add up to that of the end, else 0; None where the text may not end or
        nothing else is live.
    only : int or None
        The symbol, or V for the end, if nothing else is live.
    may_end : bool
        Whether the text may end here.
    whole : bool
        Whether the last character is complete.
    columns : list of int
        Of each symbol, and last of the end (V + 1), its alphabet class in states of this mask: live symbols of one
        class lead to the same state. The id -1, which is no symbol, has the class of the end, too.
    """

    live: NDArray[np.float64]
    dead: NDArray[np.float64] | None
    only: int | None
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
    uniform : bool
        Whether the increment is that of all live symbols.

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

    __slots__ = (
        "ahead", "columns", "counter", "enough", "mask", "per_copy", "subset", "transitions", "uniform", "whole"
    )  # fmt: skip

    def __init__(
        self, subset: Any, counter: Counter | None, mask: Mask, enough: int, per_copy: int, uniform: bool
    ) -> None:
        self.subset, self.counter, self.mask = subset, counter, mask
        self.enough, self.per_copy, self.uniform = enough, per_copy, uniform
        self.columns, self.whole, self.ahead = mask.columns, mask.whole, 1
        self.transitions: list[Configuration] = [(self, UNSEEN)] * (mask.columns[-1] + 1)


Configuration: TypeAlias = tuple[State, int]
"""A state, and the value of its counter."""
