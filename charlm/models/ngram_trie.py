"""`NgramTrie`: all k-grams of an n-gram model in one sorted array, to predict all symbols of many streams at once.

Node 0 is the empty context, and node 1 + i the i-th gram. The code of a gram is the node of its context times V,
plus its last symbol. Equation (1) of `charlm.models.ngram` with all orders written out, from the empty context h₁
to the longest one, of K − 1 symbols:

::

    p(x) = F₁/V + Σ s(hₖx) Fₖ₊₁,   Fₖ = λ(hₖ) λ(hₖ₊₁) … λ(h_K),   s(hx) = (c(hx) − D(c(hx))) / Σ c(h·)

with λ = 1 and s = 0 for an unseen context.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from charlm.models.ngram import NgramModel
from charlm.nn.arrays import FloatArray, IdArray

__all__ = ["NgramTrie", "Nodes"]

Nodes = NDArray[np.int64]
"""Contexts (…, order): the empty one, that of one symbol, and so on; 0 for an unseen one."""

_BLOCK = 2**17  # probabilities at once


class NgramTrie:
    """The probabilities of an n-gram model of its longest order.

    Parameters
    ----------
    model : NgramModel

    Attributes
    ----------
    order, size : int
        As of the model.
    """

    def __init__(self, model: NgramModel) -> None:
        self.order, self.size = model.order, model.size
        codes: list[NDArray[np.int64]] = []
        shares: list[NDArray[np.float64]] = []
        backing: list[NDArray[np.float64]] = []  # λ
        first = 0  # node of the contexts of an order
        for own, share, rest in model.levels():
            codes.append(own + first * self.size)
            shares.append(share)
            backing.append(rest)
            first += len(rest)
        self._codes, self._shares = np.concatenate(codes), np.concatenate(shares)
        self._backing = np.concatenate(backing)
        self._starts = np.zeros(first + 1, np.int32)  # number of the first gram of each context
        np.cumsum(np.bincount(self._codes // self.size, minlength=first), out=self._starts[1:])

    def known(self, nodes: FloatArray) -> FloatArray:
        """Return nodes with 0 in place of those that are no contexts: they may come from a file."""
        return np.where((nodes >= 0) & (nodes < len(self._backing)), nodes, 0)

    def after(self, nodes: Nodes, ids: IdArray, *, from_empty: bool) -> Nodes:
        """Return the contexts (…, n) after symbols (…): those before, (…, n), each one symbol longer.

        With `from_empty` the first of those before is the empty one, whose node is 0 as that of an unseen one.
        """
        codes = nodes * self.size + ids[..., None]
        places = np.searchsorted(self._codes, codes)
        known = self._codes.take(places, mode="clip") == codes
        known[..., from_empty:] &= nodes[..., from_empty:] > 0
        longer: Nodes = np.where(known, places + 1, 0)
        return longer

    def probabilities(self, contexts: Nodes) -> NDArray[np.float64]:
        """Return p of all symbols (R, V) in contexts (R, order)."""
        p = np.empty((len(contexts), self.size))
        rows = max(1, _BLOCK // self.size)
        for start in range(0, len(p), rows):
            self._interpolate(contexts[start : start + rows], p[start : start + rows])
        return p

    def text_probabilities(self, ids: IdArray) -> NDArray[np.float64]:
        """Return p of each symbol of a text (n,), given those before it."""
        n, K = len(ids), self.order
        contexts = np.zeros((n, K + 1), np.int64)  # before each symbol
        shares, factors = np.zeros((n, K)), np.ones((n, K + 1))
        for k in range(K):
            nodes = self.after(contexts[:, k : k + 1], ids, from_empty=k == 0)[:, 0]
            shares[:, k] = np.where(nodes > 0, self._shares[nodes - 1], 0)
            known = contexts[:, k] > 0 if k else True
            factors[:, k] = np.where(known, self._backing[contexts[:, k]], 1)
            contexts[1:, k + 1] = nodes[:-1]
        np.multiply.accumulate(factors[:, ::-1], axis=1, out=factors[:, ::-1])  # Fₖ
        p: NDArray[np.float64] = factors[:, 0] / self.size + (shares * factors[:, 1:]).sum(axis=1)
        return p

    def reader(self) -> Callable[[int, Sequence[float]], tuple[list[int], NDArray[np.float64]]]:
        """Return a function that reads a symbol of one stream: ``(id, contexts (order,)) -> (contexts, p (V,))``.

        Contexts are lists; those returned end with the last that is known. The probabilities have the bits of
        `probabilities`. One stream has few grams, for which slices are faster than the arrays of many streams.
        """
        V, most, shares = self.size, len(self._backing), self._shares
        codes, starts, backing = self._codes.data, self._starts.data, self._backing.data

        def read(symbol: int, before: Sequence[float]) -> tuple[list[int], NDArray[np.float64]]:
            nodes = [0]
            for k, context in enumerate(before[:-1]):
                if k and not 1 <= context < most:  # unseen, and so are the longer ones
                    break
                node = int(context)
                code, end = node * V + symbol, starts[node + 1]
                place = bisect_left(codes, code, starts[node], end)
                if place == end or codes[place] != code:
                    break
                nodes.append(place + 1)
            factor, factors, lengths, grams = 1.0, [], [], []
            for node in reversed(nodes):
                start, end = starts[node], starts[node + 1]
                factors.append(factor)
                lengths.append(end - start)
                grams.append(slice(start, end))
                factor *= backing[node]
            for part in (factors, lengths, grams):
                part.reverse()  # from the empty context on, as `probabilities` sums
            terms = np.concatenate([shares[part] for part in grams])
            np.multiply(terms, np.repeat(np.array(factors), lengths), terms)
            cells = np.concatenate([self._codes[part] for part in grams])
            p = np.bincount(np.remainder(cells, V, cells), terms, V)
            return nodes, np.add(p, factor / V, p)

        return read

    def _interpolate(self, contexts: Nodes, p: NDArray[np.float64]) -> None:
        R, K = contexts.shape
        known = contexts > 0
        known[:, 0] = True
        factors = np.ones((R, K + 1))  # Fₖ
        factors[:, :K] = np.where(known, self._backing[contexts], 1)
        np.multiply.accumulate(factors[:, ::-1], axis=1, out=factors[:, ::-1])
        first, last = self._starts[contexts.ravel()], self._starts[contexts.ravel() + 1]
        lengths = (last - first) * known.ravel()
        which = np.repeat(np.arange(R * K), lengths)
        grams = np.arange(len(which)) + np.repeat(first - np.cumsum(lengths) + lengths, lengths)
        terms = self._shares[grams] * factors[:, 1:].ravel()[which]
        cells = which // K * self.size + self._codes[grams] % self.size
        p[...] = np.bincount(cells, terms, R * self.size).reshape(p.shape)
        p += factors[:, :1] / self.size
