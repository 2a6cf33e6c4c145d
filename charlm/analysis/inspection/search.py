"""`find_units`: which unit tracks which property of a text, on text that did not choose it.

The first half of a text chooses a unit for each feature: that of the largest absolute correlation. The second half
measures its correlation and, of a binary feature, its area under the ROC curve. A unit that matches by accident has
some correlation, too, and one of hundreds of units has much. So the baseline is the largest correlation of *any*
unit with the same feature, shifted in a circle by a random distance: as smooth, but unrelated.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from charlm.analysis.inspection.features import FEATURES, feature_values
from charlm.analysis.inspection.reading import read_units
from charlm.analysis.surprisal import Progress
from charlm.config import OnUnknown
from charlm.errors import CorpusError
from charlm.models.language_model import CharModel

__all__ = ["SHORTEST", "TrackingUnit", "area_under_curve", "correlations", "find_units"]

SHORTEST = 400
"""Characters that a text needs at least."""
_SHIFTS = 100
_BASELINE = 0.99  # quantile of the correlations with shifted features
_FAR = 1.5  # times the baseline, from which on a unit counts


@dataclass(frozen=True, slots=True)
class TrackingUnit:
    """The unit that tracks a feature best.

    Parameters
    ----------
    feature : str
        A key of `FEATURES`.
    unit : int
    correlation : float
        Pearson's, on the held-out half.
    auc : float or None
        Area under the ROC curve on the held-out half, with the sign that the first half chose; None unless the
        feature is binary.
    baseline : float
        The 99th percentile over shifts of the largest absolute correlation of any unit with the shifted feature.
    """

    feature: str
    unit: int
    correlation: float
    auc: float | None
    baseline: float

    @property
    def clarity(self) -> float:
        """The absolute correlation in units of the baseline; 0 of a unit that does not vary."""
        return abs(self.correlation) / self.baseline if self.baseline else 0.0

    @property
    def tracks(self) -> bool:
        """Whether the correlation is far above what an accidental match reaches."""
        return self.clarity > _FAR


def find_units(
    model: CharModel,
    text: str,
    *,
    on_unknown: OnUnknown = "error",
    seed: int = 0,
    progress: Progress | None = None,
) -> list[TrackingUnit]:
    """Find the unit that tracks each feature of a text best.

    Parameters
    ----------
    model : CharModel
    text : str
        Its first 16 million ÷ units characters are used.
    on_unknown : {"error", "skip", "replace"}
        Treatment of characters outside the vocabulary.
    seed : int
        Fixes the shifts.
    progress : callable, optional
        As for `read_units`.

    Returns
    -------
    list of TrackingUnit
        Sorted by clarity, the clearest first. Features that do not vary in both
        halves are left out.

    Raises
    ------
    CorpusError
        If the text is shorter than `SHORTEST`, or no feature varies.

    References
    ----------
    .. [1] Karpathy, Johnson & Fei-Fei (2015), "Visualizing and Understanding Recurrent Networks".
    """
    read = read_units(model, text, on_unknown=on_unknown, progress=progress)
    n = len(read.pieces)
    if n < SHORTEST:
        raise CorpusError(
            f"the text has {n} character{'s' * (n != 1)}; give at least {SHORTEST}, half of which choose the units"
        )
    names, features = list(FEATURES), feature_values(read.pieces)
    first, second = slice(0, n // 2), slice(n // 2, n)
    vary = np.flatnonzero((np.ptp(features[first], axis=0) > 0) & (np.ptp(features[second], axis=0) > 0))
    if not vary.size:
        raise CorpusError("no property of the text varies in both of its halves; give another text")

    chosen_by = correlations(read.values[first], features[first][:, vary])
    units = np.abs(chosen_by).argmax(axis=0)
    values, held_out = read.values[second], features[second][:, vary]
    measured = correlations(values, held_out)
    baselines = _accidental(values, held_out, np.random.default_rng(seed))
    found = []
    for k, (feature, unit) in enumerate(zip(vary, units, strict=True)):
        name, sign = names[feature], np.sign(chosen_by[unit, k])
        auc = area_under_curve(sign * values[:, unit], held_out[:, k] > 0) if FEATURES[name].binary else None
        found.append(TrackingUnit(name, int(unit), float(measured[unit, k]), auc, float(baselines[k])))
    return sorted(found, key=lambda one: one.clarity, reverse=True)


def correlations(x: NDArray[np.floating], y: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return Pearson's correlation of each column of x (n, U) with each of y (n, F), (U, F); 0 of a constant."""
    return np.asarray(_standardised(x).T @ _standardised(y) / len(x), np.float64)


def _standardised(x: NDArray[np.floating]) -> NDArray[np.floating]:
    centred = x - x.mean(axis=0, dtype=np.float64)
    deviation = np.sqrt(np.mean(centred**2, axis=0))
    result: NDArray[np.floating] = np.divide(
        centred, deviation, out=np.zeros_like(centred), where=deviation > 1e-12
    )
    return result


def _accidental(
    values: NDArray[np.floating], features: NDArray[np.float64], rng: np.random.Generator
) -> NDArray[np.float64]:
    """Return a high quantile, over circular shifts, of the largest absolute correlation of any unit, shape (F,)."""
    n = len(values)
    shifts = rng.integers(n // 20, n - n // 20, _SHIFTS)
    x, y = _standardised(values).astype(np.float32), _standardised(features).astype(np.float32)
    largest = [np.abs(x.T @ np.roll(y, shift, axis=0)).max(axis=0) / n for shift in shifts]
    return np.asarray(np.quantile(largest, _BASELINE, axis=0), np.float64)


def area_under_curve(values: NDArray[np.floating], positive: NDArray[np.bool_]) -> float:
    """Return the probability that a positive example has a larger value than a negative one; ties count half.

    Examples
    --------
    >>> area_under_curve(np.array([0.1, 0.4, 0.35, 0.8]), np.array([False, False, True, True]))
    0.75
    """
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[inverse]  # ties share their mean rank
    positives, negatives = int(positive.sum()), int((~positive).sum())
    return float((ranks[positive].sum() - positives * (positives + 1) / 2) / (positives * negatives))
