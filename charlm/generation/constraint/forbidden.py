"""`without`: a network that follows the same pattern and lets no stop string through.

A place of it is a place of the pattern together with how much of a stop string the text ends in; what would
complete one is left out, and so the distances to the end are right again.

References
----------
.. [1] Aho & Corasick (1975), "Efficient String Matching".
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from charlm.errors import UsageError
from charlm.generation.constraint.network import BRANCH, END, Network
from charlm.generation.constraint.pattern import Chars

__all__ = ["letters_of", "refined", "without"]

MOST_PLACES = 500_000


def letters_of(stops: Iterable[str]) -> list[Chars]:
    """Return a class for each character of the stop strings."""
    characters = sorted(set().union(*stops))
    return [Chars(c if c.isalnum() else "\\" + c, 0) for c in characters]


def refined(classes: frozenset[int], before: int, letters: int) -> frozenset[int]:
    """Return the classes of a character, and for each of the pattern's its rest: what of it is in no stop string.

    Parameters
    ----------
    classes : frozenset of int
        Those of the pattern, numbered below `before`, then those of `letters_of`; rests follow.
    """
    if any(number >= before for number in classes):
        return classes
    return classes | {number + before + letters for number in classes}


def without(
    network: Network, stops: Sequence[str], signatures: Iterable[frozenset[int]], before: int, letters: int
) -> Network:
    """Return a network for the texts that contain no stop string.

    Parameters
    ----------
    network : Network
    stops : sequence of str
    signatures : iterable of frozenset of int
        The classes of each character that can be written.
    before : int
        How many classes the pattern has.
    letters : int
        How many `letters_of` has.

    Raises
    ------
    UsageError
        If it is too large.
    """
    characters = sorted(set().union(*stops))
    letters_in: list[set[int]] = [set() for _ in range(before)]
    rests: set[int] = set()  # the classes that have other characters, too
    for signature in signatures:
        found = {number - before for number in signature if number >= before}
        inside = {number for number in signature if number < before}
        rests |= set() if found else inside
        for number in inside:
            letters_in[number] |= found
    made = Network.bare()
    made.assertions = network.assertions
    numbers: dict[tuple[int, str], int] = {}
    waiting: list[tuple[int, str]] = []

    def place_of(place: int, tail: str) -> int:
        if place == END:
            return END
        if (place, tail) not in numbers:
            numbers[place, tail] = made.add(BRANCH)
            waiting.append((place, tail))
        return numbers[place, tail]

    made.entry = place_of(network.entry, "")
    while waiting:
        place, tail = waiting.pop()
        reads, follows = network.reads[place], network.follows[place]
        branches: list[int] = []
        if reads <= BRANCH:
            made.reads[numbers[place, tail]] = reads
            branches = [place_of(after, tail) for after in follows]
        else:
            (after,) = follows
            if reads in rests:
                branches.append(made.add(reads + before + letters, place_of(after, "")))
            for letter in sorted(letters_in[reads]):
                text = tail + characters[letter]
                if not text.endswith(tuple(stops)):
                    branches.append(made.add(before + letter, place_of(after, _tail(text, stops))))
        made.follows[numbers[place, tail]] = tuple(branches)
        if len(made.reads) > MOST_PLACES:
            raise UsageError("the pattern and the stop strings are too large together; give fewer of them")
    return made


def _tail(text: str, stops: Sequence[str]) -> str:
    """Return the longest end of a text with which a stop string begins."""
    return next(text[k:] for k in range(len(text) + 1) if any(stop.startswith(text[k:]) for stop in stops))
