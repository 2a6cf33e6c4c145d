"""`Network`: a pattern as places that follow each other, its counts written out.

A place reads a character of one class and leads to another place, or reads nothing and leads to several
(Thompson's construction, built from the end). Place 0 is the end.

References
----------
.. [1] Thompson (1968), "Regular Expression Search Algorithm".
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from charlm.errors import ConstraintError
from charlm.generation.constraint.pattern import EMPTY, Alt, Assertion, Chars, Node, Repeat, Seq, Words
from charlm.generation.constraint.words import minimal_trie

__all__ = ["BRANCH", "END", "NEVER", "UNREACHABLE", "Network", "Places", "Run", "ToEnd", "moved"]

Places = tuple[int, ...]
"""Places that read, sorted, `END` among them where the text may end: what may come next."""
WIDEST = 1000
"""Places that are followed at once."""
END = 0
BRANCH = -1
"""Stands in place of a class where nothing is read; below it are the numbers of assertions, -2 the first."""
UNREACHABLE = 1 << 29
"""A distance longer than any text."""
NEVER = -UNREACHABLE
"""In place of a distance where nothing follows: less than any text has left."""


class Run(NamedTuple):
    """The copies of a count's body: each has `stride` places and leads to the one before it, from `start` on."""

    start: int
    stride: int
    end: int


FEWEST_COPIES = 3
"""Of a run: in fewer there is nothing to gain."""


class Network:
    """The places of a pattern.

    Parameters
    ----------
    node : Node
    classes : mapping
        The number of each class that the pattern has.

    Attributes
    ----------
    reads : list of int
        The class that each place reads; -1 for none, -2 and below for an assertion.
    assertions : list of Assertion
        Those of the numbers -2, -3, …; to be resolved before the network is followed.
    follows : list of tuple of int
        The places that each place leads to.
    entry : int
        Where a text begins.
    runs : list of Run
        Counts that a text enters once: none is inside another or in a loop.
    """

    def __init__(self, node: Node, classes: Mapping[Chars, int]) -> None:
        self.reads, self.follows = [BRANCH], [()]  # type: list[int], list[Places]
        self.assertions: list[Assertion] = []
        self.runs: list[Run] = []
        self.entry = self._build(node, END, classes, once=True)

    @classmethod
    def bare(cls) -> Network:
        """Return a network of the end alone."""
        return cls(EMPTY, {})

    def add(self, reads: int, *follows: int) -> int:
        """Add a place and return its number."""
        self.reads.append(reads)
        self.follows.append(follows)
        return len(self.reads) - 1

    def _build(self, node: Node, after: int, classes: Mapping[Chars, int], *, once: bool) -> int:
        """Add the places of a pattern that leads to a place; return the first.

        `once` says that it is neither in a run nor in a loop.
        """
        match node:
            case Chars():
                return self.add(classes[node], after)
            case Assertion():
                if node not in self.assertions:
                    self.assertions.append(node)
                return self.add(BRANCH - 1 - self.assertions.index(node), after)
            case Seq(parts):
                for part in reversed(parts):
                    after = self._build(part, after, classes, once=once)
                return after
            case Words():
                return self._build_words(node, after, classes)
            case Alt(branches):
                return self.add(BRANCH, *[self._build(branch, after, classes, once=once) for branch in branches])
            case Repeat(body, low, None):
                loop = after = self.add(BRANCH, after)
                first = self._build(body, loop, classes, once=False)
                self.follows[loop] += (first,)
                if low == 1 and _most_copies(body) < FEWEST_COPIES:  # no run is lost if the loop has the only copy
                    after, low = first, 0
            case Repeat(body, low, int(high)):
                # one way out at each count: a text is then at few places at once
                end, start = after, len(self.reads)
                is_run = once and _is_run(high - low, body)
                for _ in range(high - low):
                    first = self._build(body, after, classes, once=once and not is_run)
                    after = self.add(BRANCH, end, first)
                if is_run:
                    self._note_run(start, high - low)
            case _:
                raise AssertionError(node)
        start = len(self.reads)
        is_run = once and _is_run(low, body)
        for _ in range(low):
            after = self._build(body, after, classes, once=once and not is_run)
        if is_run:
            self._note_run(start, low)
        return after

    def _build_words(self, node: Words, after: int, classes: Mapping[Chars, int]) -> int:
        """Add the places of words, one for each edge of their trie; return the first."""
        number = {character: classes[chars] for character, chars in node.classes().items()}
        first: list[int] = []  # of each state
        for accepts, edges in minimal_trie(node.words):
            ways = [self.add(number[character], first[state]) for character, state in edges]
            ways += [after] if accepts else []
            first.append(ways[0] if len(ways) == 1 else self.add(BRANCH, *ways))
        return first[-1]

    def _note_run(self, start: int, copies: int) -> None:
        end = len(self.reads)
        if end > start:
            self.runs.append(Run(start, (end - start) // copies, end))

    def run(self, places: Places) -> tuple[Run | None, int]:
        """Return the run in which a text is farthest from the end, and the number of the lowest copy there."""
        k = bisect_right(self.runs, places[-1], key=_start) - 1 if places else -1
        if k < 0 or places[-1] >= self.runs[k].end:
            return None, 0
        run = self.runs[k]
        return run, (places[bisect_left(places, run.start)] - run.start) // run.stride

    def reached(self, places: Iterable[int]) -> Places:
        """Return what may come next at any of these places.

        Raises
        ------
        ConstraintError
            If that is too much to be followed.
        """
        reads, follows = self.reads, self.follows
        seen = set(places)
        waiting, reading = list(seen), []
        for place in waiting:  # grows as it goes
            if reads[place] != BRANCH or place == END:
                reading.append(place)
                continue
            for after in follows[place]:
                if after not in seen:
                    seen.add(after)
                    waiting.append(after)
        if len(reading) > WIDEST:
            raise ConstraintError(
                f"the pattern allows more than {WIDEST} continuations at once; nest fewer or smaller counts"
            )
        reading.sort()
        return tuple(reading)

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


def _start(run: Run) -> int:
    return run.start


def _is_run(copies: int, body: Node) -> bool:
    """Return whether to take a count for a run rather than those in it, if there are any."""
    return copies >= max(FEWEST_COPIES, _most_copies(body) // 8)


def _most_copies(node: Node) -> int:
    """Return the highest count in a pattern."""
    match node:
        case Seq(nodes) | Alt(nodes):
            return max(map(_most_copies, nodes), default=0)
        case Repeat(body, low, high):
            return max(low, (high or low) - low, _most_copies(body))
        case _:
            return 0


def moved(places: Places, run: Run, copies: int) -> Places:
    """Return what may come next so many copies of a run farther from the end."""
    by = copies * run.stride
    return tuple([place + by if place >= run.start else place for place in places])


class ToEnd:
    """How far the places of a network are from its end, in characters.

    Parameters
    ----------
    network : Network
    """

    def __init__(self, network: Network) -> None:
        self._reads, self._distance = network.reads, network.distances()
        self._distance[END] = NEVER

    def within(self, places: Places, left: int) -> frozenset[int]:
        """Return the classes of which one may come next with so many characters left, and whether END is here."""
        reads, distance = self._reads, self._distance
        return frozenset([reads[place] for place in places if distance[place] <= left])

    def outlook(self, places: Places) -> tuple[frozenset[int], int]:
        """Return the classes of which one may ever come next, and with how many characters left each may."""
        enough = max(map(self._distance.__getitem__, places), default=NEVER)
        if enough < UNREACHABLE:
            return frozenset(map(self._reads.__getitem__, places)), enough
        reachable = [far for place in places if (far := self._distance[place]) < UNREACHABLE]
        enough = max(reachable, default=NEVER)  # some of a stop string is here
        return self.within(places, enough), enough

    def slope(self, run: Run) -> int:
        """Return how much farther from the end the places of a run are with each copy."""
        return self._distance[run.start + run.stride] - self._distance[run.start]

    def nearest(self, places: Places) -> dict[int, int]:
        """Return, of each class that may come next, the fewest characters up to the end, itself among them."""
        found: dict[int, int] = {}
        for place in places:
            reads = self._reads[place]
            if place != END and self._distance[place] < found.get(reads, UNREACHABLE):
                found[reads] = self._distance[place]
        return found
