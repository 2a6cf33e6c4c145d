"""An n-gram model: the baseline beside a network's loss.

With interpolated, modified Kneser–Ney smoothing [1]_. With h a context of k − 1 symbols, h′ the
same without its oldest symbol, x the symbol that follows, and c the count of hx:

::

    (1)  p(x | h) = (c(hx) − D(c(hx))) / Σ c(h·)  +  λ(h) · p(x | h′)
    (2)  λ(h)     = Σ D(c(h·)) / Σ c(h·)
    (3)  Y = n₁ / (n₁ + 2n₂),   D(j) = j − (j + 1) · Y · nⱼ₊₁ / nⱼ   for j = 1, 2 and, from 3 on, 3

where nⱼ is the number of k-grams that occur j times. For the longest context c is the count of hx; for shorter ones
it is the number of different symbols that precede hx, since they matter only where the longer context is rare. The
empty context backs off to the uniform distribution, 1/V, and an unseen context to p(x | h′). So the probabilities
of all V symbols sum to 1, and none is 0.

References
----------
.. [1] Chen & Goodman (1998), "An Empirical Study of Smoothing Techniques for Language Modeling", section 3.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from charlm.nn.arrays import IdArray

__all__ = ["LONGEST_TEST", "MAX_ORDER", "Baseline", "NgramModel", "baseline"]

MAX_ORDER = 6
LONGEST_TRAINING = 2**21  # symbols; keeps time and memory at some seconds and some 200 MB
LONGEST_TEST = 2**20
SELECTION = 2**18  # symbols that choose the order; the last tenth of them is predicted from the others

_CHUNK = 2**17
_UNSEEN = -1
_LEAST_DISCOUNT = 0.05  # leaves every symbol some probability, whatever (3) makes of odd counts

_Places: TypeAlias = NDArray[np.int64]
_Floats: TypeAlias = NDArray[np.float64]


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


class NgramModel:
    """The counts of all orders up to `order`, each by one sort.

    Parameters
    ----------
    ids : ndarray of int, shape (n,)
        At least one symbol.
    size : int
        V; all ids are below it.
    order : int
        The longest context has ``order`` − 1 symbols; at most n.
    """

    def __init__(self, ids: IdArray, size: int, *, order: int = MAX_ORDER) -> None:
        self.order, self.size = min(order, len(ids)), size
        self._tables: list[_Table] = []
        contexts, known = np.zeros(len(ids), np.int64), 1  # there is one empty context
        shorter: _Places | None = None
        for _ in range(self.order):
            codes = contexts * size + ids  # a k-gram is its context's number and its last symbol
            inside = contexts >= 0
            grams = np.full(len(ids), _UNSEEN, np.int64)
            distinct, grams[inside], counts = _numbered(codes[inside])
            if shorter is not None:  # every distinct k-gram is one symbol that stands before its (k−1)-gram
                suffixes = np.zeros(len(distinct), np.int64)
                suffixes[grams[inside]] = shorter[inside]
                self._tables[-1].count_extensions(suffixes)
            self._tables.append(_Table(distinct, counts, size, known))
            contexts, known, shorter = _after(grams), len(distinct), grams

    def surprisal(self, ids: IdArray) -> Iterator[_Floats]:
        """Predict each symbol of a text from those before it, with every order.

        Memory does not grow with the length of the text.

        Parameters
        ----------
        ids : ndarray of int, shape (n,)

        Yields
        ------
        ndarray, shape (order, m)
            Nats of the next m symbols, row k − 1 under the model of order k. The chunks' lengths m add up to n.
        """
        for start in range(0, len(ids), _CHUNK):
            lead = min(start, self.order - 1)
            yield -np.log(self._probabilities(ids[start - lead : start + _CHUNK])[:, lead:])

    def mean_nats(self, ids: IdArray, *, skip: int = 0) -> _Floats:
        """Return the mean surprisal of a text without its first `skip` symbols, for each order; shape (order,)."""
        lead = min(skip, self.order - 1)
        sums, left = np.zeros(self.order), lead
        for nats in self.surprisal(ids[skip - lead :]):
            sums += nats[:, min(left, nats.shape[1]) :].sum(axis=1)
            left = max(left - nats.shape[1], 0)
        return sums / (len(ids) - skip)

    def _probabilities(self, ids: IdArray) -> _Floats:
        result = np.empty((self.order, len(ids)))
        contexts = np.zeros(len(ids), np.int64)
        backing = np.full(len(ids), 1 / self.size)
        for row, table in zip(result, self._tables, strict=True):
            grams = table.find(contexts, ids)
            row[:] = table.occurrences.mix(contexts, grams, backing)
            if table.extensions is not None:
                backing = table.extensions.mix(contexts, grams, backing)
            contexts = _after(grams)
        return result


def _numbered(codes: _Places) -> tuple[_Places, _Places, _Places]:
    """Return the distinct codes in order, the number of each code given among them, and how often each occurs.

    The result of `numpy.unique`, in half the time: each code is joined with its index in one integer, and the
    integers are sorted. Both fit, as a code is below `LONGEST_TRAINING` times the size of a vocabulary.
    """
    bits = max(len(codes) - 1, 1).bit_length()
    carried = np.sort(codes << bits | np.arange(len(codes)))
    ordered, places = carried >> bits, carried & (1 << bits) - 1
    first = np.diff(ordered, prepend=_UNSEEN) > 0
    numbers = np.empty_like(codes)
    numbers[places] = np.cumsum(first) - 1
    return ordered[first], numbers, np.diff(first.nonzero()[0], append=len(codes))


def _after(grams: _Places) -> _Places:
    """Return the context at each place: the k-gram that ends at the place before; none at the first."""
    return np.concatenate([np.full(1, _UNSEEN), grams[:-1]])


class _Table:
    """The distinct k-grams of a text, sorted, with both their counts."""

    def __init__(self, codes: _Places, counts: NDArray[np.intp], size: int, contexts: int) -> None:
        self._codes, self._size, self._contexts = codes, size, contexts
        self.occurrences = _Counts(counts, codes // size, contexts)
        self.extensions: _Counts | None = None  # not of the longest

    def count_extensions(self, suffixes: _Places) -> None:
        """Count how many grams of the next order end with each gram, given the last of each."""
        counts = np.bincount(suffixes, minlength=len(self._codes))
        self.extensions = _Counts(counts, self._codes // self._size, self._contexts)

    def find(self, contexts: _Places, ids: IdArray) -> _Places:
        """Return the number of each gram, given by context and symbol; `_UNSEEN` for an unseen one."""
        codes = np.where(contexts >= 0, contexts * self._size + ids, _UNSEEN)
        places = np.searchsorted(self._codes, codes).clip(max=len(self._codes) - 1)
        return np.where(self._codes[places] == codes, places, _UNSEEN)


class _Counts:
    """Equations (1) to (3) for one kind of count."""

    def __init__(self, counts: NDArray[np.intp], contexts: _Places, known: int) -> None:
        n1, n2, n3, n4 = (max(int(np.count_nonzero(counts == j)), 1) for j in (1, 2, 3, 4))
        Y = n1 / (n1 + 2 * n2)  # (3)
        D = np.array([0, 1 - 2 * Y * n2 / n1, 2 - 3 * Y * n3 / n2, 3 - 4 * Y * n4 / n3])
        D[1:] = np.clip(D[1:], _LEAST_DISCOUNT, [1, 2, 3])
        discounts = D[np.minimum(counts, 3)]
        self._discounted = (counts - discounts).astype(np.float32)
        self._totals = np.bincount(contexts, weights=counts, minlength=known)
        self._freed = np.bincount(contexts, weights=discounts, minlength=known)  # λ(h) · Σ c(h·), see (2)

    def mix(self, contexts: _Places, grams: _Places, backing: _Floats) -> _Floats:
        """Return p(x | h), given p(x | h′) in `backing`."""
        totals = np.where(contexts >= 0, self._totals[contexts], 0)
        counted = np.where(grams >= 0, self._discounted[grams], 0)
        with np.errstate(divide="ignore", invalid="ignore"):  # a context without a successor takes p(x | h′)
            mixed = (counted + self._freed[contexts] * backing) / totals  # (1)
        return np.where(totals > 0, mixed, backing)
