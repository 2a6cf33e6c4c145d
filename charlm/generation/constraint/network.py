"""`Network`: a pattern as places that follow each other, its counts written out.

A place reads a character of one class and goes on to another place, or reads nothing and goes on to several
(Thompson's construction, built from the end). Place 0 is the end.

References
----------
.. [1] Thompson (1968), "Regular Expression Search Algorithm".
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping

from charlm.generation.constraint.pattern import EMPTY, Alt, Chars, Node, Repeat, Seq

__all__ = ["BRANCH", "END", "UNREACHABLE", "Network", "Places"]

Places = tuple[int, ...]
"""Places that read, sorted, `END` among them where the text may end: what may come next."""
END = 0
BRANCH = -1
"""Stands in place of a class where nothing is read."""
UNREACHABLE = 1 << 29
"""A distance longer than any text."""


class Network:
    """The places of a pattern.

    Parameters
    ----------
    node : Node
        Without anchors.
    classes : mapping
        The number of each class that the pattern has.

    Attributes
    ----------
    reads : list of int
        The class that each place reads; -1 for none.
    follows : list of tuple of int
        Where each place goes on.
    entry : int
        Where a text begins.
    """

    def __init__(self, node: Node, classes: Mapping[Chars, int]) -> None:
        self.reads, self.follows = [BRANCH], [()]  # type: list[int], list[Places]
        self.entry = self._build(node, END, classes)

    @classmethod
    def bare(cls) -> Network:
        """Return a network of the end alone."""
        return cls(EMPTY, {})

    def add(self, reads: int, *follows: int) -> int:
        """Add a place and return its number."""
        self.reads.append(reads)
        self.follows.append(follows)
        return len(self.reads) - 1

    def _build(self, node: Node, after: int, classes: Mapping[Chars, int]) -> int:
        """Add the places of a pattern that goes on to a place; return the first."""
        match node:
            case Chars():
                return self.add(classes[node], after)
            case Seq(parts):
                for part in reversed(parts):
                    after = self._build(part, after, classes)
                return after
            case Alt(branches):
                return self.add(BRANCH, *[self._build(branch, after, classes) for branch in branches])
            case Repeat(body, low, None):
                loop = after = self.add(BRANCH, after)
                self.follows[loop] += (self._build(body, loop, classes),)
            case Repeat(body, low, int(high)):
                for _ in range(high - low):
                    after = self.add(BRANCH, after, self._build(body, after, classes))
            case _:
                raise AssertionError(node)
        for _ in range(low):
            after = self._build(body, after, classes)
        return after

    def reached(self, places: Iterable[int]) -> Places:
        """Return what may come next at any of these places."""
        seen, waiting, reading = set(places), list(places), []
        while waiting:
            place = waiting.pop()
            if place == END or self.reads[place] >= 0:
                reading.append(place)
                continue
            for after in self.follows[place]:
                if after not in seen:
                    seen.add(after)
                    waiting.append(after)
        return tuple(sorted(reading))

    def distances(self) -> list[int]:
        """Return, of each place, the fewest characters from there to the end."""
        leading: list[list[int]] = [[] for _ in self.reads]
        for place, follows in enumerate(self.follows):
            for after in follows:
                leading[after].append(place)
        distance = [UNREACHABLE] * len(self.reads)
        distance[END] = 0
        waiting = deque([END])
        while waiting:
            after = waiting.popleft()
            for place in leading[after]:
                reads = self.reads[place] >= 0
                if distance[after] + reads < distance[place]:
                    distance[place] = distance[after] + reads
                    if reads:
                        waiting.append(place)
                    else:
                        waiting.appendleft(place)
        return distance
