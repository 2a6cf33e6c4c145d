"""`Pieces`: the characters of a text, for vocabularies whose symbols are bytes or graphemes too."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from charlm.nn.arrays import IdArray
from charlm.text.vocabulary import Vocabulary

__all__ = ["Pieces", "characters_begun"]


def characters_begun(vocabulary: Vocabulary) -> NDArray[np.intp]:
    """Return the number of code points that begin in each symbol, shape (V,).

    1 for a character and for the special symbols, several for a grapheme, 0 for a continuation byte of UTF-8. A
    stop symbol counts as one, the line feed.
    """
    special = {vocabulary.unknown_id, vocabulary.stop_id}
    return np.array([1 if k in special else _begun(symbol) for k, symbol in enumerate(vocabulary.symbols)], np.intp)


def _begun(symbol: str | int) -> int:
    return len(symbol) if isinstance(symbol, str) else int(symbol & 0xC0 != 0x80)


class Pieces:
    """A text split into the smallest pieces of whole characters: its symbols, or the bytes of a code point.

    Parameters
    ----------
    vocabulary : Vocabulary
    ids : ndarray of int, shape (n,)

    Attributes
    ----------
    names : tuple of str
        The pieces as text.
    """

    def __init__(self, vocabulary: Vocabulary, ids: IdArray) -> None:
        begins = characters_begun(vocabulary)[ids] > 0
        begins[:1] = True  # a text may begin in the middle of a character
        self._starts, self._length = np.flatnonzero(begins), len(ids)
        if vocabulary.unit == "byte":
            self.names = tuple(vocabulary.decode(part) for part in np.split(ids, self._starts[1:]) if part.size)
        else:
            decoded = {k: vocabulary.decode(np.array([k])) for k in np.unique(ids).tolist()}
            self.names = tuple(decoded[k] for k in ids.tolist())

    @property
    def ends(self) -> NDArray[np.intp]:
        """The index of the last symbol of each piece."""
        return np.append(self._starts[1:], self._length) - 1 if self._starts.size else self._starts

    def sums(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Sum values of symbols, shape (n,), to one a piece."""
        total: NDArray[np.float64] = np.add.reduceat(values, self._starts) if self._starts.size else values[:0]
        return total
