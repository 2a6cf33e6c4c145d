"""`Beam`: the most likely texts of bounded width, whatever model extends them.

At every step each live text is extended by every symbol, and the `width` most likely of all texts are kept, ended
ones among them. Scores only fall, so the search is complete when no live text can rank among those asked for.

References
----------
.. [1] Graves (2012), "Sequence Transduction with Recurrent Neural Networks", section 2.5.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from charlm.errors import UsageError

__all__ = ["WIDEST", "Beam", "check_beam"]

WIDEST = 10_000
"""The widest beam: its states and scores still fit into the memory of a small machine."""


class _Text(Protocol):
    @property
    def score(self) -> float: ...
    @property
    def ended(self) -> bool: ...


TextT = TypeVar("TextT", bound=_Text)


def check_beam(width: int, count: int) -> None:
    """Refuse a width out of range, and a count above the width.

    Raises
    ------
    UsageError
    """
    if not 1 <= width <= WIDEST:
        raise UsageError(f"`beam` is {width}; it must be from 1 to {WIDEST}")
    if not 1 <= count <= width:
        raise UsageError(f"`count` is {count}; it must be from 1 to the width of the beam, {width}")


class Beam(Generic[TextT]):
    """The texts of a search.

    Parameters
    ----------
    text : TextT
        The text to begin with, with its `score`, in nats, and whether it has `ended`.
    width : int
        Texts that are kept at each step.
    count : int
        Texts that are asked for, at most `width`.

    Attributes
    ----------
    live, ended : list of TextT
        The most likely first; of equals the one whose symbols have the lower ids.
    """

    def __init__(self, text: TextT, *, width: int, count: int) -> None:
        self._width, self._count = width, count
        self._split([text])

    def _split(self, texts: list[TextT]) -> None:
        self.live = [text for text in texts if not text.ended]
        self.ended = [text for text in texts if text.ended]

    @property
    def complete(self) -> bool:
        """Whether no live text can rank among the `best`."""
        return not self.live or (len(self.ended) >= self._count and self.best[-1].score >= self.live[0].score)

    @property
    def best(self) -> list[TextT]:
        """The best texts that have ended."""
        return self.ended[: self._count]

    def extend(self, log_p: NDArray[np.float64], extended: Callable[[TextT, int, int, float], TextT]) -> None:
        """Extend every live text by every symbol, and keep the best.

        Parameters
        ----------
        log_p : ndarray, shape (live, V)
            Of each next symbol; −inf for one that is not generated.
        extended : callable
            Returns a live text, which has a row of `log_p`, extended by a symbol of this log-probability:
            ``(text, row, symbol, logprob) -> text``.
        """
        scores = np.array([text.score for text in self.live])[:, None] + log_p
        new = []
        for index in _largest(scores.ravel(), self._width):
            row, symbol = divmod(index, log_p.shape[1])
            new.append(extended(self.live[row], row, symbol, float(log_p[row, symbol])))
        self._split(sorted(self.ended + new, key=lambda text: -text.score)[: self._width])  # stable


def _largest(scores: NDArray[np.float64], n: int) -> list[int]:
    """Return the indices of the `n` largest scores, the largest first, of equals the first; −inf is none."""
    threshold = np.partition(scores, len(scores) - n)[-n] if n < len(scores) else -math.inf
    indices = np.flatnonzero((scores >= threshold) & (scores > -math.inf))
    largest: list[int] = indices[np.argsort(-scores[indices], kind="stable")][:n].tolist()
    return largest
