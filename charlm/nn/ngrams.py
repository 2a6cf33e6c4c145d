"""`NgramSum`: the sum of a table's rows for the n-grams of a sequence, a linear classifier of its n-grams.

::

    forward                                       backward

    (1) y = Σ_n Σ_s m_ns W[r(x_{s-n+1} … x_s)]    (1′) dW[r(x_{s-n+1} … x_s)] += m_ns dy   for every n and s

n is 1 to the longest length, x the sequence between a symbol for its beginning and one for its end, and m_ns is 1,
or a dropout mask of single n-grams. The row r is the place of the n-gram's hash h among those of the n-grams that
the layer knows; m_ns is 0 where it is none of them. With c the codes of the symbols::

    (2) h = Σ_{i<n} c_{s-i} M^i mod 2^32

An n-gram that occurs once in training has nothing to generalise, so only those that occur more often are known
(`known_ngrams`). Added to the logits of a recurrent network, the layer is the wide part of a wide and deep model:
n-grams learn what is frequent, the network generalises to what is not.

References
----------
.. [1] Cheng et al. (2016), "Wide & Deep Learning for Recommender Systems".
.. [2] Joulin, Grave, Bojanowski & Mikolov (2017), "Bag of Tricks for Efficient Text Classification".
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import DTypeLike, NDArray

from charlm.nn.arrays import FloatArray, IdArray, Shape, check_shape
from charlm.nn.backprop import once
from charlm.nn.dropout import draw_mask_
from charlm.nn.padding import left_mask
from charlm.nn.parameters import ParameterStore

__all__ = ["NgramSum", "known_ngrams"]

M = 0x9E37_79B1  # odd, and far from powers of two
PADDING, BEGINNING, END = range(3)  # codes; those of symbols follow
MOST_ROWS, MOST_WEIGHTS = 2**15, 2**20  # of a table
FEWEST = 2  # occurrences of a known n-gram
_BLOCK = 2**20  # numbers looked up at once


def known_ngrams(sequences: Sequence[IdArray], longest: int, output_size: int) -> NDArray[np.uint32]:
    """Return the hashes (2) of the n-grams that occur at least twice in some sequences, in ascending order.

    Parameters
    ----------
    sequences : sequence of ndarray, each 1-D
        Ids of the training data; at least one sequence.
    longest : int
        Symbols of the longest n-grams, beginning and end included.
    output_size : int
        J. A table has at most 2^15 rows and 2^20 weights: of more n-grams the most frequent are returned.
    """
    parts = [part for sequence in sequences for part in ([BEGINNING], np.asarray(sequence) + END + 1, [END])]
    codes = np.concatenate(parts).astype(np.uint32)
    sizes = np.array([len(sequence) + 2 for sequence in sequences])
    owner = np.repeat(np.arange(len(sizes)), sizes)
    found, counts = [], []
    for n in range(1, min(longest, sizes.max()) + 1):
        within = owner[: len(owner) + 1 - n] == owner[n - 1 :]
        h, count = np.unique(_hashes(codes, n)[within], return_counts=True)
        frequent = count >= min(FEWEST, len(sizes))
        found.append(h[frequent])
        counts.append(count[frequent])
    most = max(1, min(MOST_ROWS, MOST_WEIGHTS // output_size))
    order = np.argsort(-np.concatenate(counts), kind="stable")[:most]
    return np.unique(np.concatenate(found)[order])


def _hashes(codes: NDArray[np.uint32], n: int) -> NDArray[np.uint32]:
    """Return the hash (2) of the n codes from each place of the first axis on, as far as there are n."""
    places = max(len(codes) + 1 - n, 0)
    h = np.zeros((places, *codes.shape[1:]), np.uint32)
    for i in range(n):
        h += codes[n - 1 - i : n - 1 - i + places] * np.uint32(pow(M, i, 2**32))
    return h


class NgramSum:
    """Sum of rows for the known n-grams of sequences, ``(S, N) -> (N, J)``.

    Parameters
    ----------
    known : ndarray of uint32, shape (R,)
        Hashes of the n-grams, as `known_ngrams` returns them.
    longest : int
        Symbols of the longest of them.
    output_size : int
        J.
    dropout : float
        Probability that an n-gram is dropped while training; the others are scaled up. Without it the rows of rare
        n-grams memorise the few sequences that have them.
    params : ParameterStore, optional
        A store with ``W`` (R, J), used as it is; by default a new one of zeros, since a linear layer has no
        symmetry to break.
    dtype : dtype-like
        For a store of its own.

    Examples
    --------
    >>> sequences = [np.array([0, 4, 4]), np.array([4, 4])]
    >>> layer = NgramSum(known_ngrams(sequences, 2, output_size=5), 2, 5)
    >>> layer.params["W"].shape  # of the beginning, the end, 4, twice 4, and 4 at the end
    (5, 5)
    >>> y, backprop = layer.forward(np.array([[0, 4], [2, 4]]), np.array([2, 1]))
    >>> y.shape
    (2, 5)
    """

    def __init__(
        self,
        known: NDArray[np.uint32],
        longest: int,
        output_size: int,
        *,
        dropout: float = 0.0,
        params: ParameterStore | None = None,
        dtype: DTypeLike = np.float32,
    ) -> None:
        self.known, self.longest, self.output_size, self.dropout = known, longest, output_size, dropout
        self.params = ParameterStore(self.shapes(len(known), output_size), dtype) if params is None else params

    @classmethod
    def shapes(cls, known: int, output_size: int) -> dict[str, Shape]:
        """Return the shape of each parameter, for so many known n-grams."""
        return {"W": (known, output_size)}

    def rows(self, ids: IdArray, lengths: IdArray) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
        """Return the rows of the n-grams of sequences.

        Parameters
        ----------
        ids, lengths
            As for `forward`.

        Returns
        -------
        rows : ndarray of int, shape (k, N)
            k is the number of n-grams of a sequence of length S.
        known : ndarray of bool, shape (k, N)
            False for an n-gram that is not known or reaches into the padding; its row says nothing.
        """
        S, N = ids.shape
        codes = np.full((S + 2, N), END, np.uint32)
        codes[1:-1] = np.where(left_mask(lengths, S), ids + END + 1, PADDING)
        codes[S - lengths, np.arange(N)] = BEGINNING
        real = left_mask(lengths + 2, S + 2)
        orders = range(1, min(self.longest, S + 2) + 1)
        h = np.concatenate([_hashes(codes, n) for n in orders])
        within = np.concatenate([real[: S + 3 - n] for n in orders])
        rows = np.minimum(np.searchsorted(self.known, h), len(self.known) - 1)
        return rows, within & (self.known[rows] == h)

    def forward(
        self, ids: IdArray, lengths: IdArray, *, rng: np.random.Generator | None = None
    ) -> tuple[FloatArray, Callable[[FloatArray], None]]:
        """Add up the rows of sequences.

        Parameters
        ----------
        ids : ndarray of int, shape (S, N)
            Padded on the left; the padding may have any value.
        lengths : ndarray of int, shape (N,)
        rng : numpy.random.Generator, optional
            Draws which n-grams are dropped; without it none are.

        Returns
        -------
        y : ndarray, shape (N, J)
        backprop : callable
            ``dy -> None``; adds into ``params.grad``; once only.
        """
        W, (_, N), J = self.params["W"], ids.shape, self.output_size
        rows, known = self.rows(ids, lengths)
        m = known.astype(W.dtype)
        if rng is not None and self.dropout:
            drops = np.empty_like(m)
            draw_mask_(drops, self.dropout, rng)
            m *= drops
        y, step = np.zeros((N, J), W.dtype), max(1, _BLOCK // (N * J))
        for some in (slice(k, k + step) for k in range(0, len(rows), step)):
            y += np.einsum("kn,knj->nj", m[some], W[rows[some]])  # (1)

        @once
        def backprop(dy: FloatArray) -> None:
            check_shape("dy", dy, (N, J), "(N, J)")
            k, n = np.nonzero(m)
            order = np.argsort(rows[k, n], kind="stable")  # n-grams of the same row become neighbours
            k, n = k[order], n[order]
            found, starts = np.unique(rows[k, n], return_index=True)
            if found.size:
                self.params.gradient("W")[found] += np.add.reduceat(m[k, n, None] * dy[n], starts)  # (1′)

        return y, backprop
