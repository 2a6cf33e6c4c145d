"""`Guard`: patterns that are not regular, matched in part by `regex` at every symbol.

What `regex` takes for live need not be: partial matching looks neither at the length nor, for some constructs, at
all of the pattern. So a text is written as a whole, with ways back out of dead ends, and shown when it matches.
"""

from __future__ import annotations

import time

import numpy as np
import regex
from numpy.typing import NDArray

from charlm.config import SampleConfig
from charlm.errors import ConstraintError, UsageError
from charlm.generation.constraint.compiling import MOST_CHARACTERS
from charlm.generation.constraint.parser import Parsed
from charlm.generation.constraint.pattern import size
from charlm.text.vocabulary import Vocabulary

__all__ = ["DeadEnd", "Guard", "GuardedWalk"]

FIRST_S, PER_CHARACTER_S = 0.3, 0.01
"""Time for matching: to begin with, and more for each character that a text has come further than before."""


class DeadEnd(Exception):  # noqa: N818  it is caught where the text turns back
    """Nothing can follow, and the text does not match."""


class Guard:
    """A pattern that `regex` matches.

    Parameters
    ----------
    pattern : Parsed
        With its constructs.
    vocabulary : Vocabulary
        Of characters or graphemes.

    Raises
    ------
    UsageError
        If `regex` finds it faulty, or the vocabulary is one of bytes.
    """

    def __init__(self, pattern: Parsed, vocabulary: Vocabulary) -> None:
        construct = pattern.constructs[0]
        if vocabulary.unit == "byte":
            raise UsageError(f"the pattern has {construct}, which a model of bytes cannot follow; say it without")
        if size(pattern.node) > MOST_CHARACTERS:
            raise UsageError(
                f"the pattern has more than {MOST_CHARACTERS} characters when its counts are written out; make "
                f"them smaller"
            )
        try:
            self._pattern = regex.compile(pattern.greedy)
            self._without_words = regex.compile(pattern.without_words)
        except (regex.error, ValueError, RecursionError) as error:
            raise UsageError(f"the pattern is faulty: {error}; see the syntax of the regex package") from None
        self.vocabulary, self._farthest = vocabulary, 0
        specials = (vocabulary.unknown_id, vocabulary.stop_id)
        self.pieces = ["" if k in specials else str(s) for k, s in enumerate(vocabulary.symbols)]

    def begin(self) -> None:
        """Give a new text its time."""
        self._left_s, self._farthest = FIRST_S, 0

    def matches(self, text: str) -> bool:
        """Return whether a text matches.

        Raises
        ------
        ConstraintError
            If matching takes too long.
        """
        return self._found(self._pattern, text, partial=False)

    def may_begin(self, text: str) -> bool:
        """Return whether a text may be the start of one that matches.

        Raises
        ------
        ConstraintError
            If matching takes too long.
        """
        if self._found(self._pattern, text, partial=True):
            return True
        # `regex` takes the end of what there is for the end of a word; what comes next may tell otherwise
        return (
            self._without_words.pattern != self._pattern.pattern
            and self._found(self._without_words, text, partial=True)
            and any(self._found(self._pattern, text + piece, partial=True) for piece in self.pieces if piece)
        )

    def _found(self, pattern: regex.Pattern[str], text: str, *, partial: bool) -> bool:
        self._left_s += PER_CHARACTER_S * max(len(text) - self._farthest, 0)
        self._farthest = max(len(text), self._farthest)
        start = time.monotonic()
        try:
            found = pattern.fullmatch(text, partial=partial, timeout=max(self._left_s, 1e-3))
        except TimeoutError:
            found, self._left_s = None, 0.0
        self._left_s -= time.monotonic() - start
        if self._left_s <= 0:
            raise ConstraintError("no match was found in good time; make the pattern simpler, best of all regular")
        return found is not None


class GuardedWalk:
    """Where a text stands in a pattern that is not regular; for a chooser what `Walk` is for regular ones.

    Parameters
    ----------
    guard : Guard
    config : SampleConfig
    rng : numpy.random.Generator
        Chooses the order in which symbols are tried.

    Attributes
    ----------
    text : str
        So far.
    dead : set of int
        Symbols that have led to a dead end from here.
    live : ndarray, shape ()
        1: what is dead has been set to -inf already.
    """

    live = np.ones(())

    def __init__(self, guard: Guard, config: SampleConfig, rng: np.random.Generator) -> None:
        self.guard, self._rng, self._temperature = guard, rng, config.temperature
        # what looks at the probabilities of all live symbols must be told all of them
        self._filtered = (
            config.top_k > 0
            or min(config.top_p, config.typical_p) < 1
            or config.min_p > 0
            or config.repeat_penalty != 1
        )
        self._stops = config.stop
        self.text, self.dead = "", set[int]()

    def end_(self, z: NDArray[np.float64]) -> None:
        """Do what `restrict_` does."""
        self.restrict_(z)

    def restrict_(self, z: NDArray[np.float64]) -> None:
        """Do what `charlm.generation.constraint.walk.Walk.restrict_` does.

        Raises
        ------
        DeadEnd
            If neither a symbol nor the end may follow.
        """
        may_end = self.guard.matches(self.text)
        if may_end or self._filtered:
            live = np.array([self._is_live(k) for k in range(len(z) - 1)])
        else:
            live = np.zeros(len(z) - 1, np.bool_)
            live[self._first_live(z[:-1])] = True
        if not (may_end or live.any()):
            raise DeadEnd
        weight = np.exp(z[:-1][~live]).sum() if may_end else 0.0
        z[:-1][~live] = -np.inf
        z[-1] = np.log(weight) if weight else -np.inf

    def _is_live(self, symbol: int) -> bool:
        piece = self.guard.pieces[symbol]
        if not piece or symbol in self.dead:
            return False
        text = self.text + piece
        return not any(stop in text for stop in self._stops) and self.guard.may_begin(text)

    def _first_live(self, log_p: NDArray[np.float64]) -> list[int]:
        """Return a live symbol, drawn from the probabilities of all of them: the first in a perturbed order [1]_.

        References
        ----------
        .. [1] Yellott (1977), "The relationship between Luce's choice axiom, …": the Gumbel-max trick.
        """
        perturbed = log_p
        if self._temperature:
            perturbed = log_p / self._temperature + self._rng.gumbel(size=len(log_p))
        return next(([k] for k in np.argsort(-perturbed, kind="stable").tolist() if self._is_live(k)), [])

    def advance(self, symbol: int) -> None:
        """Advance by a symbol; the end leaves the text as it is."""
        self.text += self.guard.pieces[symbol] if symbol < len(self.guard.pieces) else ""
