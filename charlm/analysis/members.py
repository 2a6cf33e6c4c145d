"""The networks and counts of a mixture, which read a text side by side: what each predicts, and all together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from charlm.analysis.surprisal import Nats, Progress
from charlm.models.mixture import Mixture
from charlm.models.predictor import Predictor

__all__ = ["MemberLoss", "members_of", "read_together"]


@dataclass(frozen=True, slots=True)
class MemberLoss:
    """A member of a mixture, with its loss and weight.

    Parameters
    ----------
    model : Predictor
        A network or counts.
    nats : float
        Its own loss on the text per symbol, as if it were alone.
    weight : float
        After dynamic evaluation that at the end of the text.
    """

    model: Predictor = field(compare=False)
    nats: float
    weight: float


def members_of(model: Predictor, weight: float = 1.0) -> Iterator[tuple[Predictor, float]]:
    """Yield the members of a mixture with their weights, and those of mixtures in it; of another model itself."""
    if isinstance(model, Mixture):
        for member, share in zip(model.members, model.weights, strict=True):
            yield from members_of(member, weight * share)
    else:
        yield model, weight


def read_together(
    members: Sequence[tuple[Predictor, float]],
    readers: Sequence[Iterator[Nats]],
    total: int,
    *,
    mixing: float = 0.0,
    progress: Progress | None = None,
) -> tuple[list[float], tuple[MemberLoss, ...]]:
    """Mix what the members of a mixture predict, part by part.

    Parameters
    ----------
    members : sequence of (Predictor, float)
        K of them with their weights.
    readers : sequence of iterators
        For each member the nats of the symbols of each part, as if it were alone; the same parts for all.
    total : int
        Symbols of all parts.
    mixing : float
        μ: the share of one step of EM by which the weights move after each part.
    progress : callable, optional
        Called after each part with the number of symbols predicted so far and their total.

    Returns
    -------
    nats : list of float
        Of each part, under the mixture.
    losses : tuple of MemberLoss
    """
    w = np.array([weight for _, weight in members])
    sums, own, done = list[float](), np.zeros(len(w)), 0
    for parts in zip(*readers, strict=True):
        log_p = -np.array(parts)  # (K, symbols)
        with np.errstate(divide="ignore"):  # a weight may be 0
            terms = log_p + np.log(w)[:, None]
        mixed = np.logaddexp.reduce(terms)
        if mixing:
            w += mixing * (np.exp(terms - mixed).mean(axis=1) - w)
        sums.append(-float(mixed.sum()))
        own -= log_p.sum(axis=1)
        done += len(mixed)
        if progress is not None:
            progress(done, total)
    models = (member for member, _ in members)
    return sums, tuple(map(MemberLoss, models, (own / total).tolist(), w.tolist()))
