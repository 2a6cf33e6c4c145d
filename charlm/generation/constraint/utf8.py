"""`Utf8Symbols`: reads a pattern byte by byte, for models whose symbols are bytes.

What the bytes of a character can become is a graph: from its first byte down to what the whole character is. Parts
of it that are the same exist once, so that it is small even for the largest classes.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from charlm.generation.constraint.classes import members
from charlm.generation.constraint.network import END, Network, Places, Run, ToEnd, moved
from charlm.generation.constraint.pattern import Chars
from charlm.generation.constraint.readers import DEAD, Needs

__all__ = ["Characters", "Utf8Symbols"]

# code points of one, two and three bytes, and of all; surrogates have no place in UTF-8
_ENDS = ((0x80, 0x80), (0xE0, 0x800), (0xF0, 0x10000), (0x100, 0x110000))
_SURROGATES = slice(0xD800, 0xE000)
_BLOCK = 64  # characters that differ in their last byte only


class _Node(NamedTuple):
    """Bytes that have come and those that may follow."""

    branches: dict[int, int]  # by byte: the node that follows, or ~kind where a character is complete
    kinds: frozenset[int]  # what it can become


class Characters:
    """The characters that some bytes can write, sorted into kinds: those that belong to the same classes.

    Parameters
    ----------
    classes : sequence of Chars
    values : iterable of int
        The bytes there are.

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
            inside = np.zeros(end, np.intp)
            for start, stop in spans:
                inside[start:stop] = 1
            kind_of = self._split(kind_of, inside, number)
        kind_of[_SURROGATES] = 0
        self.nodes: list[_Node] = []
        self._known: dict[tuple[tuple[int, int], ...], int] = {}
        self.root = self._graph(kind_of)

    def _split(self, kind_of: NDArray[np.intp], inside: NDArray[np.intp], number: int) -> NDArray[np.intp]:
        """Split kinds by whether they are inside a class; kind 0 stays what belongs to none."""
        split = 2 * kind_of + inside
        used = np.bincount(split, minlength=1) > 0
        used[0] = True
        kinds = [self.kinds[k // 2] | ({number} if k % 2 else frozenset()) for k in np.flatnonzero(used).tolist()]
        self.kinds = kinds
        place: NDArray[np.intp] = np.cumsum(used) - 1
        new: NDArray[np.intp] = place[split]
        return new

    def _graph(self, kind_of: NDArray[np.intp]) -> int:
        first: list[tuple[int, int]] = [(c, ~k) for c, k in enumerate(kind_of[:0x80].tolist()) if k]
        lasts: dict[bytes, int] = {}
        blocks = [-1] * (len(kind_of) // _BLOCK)
        for k, block in enumerate(kind_of.reshape(-1, _BLOCK)[2:], 2):
            key = block.tobytes()
            if key not in lasts:
                lasts[key] = self._node((0x80 + i, ~kind) for i, kind in enumerate(block.tolist()) if kind)
            blocks[k] = lasts[key]
        first += [(0xC0 + k, node) for k, node in enumerate(blocks[2:32], 2)]
        # a form that is longer than it need be is none: three bytes start at block 32, four at group 16
        groups = self._groups([-1] * 32 + blocks[32:])
        first += [(0xE0 + k, node) for k, node in enumerate(groups[:16])]
        planes = self._groups([-1] * 16 + groups[16:])
        first += [(0xF0 + k, node) for k, node in enumerate(planes)]
        return self._node(first)

    def _groups(self, nodes: list[int]) -> list[int]:
        """Return the nodes one byte before: each has 64 of these below it."""
        return [self._node(enumerate(nodes[k : k + _BLOCK], 0x80)) for k in range(0, len(nodes), _BLOCK)]

    def _node(self, branches: Iterable[tuple[int, int]]) -> int:
        """Return the node with these branches, as far as there are such bytes; -1 if none is left."""
        kept = tuple((byte, node) for byte, node in branches if node != -1 and byte in self._bytes)
        if not kept:
            return -1
        if kept not in self._known:
            kinds = frozenset().union(*({~n} if n < -1 else self.nodes[n].kinds for _, n in kept))
            self.nodes.append(_Node(dict(kept), kinds))
            self._known[kept] = len(self.nodes) - 1
        return self._known[kept]

    def writable(self) -> list[frozenset[int]]:
        """Return the kinds of which a character can be written."""
        return [self.kinds[k] for k in self.nodes[self.root].kinds] if self.root >= 0 else []

    def known(self) -> set[int]:
        """Return the numbers of the classes of which a character can be written."""
        return set().union(*self.writable())


@lru_cache(maxsize=1)
def _characters(end: int) -> str:
    return "".join(map(chr, range(end)))


class Utf8Symbols:
    """Reads bytes. A state is the places of the pattern and the node of the character under way.

    Parameters
    ----------
    network : Network
    characters : Characters
    symbols : sequence of int or None
        The byte that each symbol (V,) is; None for a special one.
    """

    def __init__(self, network: Network, characters: Characters, symbols: Sequence[int | None]) -> None:
        self._network, self._characters, self._size = network, characters, len(symbols)
        self._id = {byte: k for k, byte in enumerate(symbols) if byte is not None}
        self._to_end = ToEnd(network)
        self.start = (network.reached([network.entry]), characters.root)
        self.over = ((END,), characters.root)
        ways: dict[int | None, list[tuple[int, int]]] = {byte: [] for byte in symbols}
        for node, (branches, _) in enumerate(characters.nodes):
            for byte, after in branches.items():
                ways[byte].append((node, after))
        letter_of: dict[tuple[tuple[int, int], ...], int] = {}
        self.letters = [letter_of.setdefault(tuple(ways[byte]), len(letter_of)) for byte in symbols]
        self._ways = [dict(ways) for ways in letter_of]

    def may_end(self, state: tuple[Places, int]) -> bool:
        """See `Reader`."""
        places, node = state
        return node == self._characters.root and places[:1] == (END,)

    def kind(self, state: tuple[Places, int], left: int) -> Hashable:
        """See `Reader`."""
        places, node = state
        return node, self._to_end.within(places, left)

    def outlook(self, state: tuple[Places, int]) -> tuple[Hashable, int]:
        """See `Reader`."""
        places, node = state
        classes, enough = self._to_end.outlook(places)
        return (node, classes), enough

    def ways(self, state: tuple[Places, int]) -> list[Hashable]:
        """See `Reader`."""
        places, node = state
        classes, _ = self._to_end.outlook(places)
        kinds, afters = self._characters.kinds, [ways.get(node, DEAD) for ways in self._ways]
        return [classes & kinds[~after] if after < 0 else after for after in afters]

    def needs(self, state: tuple[Places, int]) -> Needs:
        """See `Reader`."""
        places, node = state
        needs = np.full(self._size, DEAD, np.int32)
        if node < 0:
            return needs
        near = self._to_end.nearest(places)
        nodes, kinds = self._characters.nodes, self._characters.kinds
        of_kind = {
            kind: min((near[number] for number in kinds[kind] if number in near), default=DEAD)
            for kind in nodes[node].kinds
        }
        for byte, after in nodes[node].branches.items():
            reached = (~after,) if after < 0 else nodes[after].kinds
            needs[self._id[byte]] = min(of_kind[kind] for kind in reached)
        return needs

    def after(self, state: tuple[Places, int], letter: int) -> tuple[Places, int]:
        """See `Reader`."""
        places, node = state
        after, network = self._ways[letter][node], self._network
        if after >= 0:
            return places, after
        classes = self._characters.kinds[~after]
        follows = {network.follows[place][0] for place in places if network.reads[place] in classes}
        return network.reached(follows), self._characters.root

    def run(self, state: tuple[Places, int]) -> tuple[Run | None, int]:
        """See `Reader`."""
        return self._network.run(state[0])

    def moved(self, state: tuple[Places, int], run: Run, copies: int) -> tuple[Places, int]:
        """See `Reader`."""
        places, node = state
        return moved(places, run, copies), node

    def slope(self, run: Run) -> int:
        """See `Reader`."""
        return self._to_end.slope(run)

    def between_characters(self, state: tuple[Places, int]) -> bool:
        """See `Reader`."""
        return state[1] == self._characters.root
