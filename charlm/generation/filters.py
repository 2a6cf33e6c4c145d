"""Filters: what may be drawn. Each takes log-probabilities and sets those of refused symbols to −inf.

A filter maps an array (N, V), a row one stream, to another of that shape, and treats each row as if it were alone.
Rows need not be normalised: a filter that speaks of probabilities means those that the filters before it have
left, renormalised. Ties go to the lowest id, so that a filter keeps exactly as many symbols as it says.

To add one, write the function here and give it its place in `chain`.

References
----------
.. [1] Fan, Lewis & Dauphin (2018), "Hierarchical Neural Story Generation": top-k.
.. [2] Holtzman et al. (2020), "The Curious Case of Neural Text Degeneration": top-p, or nucleus.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from charlm.config import SampleConfig

__all__ = ["Filter", "LogProbs", "chain", "top_k", "top_p"]

LogProbs: TypeAlias = NDArray[np.float64]
Filter: TypeAlias = Callable[[LogProbs], LogProbs]


def chain(config: SampleConfig) -> tuple[Filter, ...]:
    """Return the filters that a configuration asks for, in the order in which they act.

    The order is top-k, top-p, and after all of them the temperature: what may be drawn depends on the model's
    own probabilities, how boldly it is drawn on the temperature.
    """
    filters: list[Filter] = []
    if config.top_k:
        filters.append(partial(top_k, k=config.top_k))
    if config.top_p < 1:
        filters.append(partial(top_p, p=config.top_p))
    return tuple(filters)


def top_k(log_p: LogProbs, k: int) -> LogProbs:
    """Keep the `k` most likely symbols of each row.

    Parameters
    ----------
    log_p : ndarray, shape (N, V)
        Log-probabilities up to a constant a row.
    k : int
        At least 1; V or more keeps all.

    Returns
    -------
    ndarray, shape (N, V)
    """
    kept = log_p.copy()
    kept[_row_numbers(log_p), _by_probability(log_p)[:, k:]] = -np.inf
    return kept


def top_p(log_p: LogProbs, p: float) -> LogProbs:
    """Keep, in each row, the fewest most likely symbols whose probabilities together reach `p`.

    Parameters
    ----------
    log_p : ndarray, shape (N, V)
        Log-probabilities up to a constant a row.
    p : float
        Above 0, at most 1. The most likely symbol is always kept.

    Returns
    -------
    ndarray, shape (N, V)
    """
    order = _by_probability(log_p)
    ranked = log_p[_row_numbers(log_p), order]
    mass = np.exp(ranked - ranked[:, :1]).cumsum(axis=1)
    reached = (mass >= p * mass[:, -1:])[:, :-1]  # so all that follow are refused
    kept = log_p.copy()
    kept[reached.nonzero()[0], order[:, 1:][reached]] = -np.inf
    return kept


def _row_numbers(log_p: LogProbs) -> NDArray[np.intp]:
    return np.arange(len(log_p))[:, None]


def _by_probability(log_p: LogProbs) -> NDArray[np.intp]:
    """Return the ids of each row, the most likely first; a stable sort gives ties to the lowest id."""
    return np.argsort(-log_p, axis=1, kind="stable")
