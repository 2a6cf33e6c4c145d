"""N-gram models: tables of counts, and the probabilities that follow from them.

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

from collections.abc import Iterator
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from charlm.nn.arrays import IdArray

__all__ = ["LONGEST_TRAINING", "MAX_ORDER", "NgramModel", "discounts"]

MAX_ORDER = 6
LONGEST_TRAINING = 2**21  # symbols; keeps time and memory at some seconds and some 200 MB

_UNSEEN = -1  # the number of a k-gram that the text does not have

_CHUNK = 2**17
_LEAST_DISCOUNT = 0.05  # leaves every symbol some probability, whatever (3) makes of odd counts

_Places: TypeAlias = NDArray[np.int64]
_Floats: TypeAlias = NDArray[np.float64]


class NgramModel:
    """The counts of all orders up to `order`, each by one sort.

    Parameters
    ----------
    ids : ndarray of int, shape (n,)
        At least one symbol.
    size : int
        V; all ids are below it.
    order : int
        The longest context has ``order`` − 1 symbols; fewer for a text that has none so long.
    stop_id : int, optional
        The symbol between documents, the only one of its document that a context may have. As no symbol precedes a
        document, the k-grams at its start count by their occurrences at every order.
    """

    def __init__(self, ids: IdArray, size: int, *, order: int = MAX_ORDER, stop_id: int | None = None) -> None:
        self._tables: list[_Table] = []
        contexts, known = np.zeros(len(ids), np.int64), 1  # there is one empty context
        shorter: _Places | None = None
        occurrences, begins = np.zeros(0, np.intp), np.zeros(0, np.bool_)  # of k-grams; begins with the stop symbol
        for k in range(order):
            codes = contexts * size + ids  # a k-gram is its context's number and its last symbol
            inside = contexts >= 0
            if not inside.any():
                break
            grams = np.full(len(ids), _UNSEEN, np.int64)
            distinct, grams[inside], counts = _numbered(codes[inside])
            if shorter is not None:  # every distinct k-gram is one symbol that stands before its (k−1)-gram
                suffixes = np.zeros(len(distinct), np.int64)
                suffixes[grams[inside]] = shorter[inside]
                extensions = np.bincount(suffixes, minlength=known)
                if k > 1 and stop_id is not None:  # the stop symbol itself is the end of a document, too
                    extensions = np.where(begins, occurrences, extensions)
                self._tables[-1].count_extensions(extensions)
            self._tables.append(_Table(distinct, counts, size, known))
            contexts, known, shorter, occurrences = _after(grams), len(distinct), grams, counts
            if stop_id is not None:
                begins = begins[distinct // size] if k else distinct == stop_id
                if k:
                    contexts[1:][ids[:-1] == stop_id] = _UNSEEN
        self.order, self.size = len(self._tables), size

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

    def levels(self) -> Iterator[tuple[_Places, _Floats, _Floats]]:
        """Yield the terms of (1) for the longest order, from the empty context on, each context being of one order.

        Yields
        ------
        codes : ndarray of int, shape (n,)
            The number of its context times V, plus the last symbol, of each k-gram.
        shares : ndarray, shape (n,)
            The first term of (1), of each k-gram.
        backing : ndarray
            λ(h) of each context.
        """
        for table in self._tables:
            yield table.codes, *(table.extensions or table.occurrences).terms(table.codes // self.size)

    def counts(self) -> Iterator[tuple[_Places, NDArray[np.int32], int]]:
        """Yield the codes of `levels`, the c of each, and the number of contexts, from the empty context on."""
        for table in self._tables:
            yield table.codes, (table.extensions or table.occurrences).counts, table.contexts

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


def discounts(n1: int, n2: int, n3: int, n4: int) -> list[float]:
    """Return D(0) to D(3), given the numbers of grams that occur once, twice, three and four times."""
    n1, n2, n3, n4 = max(n1, 1), max(n2, 1), max(n3, 1), max(n4, 1)
    Y = n1 / (n1 + 2 * n2)  # (3)
    D = 1 - 2 * Y * n2 / n1, 2 - 3 * Y * n3 / n2, 3 - 4 * Y * n4 / n3
    return [0.0, *(min(max(d, _LEAST_DISCOUNT), j) for j, d in enumerate(D, 1))]


class _Table:
    """The distinct k-grams of a text, sorted, with both their counts."""

    def __init__(self, codes: _Places, counts: NDArray[np.intp], size: int, contexts: int) -> None:
        self.codes, self._size, self.contexts = codes, size, contexts
        self.occurrences = _Counts(counts, codes // size, contexts)
        self.extensions: _Counts | None = None  # not of the longest

    def count_extensions(self, counts: NDArray[np.intp]) -> None:
        """Take the number of grams of the next order that end with each gram."""
        self.extensions = _Counts(counts, self.codes // self._size, self.contexts)

    def find(self, contexts: _Places, ids: IdArray) -> _Places:
        """Return the number of each gram, given by context and symbol; `_UNSEEN` for an unseen one."""
        codes = np.where(contexts >= 0, contexts * self._size + ids, _UNSEEN)
        places = np.searchsorted(self.codes, codes).clip(max=len(self.codes) - 1)
        return np.where(self.codes[places] == codes, places, _UNSEEN)


class _Counts:
    """Equations (1) to (3) for one kind of count."""

    def __init__(self, counts: NDArray[np.intp], contexts: _Places, known: int) -> None:
        D = np.array(discounts(*(int(np.count_nonzero(counts == j)) for j in (1, 2, 3, 4))))
        self._D, self.counts = D, counts.astype(np.int32)
        self._totals = np.bincount(contexts, weights=counts, minlength=known)
        self._freed = np.bincount(contexts, weights=D[np.minimum(counts, 3)], minlength=known)  # λ(h) Σ c(h·), (2)

    def mix(self, contexts: _Places, grams: _Places, backing: _Floats) -> _Floats:
        """Return p(x | h), given p(x | h′) in `backing`."""
        totals = np.where(contexts >= 0, self._totals[contexts], 0)
        counted = np.where(grams >= 0, self._discounted(grams), 0)
        with np.errstate(divide="ignore", invalid="ignore"):  # a context without a successor takes p(x | h′)
            mixed = (counted + self._freed[contexts] * backing) / totals  # (1)
        return np.where(totals > 0, mixed, backing)

    def terms(self, contexts: _Places) -> tuple[_Floats, _Floats]:
        """Return (c − D) / Σ c of all grams, given the context of each, and λ of all contexts."""
        seen = self._totals > 0
        totals = np.where(seen, self._totals, 1)
        shares: _Floats = self._discounted(np.arange(len(contexts))) / totals[contexts]
        return shares, np.where(seen, self._freed / totals, 1)

    def _discounted(self, grams: _Places) -> _Floats:
        counts = self.counts[grams]
        discounted: _Floats = counts - self._D[np.minimum(counts, 3)]
        return discounted
