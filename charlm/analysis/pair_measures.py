r"""Measures of the outputs of a model of pairs against the targets.

.. math:: d(i, j) = \min\{d(i-1, j-1) + [a_i \ne b_j],\; d(i-1, j) + 1,\; d(i, j-1) + 1\}

is the edit distance of the first i characters of an output a and the first j of a target b [1]_. With c(j) the
minimum of the first two, the third is a running minimum: d(i, j) = j + min over k ≤ j of c(k) − k.

References
----------
.. [1] Wagner & Fischer (1974), "The String-to-String Correction Problem", Journal of the ACM 21(1).
"""

from __future__ import annotations

import dataclasses
import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from charlm.config import OutputName
from charlm.errors import UsageError
from charlm.text.units import code_points

__all__ = ["PairMeasures", "TagMeasures", "confusions", "edit_distances", "measure_pairs", "measure_tags"]

_CELLS = 1 << 18  # of a table of distances

Confusions = dict[str, dict[str, int]]
"""The confusion matrix: ``found[target][output]`` is a number of symbols."""


@dataclass(frozen=True, slots=True)
class TagMeasures:
    """Precision, recall and F1 of one tag.

    Parameters
    ----------
    precision : float
        Correct share of the outputs with this tag; nan if there is none.
    recall : float
        Correct share of the targets with this tag; nan if there is none.
    f1 : float
        Their harmonic mean, 2 · correct / (outputs + targets); 0 if none is correct.
    count : int
        Number of targets with this tag.
    """

    precision: float
    recall: float
    f1: float
    count: int


@dataclass(frozen=True, slots=True)
class PairMeasures:
    """Measures of outputs against targets.

    Parameters
    ----------
    pairs : int
    exact : float
        Share of the pairs whose output is the target, from 0 to 1.
    character_error_rate : float, optional
        Of texts: edits from outputs to targets, per character of the targets; nan if these are empty.
    accuracy : float, optional
        Correct share of the labels, or of all tags.
    tags : dict of str to TagMeasures
        Of each tag.
    confusions : dict of str to dict of str to int
        Of labels or tags: the confusion matrix.
    """

    pairs: int
    exact: float
    character_error_rate: float | None = None
    accuracy: float | None = None
    tags: dict[str, TagMeasures] = field(default_factory=dict)
    confusions: Confusions = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Return all of it, for JSON."""
        return dataclasses.asdict(self)


def measure_pairs(outputs: Sequence[str], targets: Sequence[str], output: OutputName) -> PairMeasures:
    """Compare outputs with their targets.

    Parameters
    ----------
    outputs, targets : sequence of str
        At least one, and as many of both.
    output : {"text", "label", "tags"}
        Their kind.

    Raises
    ------
    UsageError
        If there are none, or not as many of both, or not as many tags.

    Examples
    --------
    >>> measure_pairs(["cat", "dig"], ["cat", "dog"], "text").character_error_rate
    0.16666666666666666
    """
    if not targets or len(outputs) != len(targets):
        raise UsageError(
            f"there are {len(outputs):,} outputs for {len(targets):,} targets; give as many, at least one"
        )
    exact = sum(map(str.__eq__, outputs, targets)) / len(targets)
    if output == "text":
        characters = sum(map(len, targets))
        edits = int(edit_distances(outputs, targets).sum())
        return PairMeasures(
            len(targets), exact, character_error_rate=edits / characters if characters else math.nan
        )
    if output == "label":
        return PairMeasures(len(targets), exact, accuracy=exact, confusions=confusions(outputs, targets))
    if [*map(len, outputs)] != [*map(len, targets)]:
        raise UsageError("an output has not as many tags as its target; compare those of the same source")
    found = confusions("".join(outputs), "".join(targets))
    symbols = sum(map(len, targets))
    right = sum(made.get(tag, 0) for tag, made in found.items())
    return PairMeasures(
        len(targets),
        exact,
        accuracy=right / symbols if symbols else math.nan,
        tags=measure_tags(found),
        confusions=found,
    )


def edit_distances(outputs: Sequence[str], targets: Sequence[str]) -> NDArray[np.int64]:
    """Count the characters to insert, delete or replace to make each output its target.

    Parameters
    ----------
    outputs, targets : sequence of str
        As many, N.

    Returns
    -------
    ndarray of int, shape (N,)

    Examples
    --------
    >>> edit_distances(["kitten", ""], ["sitting", "abc"]).tolist()
    [3, 3]
    """
    distances = np.zeros(len(outputs), np.int64)
    order = sorted(range(len(outputs)), key=lambda n: (len(targets[n]), len(outputs[n])), reverse=True)
    while order:
        most = max(_CELLS // (len(targets[order[0]]) + 1), 1)
        some, order = order[:most], order[most:]
        distances[some] = _distances([outputs[n] for n in some], [targets[n] for n in some])
    return distances


def _distances(outputs: Sequence[str], targets: Sequence[str]) -> NDArray[np.int64]:
    """Return the distances of N outputs of at most S characters and their targets of at most T."""
    (a, a_lengths), (b, b_lengths) = _codes(outputs), _codes(targets)  # (N, S), (N, T)
    j = np.arange(b.shape[1] + 1)
    d = np.repeat(j[None], len(a), axis=0)  # (N, T + 1)
    for i in range(1, a.shape[1] + 1):
        c = np.minimum(d[:, :-1] + (a[:, i - 1 : i] != b), d[:, 1:] + 1)
        c = np.concatenate([np.full((len(a), 1), i), c], axis=1)
        following = j + np.minimum.accumulate(c - j, axis=1)
        d = np.where(a_lengths[:, None] >= i, following, d)
    picked: NDArray[np.int64] = d[np.arange(len(a)), b_lengths]
    return picked


def _codes(texts: Sequence[str]) -> tuple[NDArray[np.uint32], NDArray[np.intp]]:
    """Return the code points of N texts, padded on the right, and their lengths (N,)."""
    lengths = np.array([*map(len, texts)], np.intp)
    codes = np.zeros((len(texts), int(lengths.max())), np.uint32)
    for row, text in zip(codes, texts, strict=True):
        row[: len(text)] = code_points(text)
    return codes, lengths


def confusions(outputs: Iterable[str], targets: Iterable[str]) -> Confusions:
    """Return the confusion matrix of labels or tags.

    Parameters
    ----------
    outputs, targets : iterable of str
        Labels or tags, as many.

    Returns
    -------
    dict of str to dict of str to int
        By target, then by output, both sorted.

    Examples
    --------
    >>> confusions("IBIOO", "BBIOO")
    {'B': {'B': 1, 'I': 1}, 'I': {'I': 1}, 'O': {'O': 2}}
    """
    found: Confusions = {}
    for (target, output), count in sorted(Counter(zip(targets, outputs, strict=True)).items()):
        found.setdefault(target, {})[output] = count
    return found


def measure_tags(found: Confusions) -> dict[str, TagMeasures]:
    """Return precision, recall and F1 of each tag that is a target or an output, from a confusion matrix."""
    outputs: Counter[str] = Counter()
    for row in found.values():
        outputs.update(row)
    measures = {}
    for tag in sorted({*found, *outputs}):
        targets = sum(found.get(tag, {}).values())
        correct = found.get(tag, {}).get(tag, 0)
        measures[tag] = TagMeasures(
            precision=correct / outputs[tag] if outputs[tag] else math.nan,
            recall=correct / targets if targets else math.nan,
            f1=2 * correct / (outputs[tag] + targets),
            count=targets,
        )
    return measures
