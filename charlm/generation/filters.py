"""Filters: they set the log-probabilities of refused symbols to −inf.

A filter maps an array (N, V), a row a stream, to another of that shape; the result of a row does not depend on the
others. Rows need not be normalised: a probability is that among the symbols that earlier filters have kept. Ties go
to the lowest id, so that the number of kept symbols is exact, and at least one.

To add one, write the function here and put it into `FILTERS`; its name is that of its setting in `SampleConfig`.
`repeat_penalty` is not in the chain, since it depends on the text; the choosers apply it first.

References
----------
.. [1] Fan, Lewis & Dauphin (2018), "Hierarchical Neural Story Generation": top-k.
.. [2] Holtzman et al. (2020), "The Curious Case of Neural Text Degeneration": top-p, or nucleus.
.. [3] Meister, Pimentel, Wiher & Cotterell (2023), "Locally Typical Sampling", eq. 9: typical-p.
.. [4] Nguyen et al. (2025), "Turning Up the Heat: Min-p Sampling for Creative and Coherent LLM Outputs": min-p.
.. [5] Keskar et al. (2019), "CTRL", section 4.1: a penalty on repetition; theirs divides logits, ours multiplies
       log-probabilities, which have one sign.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from charlm.config import SampleConfig
from charlm.nn.losses import log_softmax

__all__ = ["FILTERS", "Filter", "LogProbs", "chain", "min_p", "repeat_penalty", "top_k", "top_p", "typical_p"]

LogProbs: TypeAlias = NDArray[np.float64]
Filter: TypeAlias = Callable[[LogProbs], LogProbs]
_OFF = SampleConfig()  # by default there is no filter


def repeat_penalty(log_p: LogProbs, seen: NDArray[np.bool_], penalty: float) -> LogProbs:
    """Multiply the normalised log-probabilities of the symbols in the window by `penalty`.

    Parameters
    ----------
    log_p : ndarray, shape (N, V)
        Log-probabilities up to a constant a row.
    seen : ndarray of bool, shape (N, V)
        Whether a symbol is in the stream's window.
    penalty : float
        Above 0. Above 1 these symbols become less likely, the more so the less likely they were; probability 1
        stays 1.

    Returns
    -------
    ndarray, shape (N, V)
    """
    penalized = log_softmax(log_p)
    np.multiply(penalized, penalty, out=penalized, where=seen)
    return penalized


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
    return _until(log_p, _by_probability(log_p), p)


def typical_p(log_p: LogProbs, p: float) -> LogProbs:
    """Keep, in each row, the fewest most typical symbols whose probabilities together reach `p`.

    A symbol is the more typical the nearer its surprisal is to the expected one, the row's entropy. The most likely
    symbol may be refused; the most typical one never is.

    Parameters
    ----------
    log_p : ndarray, shape (N, V)
        Log-probabilities up to a constant a row.
    p : float
        Above 0, at most 1.

    Returns
    -------
    ndarray, shape (N, V)
    """
    normalized = log_softmax(log_p)
    surprisal = np.multiply(normalized, -1, where=normalized > -np.inf, out=np.zeros_like(log_p))
    entropy = (np.exp(normalized) * surprisal).sum(axis=1, keepdims=True)
    return _until(log_p, np.argsort(np.abs(normalized + entropy), axis=1, kind="stable"), p)


def min_p(log_p: LogProbs, p: float) -> LogProbs:
    """Keep, in each row, the symbols that are at least `p` times as likely as the most likely one.

    Parameters
    ----------
    log_p : ndarray, shape (N, V)
        Log-probabilities up to a constant a row.
    p : float
        Above 0, at most 1.

    Returns
    -------
    ndarray, shape (N, V)
    """
    return np.where(log_p >= log_p.max(axis=1, keepdims=True) + math.log(p), log_p, -np.inf)


FILTERS = (top_k, typical_p, top_p, min_p)
"""In their order. The name of each is that of the setting which is its second argument."""


def chain(config: SampleConfig) -> tuple[Filter, ...]:
    """Return the filters whose settings are not the defaults, in their order.

    The temperature comes after all of them, so the kept symbols depend on the model's own probabilities.
    """
    values = [(apply, getattr(config, apply.__name__), getattr(_OFF, apply.__name__)) for apply in FILTERS]
    return tuple(_bound(apply, value) for apply, value, off in values if value != off)


def _bound(apply: Callable[[LogProbs, Any], LogProbs], value: float) -> Filter:
    return lambda log_p: apply(log_p, value)


def _until(log_p: LogProbs, order: NDArray[np.intp], p: float) -> LogProbs:
    """Keep, in each row, the first symbols of `order` (N, V) whose probabilities together reach `p`."""
    weights = np.exp(log_p - log_p.max(axis=1, keepdims=True))
    mass = weights[_row_numbers(log_p), order].cumsum(axis=1)
    reached = (mass >= p * mass[:, -1:])[:, :-1]  # all later ones are refused
    kept = log_p.copy()
    kept[reached.nonzero()[0], order[:, 1:][reached]] = -np.inf
    return kept


def _row_numbers(log_p: LogProbs) -> NDArray[np.intp]:
    return np.arange(len(log_p))[:, None]


def _by_probability(log_p: LogProbs) -> NDArray[np.intp]:
    """Return the ids of each row, the most likely first; a stable sort gives ties to the lowest id."""
    return np.argsort(-log_p, axis=1, kind="stable")
