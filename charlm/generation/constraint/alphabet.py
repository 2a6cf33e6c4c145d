"""The alphabet of a pattern: the classes of the pattern that each character of a model belongs to.

For models of bytes, `Characters` is a graph from the first byte of a character to its kind, the set of its classes.
Equal parts of the graph are shared, so it is small even for the largest classes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import pairwise
from reprlib import repr as brief
from typing import NamedTuple

import numpy as np
import regex
from numpy.typing import NDArray

from charlm.errors import UsageError
from charlm.generation.constraint.syntax import Chars

__all__ = ["Characters", "members", "memberships"]


# code points of one, two and three bytes, and of all; UTF-8 has no surrogates
_ENDS = ((0x80, 0x80), (0xE0, 0x800), (0xF0, 0x10000), (0x100, 0x110000))
_SURROGATES = slice(0xD800, 0xE000)
_BLOCK = 64  # characters that differ in their last byte only


def members(chars: Chars, alphabet: str) -> Iterator[tuple[int, int]]:
    r"""Yield the runs of an alphabet that belong to a class, as starts and ends in the alphabet.

    Parameters
    ----------
    chars : Chars
    alphabet : str
        Characters, each once, in any order.

    Raises
    ------
    UsageError
        If `regex` knows no such class.

    Examples
    --------
    >>> list(members(Chars(r"\d"), "a12b3"))
    [(1, 3), (4, 5)]
    """
    if not chars.flags & regex.IGNORECASE and (character := chars.literal):
        place = alphabet.find(character)
        return iter([] if place < 0 else [(place, place + 1)])
    try:
        run = regex.compile(f"(?:{chars.atom})+", chars.flags)
    except (regex.error, ValueError, RecursionError) as error:
        raise UsageError(
            f"the pattern has {brief(chars.atom)}: {error}; see the syntax of the regex package"
        ) from None
    return (match.span() for match in run.finditer(alphabet))


def memberships(classes: list[Chars], alphabet: str) -> dict[str, frozenset[int]]:
    """Return the classes, by number, of each character."""
    belongs: dict[str, set[int]] = {character: set() for character in alphabet}
    for number, chars in enumerate(classes):
        for start, end in members(chars, alphabet):
            for character in alphabet[start:end]:
                belongs[character].add(number)
    return {character: frozenset(numbers) for character, numbers in belongs.items()}


class _Node(NamedTuple):
    """A prefix of the bytes of a character, and the bytes that can follow."""

    branches: dict[int, int]  # by byte: the next node, or ~kind where the character is complete
    kinds: frozenset[int]  # of the characters with this prefix


class Characters:
    """The characters made of some bytes, and their kinds: characters of one kind belong to the same classes.

    Parameters
    ----------
    classes : sequence of Chars
    values : iterable of int
        The bytes of the vocabulary.

    Attributes
    ----------
    kinds : list of frozenset of int
        The numbers of the classes that each kind belongs to.
    nodes : list of _Node
    root : int
        The node before a character's first byte.
    """

    def __init__(self, classes: Sequence[Chars], values: Iterable[int]) -> None:
        self._bytes = frozenset(values)
        end = next(end for top, end in _ENDS if max(self._bytes) < top)
        self.kinds: list[frozenset[int]] = [frozenset()]
        kind_of = np.zeros(end, np.intp)
        for number, chars in enumerate(classes):
            spans = list(members(chars, _characters(end)))
            if [stop - start for start, stop in spans] == [1]:  # one character, of a kind of its own
                self.kinds.append(self.kinds[kind_of[spans[0][0]]] | {number})
                kind_of[spans[0][0]] = len(self.kinds) - 1
                continue
            self._split_(kind_of, spans, number)
        kind_of[_SURROGATES] = 0
        self.nodes: list[_Node] = []
        self._known: dict[tuple[tuple[int, int], ...], int] = {}
        self.root = self._graph(kind_of)

    def _split_(self, kind_of: NDArray[np.intp], spans: Sequence[tuple[int, int]], number: int) -> None:
        """Split kinds by membership of a class, in place; kind 0 belongs to none."""
        counts = np.zeros(len(self.kinds), np.intp)
        for start, stop in spans:
            counts += np.bincount(kind_of[start:stop], minlength=len(counts))
        inside = np.flatnonzero(counts)
        new = np.zeros(len(counts), np.intp)
        new[inside] = len(counts) + np.arange(len(inside))
        self.kinds += [self.kinds[kind] | {number} for kind in inside.tolist()]
        for start, stop in spans:
            kind_of[start:stop] = new[kind_of[start:stop]]

    def _graph(self, kind_of: NDArray[np.intp]) -> int:
        first: list[tuple[int, int]] = [(c, ~k) for c, k in enumerate(kind_of[:0x80].tolist()) if k]
        lasts: dict[bytes, int] = {}
        blocks = [-1] * (len(kind_of) // _BLOCK)
        changes = np.flatnonzero(kind_of[1:] != kind_of[:-1]) + 1
        # a block is like the one before it unless the kind changes in either
        different = {k for k in np.add.outer(changes // _BLOCK, (0, 1)).ravel().tolist() if 2 < k < len(blocks)}
        for k, end in pairwise([2, *sorted(different), len(blocks)]):
            block = kind_of[k * _BLOCK : (k + 1) * _BLOCK]
            key = block.tobytes()
            if key not in lasts:
                lasts[key] = self._node((0x80 + i, ~kind) for i, kind in enumerate(block.tolist()) if kind)
            blocks[k:end] = [lasts[key]] * (end - k)
        first += [(0xC0 + k, node) for k, node in enumerate(blocks[2:32], 2)]
        # overlong forms are invalid: three bytes start at block 32, four at group 16
        groups = self._groups([-1] * 32 + blocks[32:])
        first += [(0xE0 + k, node) for k, node in enumerate(groups[:16])]
        planes = self._groups([-1] * 16 + groups[16:])
        first += [(0xF0 + k, node) for k, node in enumerate(planes)]
        return self._node(first)

    def _groups(self, nodes: list[int]) -> list[int]:
        """Return the nodes of the byte before; each has 64 of these as branches."""
        groups = [tuple(nodes[k : k + _BLOCK]) for k in range(0, len(nodes), _BLOCK)]
        made = {group: self._node(enumerate(group, 0x80)) for group in dict.fromkeys(groups)}
        return [made[group] for group in groups]

    def _node(self, branches: Iterable[tuple[int, int]]) -> int:
        """Return the node with those of these branches whose bytes are in the vocabulary; -1 if there is none."""
        kept = tuple((byte, node) for byte, node in branches if node != -1 and byte in self._bytes)
        if not kept:
            return -1
        if kept not in self._known:
            kinds = frozenset().union(*({~n} if n < -1 else self.nodes[n].kinds for _, n in kept))
            self.nodes.append(_Node(dict(kept), kinds))
            self._known[kept] = len(self.nodes) - 1
        return self._known[kept]

    def writable(self) -> list[frozenset[int]]:
        """Return the kinds of all characters."""
        return [self.kinds[k] for k in self.nodes[self.root].kinds] if self.root >= 0 else []

    def known(self) -> set[int]:
        """Return the numbers of the classes that have a character."""
        return set().union(*self.writable())


@lru_cache(maxsize=1)
def _characters(end: int) -> str:
    return "".join(map(chr, range(end)))
