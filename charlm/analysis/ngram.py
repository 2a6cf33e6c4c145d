"""The n-gram baseline beside a network's loss."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from charlm.models.ngram import LONGEST_TRAINING, NgramModel
from charlm.nn.arrays import IdArray

__all__ = ["LONGEST_TEST", "Baseline", "baseline"]

LONGEST_TEST = 2**20
SELECTION = 2**18  # symbols that choose the order; the last tenth of them is predicted from the others


@dataclass(frozen=True, slots=True)
class Baseline:
    """The loss of an n-gram model on the text that a network is tested on.

    Parameters
    ----------
    order : int
        n of the n-gram model: n − 1 symbols of context.
    nats : float
        Mean −ln p of a tested symbol.
    uniform_nats : float
        ln V: the loss of the uniform distribution.
    trained_on, tested_on : int
        Symbols.
    whole : bool
        Whether these are all symbols; else the last of the training text and the first of the tested one.
    """

    order: int
    nats: float
    uniform_nats: float
    trained_on: int
    tested_on: int
    whole: bool

    def to_json(self) -> dict[str, Any]:
        """Return it for JSON."""
        return dataclasses.asdict(self)


def baseline(train: IdArray, test: IdArray, size: int, *, skip: int = 0) -> Baseline | None:
    """Fit an n-gram model to one text and test it on another.

    The order, up to `MAX_ORDER`, is chosen within the training text: of its last `SELECTION` symbols, the last
    tenth is predicted from the others. The tested text does not affect the choice.

    Parameters
    ----------
    train, test : ndarray of int, shape (n,)
        Ids. Of longer texts the last `LONGEST_TRAINING` and the first `LONGEST_TEST` symbols are used, so time and
        memory are bounded.
    size : int
        V.
    skip : int
        Number of symbols at the start of `test` that are context only; at least the first, as for a network.

    Returns
    -------
    Baseline or None
        None if there is nothing to learn from or to predict.
    """
    skip = max(skip, 1)
    used, tested = train[-LONGEST_TRAINING:], test[: skip + LONGEST_TEST]
    if not used.size or tested.size <= skip:
        return None
    order = _best_order(used[-SELECTION:], size)
    nats = NgramModel(used, size, order=order).mean_nats(tested, skip=skip)
    return Baseline(
        order=order,
        nats=float(nats[-1]),
        uniform_nats=math.log(size),
        trained_on=used.size,
        tested_on=tested.size - skip,
        whole=used.size == train.size and tested.size == test.size,
    )


def _best_order(ids: IdArray, size: int) -> int:
    rest = len(ids) - len(ids) // 10
    if rest == len(ids):
        return 1  # too short to split
    return 1 + int(np.argmin(NgramModel(ids[:rest], size).mean_nats(ids, skip=rest)))
