"""Verbatim overlap of a text with a corpus: for every character, the longest run of the corpus that begins there.

The suffixes of both are sorted together, by their first few characters at once and then by prefix doubling: in this
order, the nearest suffixes of the corpus share the longest run with a suffix of the text. Groups of equal prefixes
are refined only while they have suffixes of both, which is rarely long.

The corpus is processed in chunks that overlap by the longest text. Besides both texts, that takes some 50 MB for
any corpus, and as much again for half a million characters of the text. Each million characters of the corpus takes
0.2 s, or 1 s if the text is as long.

References
----------
.. [1] Manber & Myers (1993), "Suffix Arrays: A New Method for On-Line String Searches", section 3.
.. [2] Larsson & Sadakane (2007), "Faster Suffix Sorting": groups that need no sorting any more.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from charlm.text.units import code_points

__all__ = ["CHUNK", "Overlap", "excerpts", "overlaps"]

CHUNK = 2**20
"""Characters of the corpus that are sorted at once."""
_BITS = 62  # of a key, which holds the first characters of a suffix
_WINDOW = 32  # characters compared at once
_ROWS = 8192  # suffixes compared at once

Places = NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class Overlap:
    """The verbatim overlap of a text with a corpus.

    Parameters
    ----------
    text : str
    lengths : ndarray of int, shape (n,)
        Characters of the longest run that begins at each of the text's n characters; 0 for one that is not in the
        corpus.
    places : ndarray of int, shape (n,)
        Offset of such a run in the corpus, in characters.
    """

    text: str
    lengths: Places
    places: Places

    @property
    def start(self) -> int:
        """Offset of the longest run in the text; of equals the first."""
        return int(self.lengths.argmax()) if self.text else 0

    @property
    def longest(self) -> int:
        """Length of the longest run in characters."""
        return int(self.lengths.max(initial=0))

    @property
    def offset(self) -> int:
        """Offset of the longest run in the corpus."""
        return int(self.places[self.start]) if self.text else 0

    @property
    def run(self) -> str:
        """The longest run."""
        return self.text[self.start : self.start + self.longest]

    def runs(self, shortest: int) -> list[tuple[int, int]]:
        """Return the parts, as start and end, that are covered by runs of `shortest` or more characters."""
        parts: list[tuple[int, int]] = []
        for k in np.flatnonzero(self.lengths >= max(shortest, 1)).tolist():
            end = k + int(self.lengths[k])
            if parts and k <= parts[-1][1]:
                parts[-1] = (parts[-1][0], max(end, parts[-1][1]))
            else:
                parts.append((k, end))
        return parts


def overlaps(
    texts: Sequence[str],
    corpus: str,
    *,
    chunk: int = CHUNK,
    progress: Callable[[int, int], None] | None = None,
) -> list[Overlap]:
    """Find the verbatim overlap of some texts with a corpus.

    Parameters
    ----------
    texts : sequence of str
        Searched together, in about the time of one.
    corpus : str
    chunk : int
        Characters of the corpus that are sorted at once.
    progress : callable, optional
        Called after each chunk with the number of characters of the corpus processed so far and their total.

    Returns
    -------
    list of Overlap
        One for each text.

    Examples
    --------
    >>> (found,) = overlaps(["the dog sat on a mat"], "the cat sat on the mat")
    >>> found.run, found.offset
    (' sat on ', 7)
    """
    lengths = [np.zeros(len(text), np.intp) for text in texts]
    places = [np.zeros(len(text), np.intp) for text in texts]
    longest = max(map(len, texts), default=0)
    queries = _Queries(texts)
    for begin in range(0, len(corpus) if longest else 0, chunk):
        found, where = queries.look_up(corpus[begin : begin + chunk + longest - 1])
        for k, (first, last) in enumerate(queries.borders):
            better = found[first:last] > lengths[k]
            lengths[k][better] = found[first:last][better]
            places[k][better] = where[first:last][better] + begin
        if progress is not None:
            progress(min(begin + chunk, len(corpus)), len(corpus))
    return [Overlap(*parts) for parts in zip(texts, lengths, places, strict=True)]


def excerpts(text: str, length: int, count: int) -> list[str]:
    """Return up to `count` excerpts of a text, evenly spaced; the whole text if it is no longer than one.

    Examples
    --------
    >>> excerpts("abcdefgh", 2, 3)
    ['ab', 'de', 'gh']
    """
    room = len(text) - length
    if room <= 0:
        return [text] if text else []
    count = min(count, room + 1)
    starts = np.linspace(0, room, count).astype(int).tolist()
    return [text[start : start + length] for start in starts]


class _Queries:
    """Texts joined by a separator, over the alphabet of their characters.

    Id 0 is any other character, the highest id the separator, which ends every run.
    """

    def __init__(self, texts: Sequence[str]) -> None:
        ends = np.cumsum([len(text) + 1 for text in texts])
        self.borders = [(int(end) - len(text) - 1, int(end) - 1) for text, end in zip(texts, ends, strict=True)]
        codes = code_points("".join(texts))
        alphabet = np.unique(codes)
        self._table = np.zeros(0x110000, np.int32)
        self._table[alphabet] = np.arange(1, len(alphabet) + 1)
        self._separator = len(alphabet) + 1
        self._ids = np.full(len(codes) + len(texts), self._separator, np.int32)
        for text, (first, last) in zip(texts, self.borders, strict=True):
            self._ids[first:last] = self._table[code_points(text)]

    def look_up(self, corpus: str) -> tuple[Places, Places]:
        """Return the longest run at each place of the joined texts, and its offset in the corpus."""
        M = len(self._ids)
        ids = np.concatenate([self._ids, self._table[code_points(corpus)]])
        order = _sorted_suffixes(ids, M, self._separator.bit_length())
        slots, in_corpus = np.arange(len(ids)), order >= M
        before = np.maximum.accumulate(np.where(in_corpus, slots, -1))
        behind = np.minimum.accumulate(np.where(in_corpus, slots, len(ids))[::-1])[::-1]
        own = np.flatnonzero(~in_corpus)
        lengths, places = np.zeros((2, M), np.intp)
        for slot in (before[own], behind[own]):
            there = (slot >= 0) & (slot < len(ids))
            mine, other = order[own[there]], order[slot[there]]
            common = _common_lengths(ids, mine, other)
            better = common > lengths[mine]
            lengths[mine[better]], places[mine[better]] = common[better], other[better] - M
        return lengths, places


def _sorted_suffixes(ids: NDArray[np.int32], M: int, bits: int) -> Places:
    """Sort the suffixes of ids (n,) until each of the first `M` is next to its nearest of the others."""
    n, depth = len(ids), _BITS // bits
    keys = np.zeros(n, np.int64)
    for k in range(depth):
        keys <<= bits
        keys[: max(n - k, 0)] |= ids[k:]
    order = np.argsort(keys)
    keys = keys[order]
    firsts = np.flatnonzero(np.concatenate([[True], keys[1:] != keys[:-1]]))
    del keys
    sizes = np.diff(firsts, append=n)
    rank = np.empty(n, np.intp)  # the first slot of a suffix's group
    rank[order] = np.repeat(firsts, sizes)
    open_ = np.repeat(_mixed(order, firsts, M), sizes).nonzero()[0]
    while open_.size:
        suffixes = order[open_]
        behind = suffixes + depth
        follows = np.where(behind < n, rank[np.minimum(behind, n - 1)], -1)
        keys = rank[suffixes] * (n + 1) + follows + 1
        by_key = np.argsort(keys)
        suffixes, keys = suffixes[by_key], keys[by_key]
        order[open_] = suffixes
        firsts = np.flatnonzero(np.concatenate([[True], keys[1:] != keys[:-1]]))
        sizes = np.diff(firsts, append=len(keys))
        rank[suffixes] = np.repeat(open_[firsts], sizes)
        open_ = open_[np.repeat(_mixed(suffixes, firsts, M), sizes)]
        depth *= 2
    return order


def _mixed(suffixes: Places, firsts: Places, M: int) -> NDArray[np.bool_]:
    """Return whether each group has suffixes of both."""
    return (np.minimum.reduceat(suffixes, firsts) < M) & (np.maximum.reduceat(suffixes, firsts) >= M)


def _common_lengths(ids: NDArray[np.int32], a: Places, b: Places) -> Places:
    """Return the lengths of the common prefixes of suffixes `a` (m,) and `b` (m,); a separator ends each `a`."""
    padded = np.concatenate([ids, np.zeros(_WINDOW, ids.dtype)])
    lengths = np.zeros(len(a), np.intp)
    for k in range(0, len(a), _ROWS):
        open_ = np.arange(k, min(k + _ROWS, len(a)))
        while open_.size:
            window = lengths[open_, None] + np.arange(_WINDOW)
            same = (
                padded[np.minimum(a[open_, None] + window, len(ids))]
                == padded[np.minimum(b[open_, None] + window, len(ids))]
            )
            whole = same.all(axis=1)
            lengths[open_] += np.where(whole, _WINDOW, same.argmin(axis=1))
            open_ = open_[whole]
    return lengths
