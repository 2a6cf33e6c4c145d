"""`GrowingNgrams`: an n-gram model whose text grows symbol by symbol, as if all of it had been counted at once.

With equations (1) to (3) of `charlm.models.ngram`. Of the grams that end with a new symbol, one of each order,

::

    (4)  the longest one   c ← c + 1
    (5)  a shorter one     c ← c + 1   if the gram that is one symbol longer is new

Each of these changes Σ c(h·) of one context h, the numbers of its successors that occur once, twice or more often,
and nⱼ of one order. So a symbol takes a few additions an order, however long the text is.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from typing import Any

import numpy as np
from numpy.typing import NDArray

from charlm.models.ngram import LONGEST_TRAINING, NgramModel, discounts
from charlm.nn.arrays import IdArray

__all__ = ["GrowingNgrams"]

_MOST_NEW = 2**20  # grams since the whole text was counted; each takes about 130 bytes


class GrowingNgrams:
    """The modified Kneser–Ney model of a text to which symbols are added: its next symbol, given all before it.

    Parameters
    ----------
    ids : ndarray of int, shape (n,)
        The start of the text, at least one symbol.
    size, order, stop_id
        As for `NgramModel`.

    Notes
    -----
    A symbol takes about 40 µs. After a million new grams the whole text is counted again, so memory is bounded; of
    more than `LONGEST_TRAINING` symbols the last ones count then.

    Examples
    --------
    >>> grams = GrowingNgrams(np.array([0, 1, 0]), 3, order=2)
    >>> grams.add_(1)
    >>> [round(grams.probability(x), 2) for x in range(3)]
    [0.81, 0.14, 0.06]
    """

    def __init__(self, ids: IdArray, size: int, *, order: int, stop_id: int | None = None) -> None:
        self.order, self.size, self._stop_id = order, size, stop_id
        self._count_(ids)

    def _count_(self, ids: IdArray) -> None:
        """Count a whole text.

        Node 0 is the empty context and node 1 + i the i-th gram, as in `NgramTrie`; grams that are added later come
        behind. The code of a gram is the node of its context times V, plus its last symbol.
        """
        self._text, self._added = ids[-LONGEST_TRAINING:], list[int]()
        model = NgramModel(self._text, self.size, order=self.order, stop_id=self._stop_id)
        codes, counts, first = list[NDArray[np.int64]](), list[NDArray[np.int32]](), 0
        self._frequencies = [[0] * 6 for _ in range(self.order)]  # nⱼ of each order, for j up to 4
        for k, (own, count, contexts) in enumerate(model.counts()):
            codes.append(own + first * self.size)
            counts.append(count)
            self._frequencies[k] = np.bincount(np.minimum(count, 5), minlength=6).tolist()
            first += contexts
        code, c = np.concatenate(codes), np.concatenate(counts)
        context, nodes = code // self.size, len(code) + 1
        self._discounts = [discounts(*n[1:5]) for n in self._frequencies]
        self._codes = array("q", code.tobytes())
        self._new: dict[int, int] = {}  # the node of each code that is not among them
        self._counts = _array(np.concatenate([[0], c]))
        self._totals = _array(np.bincount(context, c, nodes))
        self._once, self._twice, self._often = (
            _array(np.bincount(context[np.minimum(c, 3) == j], minlength=nodes)) for j in (1, 2, 3)
        )
        self._contexts = [0]  # before the next symbol: the empty one, that of one symbol, and so on
        for x in self._text[-self.order :].tolist():
            self._move_([self._find(context, x) for context in self._contexts], x)

    def probability(self, x: int) -> float:
        """Return p of a symbol as the next one."""
        p = 1 / self.size
        for context, D in zip(self._contexts, self._discounts, strict=False):
            total = self._totals[context]
            if total:
                c = self._counts[self._find(context, x)]
                freed = D[1] * self._once[context] + D[2] * self._twice[context] + D[3] * self._often[context]
                p = (c - D[min(c, 3)] + freed * p) / total  # (1), (2)
        return p

    def add_(self, x: int) -> None:
        """Add a symbol to the text, in place."""
        self._added.append(x)
        grams: list[int] = []
        longest = self.order - 1
        if self._stop_id is not None:  # a document so far has no longer gram either
            longest = len(self._contexts) - 1 or longest
        for k, context in enumerate(self._contexts):
            gram = self._find(context, x)
            if not gram:
                gram = self._new[context * self.size + x] = len(self._counts)
                for column in (self._counts, self._totals, self._once, self._twice, self._often):
                    column.append(0)
                if k:
                    self._increment_(k - 1, self._contexts[k - 1], grams[-1])  # (5)
            grams.append(gram)
            if k == longest:
                self._increment_(k, context, gram)  # (4)
        self._move_(grams, x)
        if len(self._new) > _MOST_NEW:
            self._count_(np.concatenate([self._text, np.array(self._added, self._text.dtype)]))

    def _increment_(self, k: int, context: int, gram: int) -> None:
        """Add 1 to the count of a gram of k + 1 symbols."""
        c = self._counts[gram]
        self._counts[gram] = c + 1
        self._totals[context] += 1
        if c < 3:
            (self._once, self._twice, self._often)[c][context] += 1
        if 0 < c < 3:
            (self._once, self._twice)[c - 1][context] -= 1
        if c < 5:
            n = self._frequencies[k]
            n[c] -= 1
            n[c + 1] += 1
            self._discounts[k] = discounts(*n[1:5])

    def _move_(self, grams: list[int], x: int) -> None:
        """Make the grams that end with the symbol x, the last one, the contexts of the next."""
        self._contexts = [0, *grams[:1]] if x == self._stop_id else [0, *grams]
        del self._contexts[self.order :]

    def _find(self, context: int, x: int) -> int:
        """Return the node of a gram, 0 for an unseen one."""
        code = context * self.size + x
        place = bisect_left(self._codes, code)
        if place < len(self._codes) and self._codes[place] == code:
            return place + 1
        return self._new.get(code, 0)


def _array(values: NDArray[Any]) -> array[int]:
    """Return whole numbers as an array that grows, whose single numbers are quicker to reach than NumPy's."""
    return array("i", values.astype(np.intc).tobytes())
