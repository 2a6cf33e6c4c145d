"""`Chooser` and `BatchChooser`: from logits to one symbol a stream, by one uniform number.

The order is: mask of a pattern, repeat penalty, filters, temperature, inversion of the cumulative probabilities.
Both do the same sums in the same order in float64, so that equal logits give equal symbols. NumPy calls are few,
since each symbol needs all of them.
"""

from __future__ import annotations

import math
import sys
from bisect import bisect_right
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from charlm.config import SampleConfig
from charlm.errors import DivergedError
from charlm.generation.filters import LogProbs, chain, repeat_penalty
from charlm.generation.repeat_window import RepeatWindows, ids_of

if TYPE_CHECKING:  # imported by those who need it only
    from charlm.generation.constraint.matcher import BatchMatcher, Matcher

__all__ = ["NO_SYMBOL", "BatchChooser", "Chooser"]

# exp(±600) and sums of such numbers are doubles with room to spare: up to here logits need no shift
LARGEST_EXPONENT = 600.0
COLD = 0.2  # a temperature; V to the power of 1 / COLD is far below exp(100), for any V
MatcherT = TypeVar("MatcherT", bound="Matcher | BatchMatcher")
NO_SYMBOL = -1
"""Replaces the id of a stream whose output is not finite."""


class _BaseChooser(Generic[MatcherT]):
    """Settings and arrays of both choosers.

    Parameters
    ----------
    config : SampleConfig
    shape : tuple of int
        Of the logits.
    forbidden : int or None
        An id that is never chosen.
    matcher : Matcher, BatchMatcher or None
        Has the mask of a pattern that the texts must match.
    """

    def __init__(
        self,
        config: SampleConfig,
        shape: tuple[int, ...],
        forbidden: int | None,
        matcher: MatcherT | None,
    ) -> None:
        self._filters = chain(config)
        self._greedy = config.temperature == 0
        # below 1e-250 only ties are random; differences of logits times the inverse stay finite
        temperature = max(config.temperature, 1e-250)
        self._inverse_temperature = np.array(1 / temperature)  # 0-d: quicker than a float
        self._bound = sys.float_info.max if self._greedy else LARGEST_EXPONENT * temperature
        self._forbidden = forbidden
        self._penalty = config.repeat_penalty
        self._penalizes = config.repeat_penalty != 1 and config.repeat_last_n > 0
        self.matcher = matcher
        if matcher is not None:  # it sums exponentials at any temperature
            self._bound = min(self._bound, LARGEST_EXPONENT)
        # the end has the weight of up to V symbols: at low temperatures more than the bound leaves room for
        self._shifts = matcher is not None and temperature < COLD
        self._filtered = self._penalizes or bool(self._filters)
        self._restricted = forbidden is not None or matcher is not None or self._filtered
        # usually dead symbols are masked last, by a product: exponentials of −inf take twice the time
        self._late = matcher is not None and not (self._greedy or self._shifts or self._filtered)
        *streams, size = shape
        extra = matcher is not None  # the end
        self._weights, self._sums = np.zeros((2, *streams, size + extra))
        self._symbols = self._weights[..., :size]

    def _filter_(self, rows: LogProbs, seen: NDArray[np.bool_] | None) -> None:
        """Apply the repeat penalty and the filters to log-probabilities (N, V), in place.

        Under a pattern both arrays have one more column, for the end.
        """
        kept = rows if seen is None else repeat_penalty(rows, seen, self._penalty)
        for keep in self._filters:
            kept = keep(kept)
        if kept is not rows:
            # a penalty may exceed the bound of the logits
            rows[...] = kept if seen is None else kept - kept.max(axis=1, keepdims=True)


class Chooser(_BaseChooser["Matcher"]):
    """Chooses the next symbol of one stream; under a pattern possibly its end, which has the id V.

    Parameters
    ----------
    config : SampleConfig
    size : int
        V.
    forbidden : int, optional
        An id that is never chosen.
    """

    def __init__(
        self,
        config: SampleConfig,
        size: int,
        *,
        forbidden: int | None = None,
        matcher: Matcher | None = None,
    ) -> None:
        super().__init__(config, (size,), forbidden, matcher)
        self._seen = np.zeros(len(self._weights), np.bool_)
        # numbers of a memoryview are read in a third of the time that those of an array take
        self._symbol_at, self._sum_at = memoryview(self._symbols), memoryview(self._sums)
        self._advance = None if matcher is None else matcher.advance

    def __call__(self, logits: NDArray[Any], uniform: float, recent: bytes = b"") -> int:
        """Choose an id.

        Parameters
        ----------
        logits : ndarray, shape (V,)
            Log-probabilities up to a constant.
        uniform : float
            In [0, 1). Ignored at temperature 0, which takes the most likely id, of equals the lowest.
        recent : bytes
            The window of the repeat penalty; see `charlm.generation.repeat_window`.

        Raises
        ------
        DivergedError
            If a logit is not finite.
        """
        z, symbols = self._weights, self._symbols
        symbols[:] = logits
        lowest, highest = self._symbol_at[symbols.argmin()], self._symbol_at[symbols.argmax()]
        beyond = not (lowest >= -self._bound and highest <= self._bound)  # argmin and argmax find a NaN
        if beyond and not (lowest > -math.inf and highest < math.inf):
            raise DivergedError.of_output()
        if self.matcher is not None:
            if (only := self.matcher.mask.only) is not None:  # there is nothing to choose
                self.matcher.advance(only)
                return only
            if beyond:
                np.subtract(symbols, highest, symbols)
        if self._restricted:
            if self._forbidden is not None:
                z[self._forbidden] = -math.inf
            if self.matcher is not None:
                (self.matcher.end_ if self._late and not beyond else self.matcher.restrict_)(z)
            if self._filtered:
                self._filter_(z[None], self._seen_in(recent) if self._penalizes else None)
        if self._greedy:
            symbol = int(z.argmax())
        else:
            if beyond or self._shifts:
                np.subtract(z, z[z.argmax()], z)
            np.multiply(z, self._inverse_temperature, z)
            np.exp(z, z)
            if self.matcher is not None and self._late:
                np.multiply(z, self.matcher.mask.live, z)
            np.add.accumulate(z, 0, None, self._sums)
            # the first id whose cumulative weight exceeds the target, which is below the sum: `uniform` is below 1
            symbol = bisect_right(self._sum_at, uniform * self._sum_at[-1])
        if self._advance is not None:
            self._advance(symbol)
        return symbol

    def probabilities(self, logits: NDArray[Any], recent: bytes = b"") -> NDArray[np.float64]:
        """Return the probability that each id is chosen, (V,): after penalty, filters and temperature.

        Raises
        ------
        DivergedError
            If a logit is not finite.
        """
        chosen = self(logits, 0.0, recent)
        if self._greedy:
            self._weights[:] = 0
            self._weights[chosen] = 1
        share: NDArray[np.float64] = self._weights / self._weights.sum()
        return share

    def _seen_in(self, recent: bytes) -> NDArray[np.bool_]:
        self._seen[:] = False
        self._seen[ids_of(recent)] = True
        return self._seen[None]


class BatchChooser(_BaseChooser["BatchMatcher"]):
    """Chooses the next symbols of N streams, each as `Chooser` would, from the first symbol on.

    Parameters
    ----------
    config : SampleConfig
    streams, size : int
        N and V.
    forbidden : int, optional
        An id that is never chosen.
    recent : bytes
        The window of the repeat penalty before the first choice, the same for all rows.
    matcher : BatchMatcher, optional
        Advances by the chosen symbols, which may be the end, V.

    Attributes
    ----------
    matcher : BatchMatcher or None
    """

    def __init__(
        self,
        config: SampleConfig,
        streams: int,
        size: int,
        *,
        forbidden: int | None = None,
        recent: bytes = b"",
        matcher: BatchMatcher | None = None,
    ) -> None:
        super().__init__(config, (streams, size), forbidden, matcher)
        size = self._weights.shape[1]
        self._recent = RepeatWindows(recent, streams, size, config.repeat_last_n) if self._penalizes else None
        self._totals = self._sums[:, -1]
        self._targets = np.zeros(streams)
        self._targets_by_row = self._targets[:, None]
        self._exceeds = np.zeros((streams, size), np.bool_)

    def __call__(self, logits: NDArray[Any], uniforms: NDArray[np.float64], out: NDArray[np.intp]) -> None:
        """Write the chosen ids into `out` (N,), in place; `NO_SYMBOL` where a logit is not finite.

        Parameters
        ----------
        logits : ndarray, shape (N, V)
        uniforms : ndarray, shape (N,)
            One number a stream, as for `Chooser`.
        out : ndarray of intp, shape (N,)
        """
        z = self._weights
        self._symbols[...] = logits
        lost = None
        # false for NaN; testing the whole batch takes a tenth of the time of testing each row
        lowest, highest = logits.item(logits.argmin()), logits.item(logits.argmax())
        if not (lowest >= -self._bound and highest <= self._bound):
            lost = self._tame_(z)
        elif self._restricted:
            self._restrict_(z, beyond=False)
        if self._greedy:
            z.argmax(axis=1, out=out)
        else:
            if self._shifts:
                z -= z.max(axis=1, keepdims=True)
            np.multiply(z, self._inverse_temperature, z)
            np.exp(z, z)
            if self.matcher is not None and self._late:
                np.multiply(z, self.matcher.live, z)
            np.add.accumulate(z, axis=1, out=self._sums)
            np.multiply(uniforms, self._totals, self._targets)
            np.greater(self._sums, self._targets_by_row, out=self._exceeds)
            self._exceeds.argmax(axis=1, out=out)
        if lost is not None:
            out[lost] = NO_SYMBOL
        if self._recent is not None:
            self._recent.push(out)
        if self.matcher is not None:
            self.matcher.advance(out)

    def _restrict_(self, z: LogProbs, *, beyond: bool) -> None:
        """Mask, penalise and filter each row (N, V), or (N, V + 1), as `Chooser` does, in place."""
        if self._forbidden is not None:
            z[:, self._forbidden] = -math.inf
        if self.matcher is not None:
            (self.matcher.end_ if self._late and not beyond else self.matcher.restrict_)(z)
        if self._filtered:
            self._filter_(z, None if self._recent is None else self._recent.seen)

    def _tame_(self, z: LogProbs) -> NDArray[np.bool_]:
        """Restrict a batch that exceeds the bound, and shift the rows that do, in place; return the lost rows.

        The result of each row is that of `Chooser`, whatever the other rows.
        """
        symbols = self._symbols
        lost: NDArray[np.bool_] = np.logical_not(np.isfinite(symbols).all(axis=1))
        symbols[lost] = 0
        beyond = (symbols.min(axis=1) < -self._bound) | (symbols.max(axis=1) > self._bound)
        if self.matcher is not None:
            symbols[beyond] -= symbols[beyond].max(axis=1, keepdims=True)
        if self._restricted:
            self._restrict_(z, beyond=True)
        z[beyond] -= z[beyond].max(axis=1, keepdims=True)
        return lost
