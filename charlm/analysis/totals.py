"""`Totals`: the surprisal of a text by class and by line, and its most surprising places, in constant memory."""

from __future__ import annotations

import heapq
import math
from collections import deque
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, TypeVar

from charlm.analysis.breakdown import Share, character_class
from charlm.analysis.candidates import Candidate

__all__ = ["LineTotal", "Place", "Totals"]

_Value = TypeVar("_Value")

_CONTEXT = 24  # characters before a place
_LONGEST = 60  # characters of a line that are shown


@dataclass(frozen=True, slots=True)
class LineTotal:
    """A line of the text, and its surprisal.

    Parameters
    ----------
    number : int
        From 1.
    text : str
        Its beginning.
    characters : int
        That were predicted.
    bits : float
        Of all of them.
    """

    number: int
    text: str
    characters: int
    bits: float


@dataclass(frozen=True, slots=True)
class Place:
    """A surprising character.

    Parameters
    ----------
    line, column : int
        From 1.
    before : str
        The characters before it.
    symbol : str
    bits : float
    candidates : sequence of Candidate
        What the model found most probable.
    """

    line: int
    column: int
    before: str
    symbol: str
    bits: float
    candidates: Sequence[Candidate]


class Totals:
    r"""Sums over a text, symbol by symbol.

    Parameters
    ----------
    count : int
        Lines and places that are listed.

    Examples
    --------
    >>> totals = Totals()
    >>> for symbol, bits in zip("ab\ncd", [math.nan, 1.0, 2.0, 5.0, 1.0]):
    ...     totals.add(symbol, bits, [])
    >>> totals.classes()["lower-case letters"]
    Share(count=3, bits=2.3333333333333335)
    >>> [(place.line, place.column, place.before, place.symbol) for place in totals.places()][0]
    (2, 1, 'ab\n', 'c')
    >>> totals.lines()[0]
    LineTotal(number=2, text='cd', characters=2, bits=6.0)
    """

    def __init__(self, count: int = 10) -> None:
        self._count = count
        self._classes: dict[str, list[float]] = {}
        self._kinds: dict[str, str] = {}
        self._lines: list[tuple[float, int, int, LineTotal]] = []  # heaps, the least surprising first
        self._places: list[tuple[float, int, int, Place]] = []
        self._before: deque[str] = deque(maxlen=_CONTEXT)
        self._line = self._column = 1
        self._text: list[str] = []
        self._in_line = [0.0, 0.0]
        self._total = [0.0, 0.0]

    def add(self, symbol: str, bits: float, candidates: Sequence[Candidate]) -> None:
        """Add the next symbol; nan where it was not predicted."""
        if not math.isnan(bits):
            kind = self._kinds.get(symbol) or self._kinds.setdefault(symbol, character_class(symbol))
            for sums in (self._classes.setdefault(kind, [0.0, 0.0]), self._in_line, self._total):
                sums[0] += 1
                sums[1] += bits
            if len(self._places) < self._count or bits > self._places[0][0]:
                place = Place(self._line, self._column, "".join(self._before), symbol, bits, candidates)
                self._push(self._places, bits, place)
        self._before.append(symbol)
        self._column += 1
        if len(self._text) < _LONGEST and symbol != "\n":
            self._text.append(symbol)
        if symbol.endswith("\n"):
            self._end_line()

    def _end_line(self) -> None:
        count, bits = self._in_line
        if count:
            line = LineTotal(self._line, "".join(self._text), int(count), bits)
            self._push(self._lines, bits / count, line)
        self._line, self._column, self._text, self._in_line = self._line + 1, 1, [], [0.0, 0.0]

    def _push(self, heap: list[tuple[float, int, int, _Value]], key: float, value: _Value) -> None:
        entry = (key, -self._line, self._column, value)
        if len(heap) < self._count:
            heapq.heappush(heap, entry)
        else:
            heapq.heappushpop(heap, entry)

    @property
    def bits(self) -> float:
        """Mean surprisal of a symbol; nan if none was predicted."""
        count, bits = self._total
        return bits / count if count else math.nan

    def to_json(self) -> dict[str, Any]:
        """Return everything for JSON."""
        places = [
            asdict(place) | {"candidates": [one._asdict() for one in place.candidates]} for place in self.places()
        ]
        return {
            "bits_per_char": self.bits,
            "classes": {kind: asdict(share) for kind, share in self.classes().items()},
            "lines": [asdict(line) for line in self.lines()],
            "places": places,
        }

    def classes(self) -> dict[str, Share]:
        """Return count and mean surprisal of each class of characters, the largest sum first."""
        ordered = sorted(self._classes.items(), key=lambda one: -one[1][1])
        return {kind: Share(int(count), bits / count) for kind, (count, bits) in ordered}

    def lines(self) -> list[LineTotal]:
        """Return the lines with the largest mean surprisal of a character, the largest first."""
        if self._in_line[0]:
            self._end_line()
        return [entry[-1] for entry in sorted(self._lines, key=lambda entry: entry[:-1], reverse=True)]

    def places(self) -> list[Place]:
        """Return the most surprising characters, the most surprising first."""
        return [entry[-1] for entry in sorted(self._places, key=lambda entry: entry[:-1], reverse=True)]
