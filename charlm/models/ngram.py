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
from functools import cached_property
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
    """The counts of all orders up to `order`, from one sorted list of the places in the text.

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
        starts = _sorted_starts(ids, size, order)
        places = np.empty_like(starts)
        places[starts] = np.arange(len(starts), dtype=starts.dtype)
        text = np.append(ids, np.full(order, size)).astype(np.min_scalar_type(size))  # behind its end, no symbol
        # of each of the starts: whether its gram differs from the one before, and whether it is all in one document
        changes, inside = np.zeros(len(ids), np.bool_), np.ones(len(ids), np.bool_)
        changes[0] = True
        numbers, known, last = np.zeros_like(starts), 1, text[starts]  # there is one empty context
        # of each distinct gram of the order below: how often it occurs, and whether it begins with the stop symbol
        occurrences, opens = np.zeros(0, np.intp), np.zeros(0, np.bool_)
        for k in range(order):  # the (k + 1)-grams, of which equal ones are neighbours in this order
            if k > 1 and stop_id is not None:
                inside &= last != stop_id
            last = text[k:].take(starts)
            inside &= last < size
            changes[1:] |= last[1:] != last[:-1]
            first = changes.nonzero()[0]  # of each distinct gram
            counts = np.diff(first, append=len(ids))
            first, counts = first[inside[first]], counts[inside[first]]
            if not len(first):
                break
            contexts = numbers[first].astype(np.int64)
            if k:  # every distinct gram is one symbol that stands before a gram of the order below
                extensions = np.bincount(numbers[places[starts[first] + 1]], minlength=known)
                if k > 1 and stop_id is not None:  # the stop symbol itself is the end of a document, too
                    extensions = np.where(opens, occurrences, extensions)
                self._tables[-1].count_extensions(extensions)
            self._tables.append(_Table(contexts * size + last[first], counts, size, known))
            numbers, known = np.cumsum(changes & inside, dtype=starts.dtype) - 1, len(first)
            if stop_id is not None:
                occurrences, opens = counts, text[starts[first]] == stop_id
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
            yield table.codes, *table.in_longest.terms(table.codes // self.size)

    def counts(self) -> Iterator[tuple[_Places, NDArray[np.int32], int]]:
        """Yield the codes of `levels`, the c of each, and the number of contexts, from the empty context on."""
        for table in self._tables:
            yield table.codes, table.in_longest.counts, table.contexts

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


def _sorted_starts(ids: IdArray, size: int, order: int) -> NDArray[np.int32]:
    """Return the starts of the grams of a text (n,), sorted by their symbols; those that the end cuts off first.

    By doubling [1]_: as many symbols as fit into an integer beside their place are sorted and numbered; two such
    numbers make a longer gram. They fit too, as n is at most `LONGEST_TRAINING`.

    References
    ----------
    .. [1] Manber & Myers (1993), "Suffix Arrays: A New Method for On-Line String Searches", section 2.
    """
    n = len(ids)
    bits = max(n - 1, 1).bit_length()
    symbols = ids.astype(np.int64) + 1  # 0 is behind the end
    codes, values, length = symbols.copy(), size + 1, 1
    while length < order and values * (size + 1) <= 1 << 63 - bits:
        codes *= size + 1
        codes[: max(n - length, 0)] += symbols[length:]
        values, length = values * (size + 1), length + 1
    while True:
        carried = np.sort(codes << bits | np.arange(n))
        starts = carried & (1 << bits) - 1
        found = np.cumsum(np.diff(carried >> bits, prepend=_UNSEEN) > 0)  # from 1; 0 is behind the end
        distinct = int(found[-1])
        if length >= order or distinct == n:
            return starts.astype(np.int32)
        further = min(length, order - length)
        numbers = np.zeros(n + further, np.int64)
        numbers[starts] = found
        codes = numbers[:n] * (distinct + 1) + numbers[further:]
        length += further


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
        self._occurrences = counts
        self._extensions: NDArray[np.intp] | None = None  # not of the longest

    def count_extensions(self, counts: NDArray[np.intp]) -> None:
        """Take the number of grams of the next order that end with each gram."""
        self._extensions = counts

    @cached_property
    def occurrences(self) -> _Counts:
        """The number of occurrences of each gram."""
        return self._counts(self._occurrences)

    @cached_property
    def extensions(self) -> _Counts | None:
        """The number of symbols that stand before each gram; None of the longest."""
        return None if self._extensions is None else self._counts(self._extensions)

    @property
    def in_longest(self) -> _Counts:
        """The counts that the longest order uses: extensions, or of the longest itself occurrences."""
        return self.extensions or self.occurrences

    def _counts(self, counts: NDArray[np.intp]) -> _Counts:
        return _Counts(counts, self.codes // self._size, self.contexts)

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
