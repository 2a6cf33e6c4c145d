"""`Chooser`: one symbol from logits and one uniform number."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from charlm.config import SampleConfig
from charlm.errors import DivergedError
from charlm.generation.filters import chain

__all__ = ["Chooser"]


class Chooser:
    """Filters, then temperature, then the inverse of the cumulated probabilities.

    Works in float64 in buffers of its own; NumPy calls are few, since this is done for every symbol.

    Parameters
    ----------
    config : SampleConfig
    size : int
        V.
    forbidden : int, optional
        An id that is never chosen.
    """

    def __init__(self, config: SampleConfig, size: int, *, forbidden: int | None = None) -> None:
        self._filters = chain(config)
        self._greedy = config.temperature == 0
        # below 1e-250 only ties are left to chance, and differences of logits times the inverse stay finite
        self._inverse_temperature = np.array(1 / max(config.temperature, 1e-250))  # 0-d: quicker than a float
        self._forbidden = forbidden
        self._restricted = forbidden is not None or bool(self._filters)
        self._weights, self._sums = np.zeros((2, size))

    def __call__(self, logits: NDArray[Any], uniform: float) -> int:
        """Choose an id.

        Parameters
        ----------
        logits : ndarray, shape (V,)
            Log-probabilities up to a constant.
        uniform : float
            In [0, 1). Not looked at for temperature 0, which takes the most likely id, the lowest of equals.

        Raises
        ------
        DivergedError
            If a logit is not finite.
        """
        z = self._weights
        z[:] = logits
        most_likely = z.argmax()
        if not (z[z.argmin()] > -math.inf and z[most_likely] < math.inf):  # a NaN is the place of both
            raise DivergedError.of_output()
        if self._restricted:
            if self._forbidden is not None:
                z[self._forbidden] = -math.inf
            for keep in self._filters:
                z[:] = keep(z[:, None])[:, 0]
            most_likely = z.argmax()
        if self._greedy:
            return int(most_likely)
        np.subtract(z, z[most_likely], out=z)
        np.multiply(z, self._inverse_temperature, out=z)
        np.exp(z, out=z)
        sums = np.add.accumulate(z, out=self._sums)
        # the first id whose cumulated weight exceeds the target; a double below 1 leaves the target below the sum
        return int(sums.searchsorted(uniform * sums[-1], "right"))
