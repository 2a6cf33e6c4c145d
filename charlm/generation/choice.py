"""`Chooser` and `BlockChooser`: one symbol a stream, from logits and one uniform number.

Both do the same sums in the same order in float64, so that equal logits give equal symbols. NumPy calls are few,
since this is done for every symbol.
"""

from __future__ import annotations

import math
import sys
from typing import Any

import numpy as np
from numpy.typing import NDArray

from charlm.config import SampleConfig
from charlm.errors import DivergedError
from charlm.generation.filters import LogProbs, chain, repeat_penalty
from charlm.generation.recent import RecentRows, ids_of

__all__ = ["NO_SYMBOL", "BlockChooser", "Chooser", "log_probabilities"]

# exp(±600) and sums of such numbers are doubles with room to spare: up to here logits need no shift
LARGEST_EXPONENT = 600.0
NO_SYMBOL = -1
"""In place of an id where a stream's output is not finite."""


class _Choice:
    """What both choosers do: penalty, filters, then temperature, then the inverse of the cumulated probabilities.

    Parameters
    ----------
    config : SampleConfig
    shape : tuple of int
        Of the logits.
    forbidden : int or None
        An id that is never chosen.
    """

    def __init__(self, config: SampleConfig, shape: tuple[int, ...], forbidden: int | None) -> None:
        self._filters = chain(config)
        self._greedy = config.temperature == 0
        # below 1e-250 only ties are left to chance, and differences of logits times the inverse stay finite
        temperature = max(config.temperature, 1e-250)
        self._inverse_temperature = np.array(1 / temperature)  # 0-d: quicker than a float
        self._bound = sys.float_info.max if self._greedy else LARGEST_EXPONENT * temperature
        self._forbidden = forbidden
        self._penalty = config.repeat_penalty
        self._penalizes = config.repeat_penalty != 1 and config.repeat_last_n > 0
        self._restricted = forbidden is not None or self._penalizes or bool(self._filters)
        self._weights, self._sums = np.zeros((2, *shape))

    def _restrict_(self, rows: LogProbs, seen: NDArray[np.bool_] | None) -> None:
        """Penalise what was seen and set what may not be drawn to −inf, in place; both (N, V)."""
        if self._forbidden is not None:
            rows[:, self._forbidden] = -math.inf
        kept = rows if seen is None else repeat_penalty(rows, seen, self._penalty)
        for keep in self._filters:
            kept = keep(kept)
        # a penalty leads out of the bound that the logits kept
        rows[...] = kept if seen is None else kept - kept.max(axis=1, keepdims=True)


class Chooser(_Choice):
    """Chooses the next symbol of one stream.

    Parameters
    ----------
    config : SampleConfig
    size : int
        V.
    forbidden : int, optional
        An id that is never chosen.
    """

    def __init__(self, config: SampleConfig, size: int, *, forbidden: int | None = None) -> None:
        super().__init__(config, (size,), forbidden)
        self._seen = np.zeros(size, np.bool_)

    def __call__(self, logits: NDArray[Any], uniform: float, recent: bytes = b"") -> int:
        """Choose an id.

        Parameters
        ----------
        logits : ndarray, shape (V,)
            Log-probabilities up to a constant.
        uniform : float
            In [0, 1). Not looked at for temperature 0, which takes the most likely id, the lowest of equals.
        recent : bytes
            What a repeat penalty looks at; see `charlm.generation.recent`.

        Raises
        ------
        DivergedError
            If a logit is not finite.
        """
        z = self._weights
        z[:] = logits
        most_likely = z.argmax()
        lowest, highest = z.item(z.argmin()), z.item(most_likely)
        beyond = not (lowest >= -self._bound and highest <= self._bound)  # a NaN is the place of both
        if beyond and not (lowest > -math.inf and highest < math.inf):
            raise DivergedError.of_output()
        if self._restricted:
            self._restrict_(z[None], self._seen_in(recent) if self._penalizes else None)
            most_likely = z.argmax()
        if self._greedy:
            return int(most_likely)
        if beyond:
            np.subtract(z, z[most_likely], out=z)
        np.multiply(z, self._inverse_temperature, out=z)
        np.exp(z, out=z)
        sums = np.add.accumulate(z, out=self._sums)
        # the first id whose cumulated weight exceeds the target; a double below 1 leaves the target below the sum
        return int(sums.searchsorted(uniform * sums[-1], "right"))

    def probabilities(self, logits: NDArray[Any], recent: bytes = b"") -> NDArray[np.float64]:
        """Return how likely each id is to be chosen, (V,): penalty, filters and temperature have acted.

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


class BlockChooser(_Choice):
    """Chooses the next symbols of N streams, each as if it were alone, from the first symbol on.

    Parameters
    ----------
    config : SampleConfig
    streams, size : int
        N and V.
    forbidden : int, optional
        An id that is never chosen.
    recent : bytes
        What a repeat penalty looks at before the first choice, the same for all; later it sees what was chosen.

    Attributes
    ----------
    streams : int
    """

    def __init__(
        self, config: SampleConfig, streams: int, size: int, *, forbidden: int | None = None, recent: bytes = b""
    ) -> None:
        super().__init__(config, (streams, size), forbidden)
        self.streams = streams
        self._recent = RecentRows(recent, streams, size, config.repeat_last_n) if self._penalizes else None
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
        z[...] = logits
        lost = None
        # NaN is neither; one look at the block is a tenth of a look at each row
        lowest, highest = logits.item(logits.argmin()), logits.item(logits.argmax())
        if not (lowest >= -self._bound and highest <= self._bound):
            lost = self._tame_(z)
        elif self._restricted:
            self._restrict_(z, self._seen)
        if self._greedy:
            z.argmax(axis=1, out=out)
        else:
            np.multiply(z, self._inverse_temperature, out=z)
            np.exp(z, out=z)
            np.add.accumulate(z, axis=1, out=self._sums)
            np.multiply(uniforms, self._totals, out=self._targets)
            np.greater(self._sums, self._targets_by_row, out=self._exceeds)
            self._exceeds.argmax(axis=1, out=out)
        if lost is not None:
            out[lost] = NO_SYMBOL
        if self._recent is not None:
            self._recent.push(out)

    @property
    def _seen(self) -> NDArray[np.bool_] | None:
        return None if self._recent is None else self._recent.seen

    def _tame_(self, z: LogProbs) -> NDArray[np.bool_]:
        """Restrict a block that goes beyond the bound, and shift the rows that do, in place; return the lost rows.

        Each row comes out as it would from `Chooser`, whatever the others hold.
        """
        lost: NDArray[np.bool_] = np.logical_not(np.isfinite(z).all(axis=1))
        z[lost] = 0
        beyond = (z.min(axis=1) < -self._bound) | (z.max(axis=1) > self._bound)
        if self._restricted:
            self._restrict_(z, self._seen)
        z[beyond] -= z[beyond].max(axis=1, keepdims=True)
        return lost


def log_probabilities(logits: NDArray[Any], ids: NDArray[np.intp]) -> NDArray[np.float64]:
    """Return ln p of one symbol a stream, (N,), in nats: before filters, at temperature 1.

    What comes out of a row that is not finite means nothing.

    Parameters
    ----------
    logits : ndarray, shape (N, V)
    ids : ndarray of int, shape (N,)
    """
    z = logits.astype(np.float64)
    with np.errstate(invalid="ignore"):  # ∞ − ∞
        z -= z.max(axis=1, keepdims=True)
    chosen = np.take_along_axis(z, ids[:, None], axis=1)[:, 0]
    log_p: NDArray[np.float64] = chosen - np.log(np.exp(z).sum(axis=1))
    return log_p
