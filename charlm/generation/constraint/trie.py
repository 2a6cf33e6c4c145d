r"""Alternations of literals, ``apple|pear|plum``, as one minimal automaton.

References
----------
.. [1] Daciuk, Mihov, Watson & Watson (2000), "Incremental Construction of Minimal Acyclic Finite-State Automata",
   Computational Linguistics 26(1), algorithm 1.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import takewhile
from typing import NamedTuple

from charlm.errors import UsageError

__all__ = [
    "FILE",
    "MOST_EDGES",
    "Alternation",
    "TrieState",
    "alternation_at",
    "alternation_of",
    "minimal_trie",
    "outside",
    "shortened",
]

FILE = "file:"
"""The prefix of a list's name, behind an @."""
MOST_EDGES = 150_000
"""Most edges of a trie; a dictionary of 100,000 English words has some 120,000."""


def _alternation(literal: str) -> re.Pattern[str]:
    """Return the syntax of at least two alternatives that are literals, up to the end of their group."""
    literals = rf"(?:{literal}|\\\W)++"
    return re.compile(rf"{literals}(?:\|{literals})++(?=\)|\Z)")


_ALTERNATION = _alternation(r"[^\\.^$*+?{}\[\]|()@]")
_VERBOSE = _alternation(r"[^\\.^$*+?{}\[\]|()@\s#]")  # under (?x) blanks and comments are skipped
_SETS_VERBOSE = re.compile(r"\(\?[a-zA-Z01-]*x")
_LITERALS = re.compile(r"(?:\\.|[^\\|])+", re.DOTALL)
_FEW = 5  # words that are shown
_STARTS = re.compile(r"\A|\\.|\((?:\?:)?", re.DOTALL)  # of groups, and past escapes


class Alternation(NamedTuple):
    """The literals of an alternation, sorted, each once, and the offset where their group ends."""

    words: tuple[str, ...]
    end: int


def alternation_at(pattern: str, place: int, *, verbose: bool) -> Alternation | None:
    r"""Read a group's alternatives if all are literals.

    Examples
    --------
    >>> alternation_at(r"(pear|a\.b|pear)", 1, verbose=False)
    Alternation(words=('a.b', 'pear'), end=15)
    >>> alternation_at("(pear|a.b)", 1, verbose=False)
    """
    found = (_VERBOSE if verbose else _ALTERNATION).match(pattern, place)
    if found is None:
        return None
    words = {re.sub(r"\\(.)", r"\1", word, flags=re.DOTALL) for word in _LITERALS.findall(found[0])}
    return Alternation(tuple(sorted(words)), found.end())


def alternation_of(words: Iterable[str]) -> str:
    r"""Return the pattern of some words.

    Examples
    --------
    >>> alternation_of(["a.b", "pear"])
    '(?:a\\.b|pear)'
    """
    literals = (re.sub(r"(\W)", r"\\\1", word) for word in words)
    return f"(?:{'|'.join(literals)})"


def _alternations(pattern: str, syntax: re.Pattern[str]) -> Iterator[re.Match[str]]:
    """Find the groups of a pattern whose alternatives are all literals."""
    place = 0
    for start in _STARTS.finditer(pattern):
        if start.start() >= place and "\\" not in start[0] and (found := syntax.match(pattern, start.end())):
            yield found
            place = found.end()


def outside(pattern: str) -> int:
    """Return the number of characters of a pattern outside alternations of literals."""
    syntax = _VERBOSE if _SETS_VERBOSE.search(pattern) else _ALTERNATION
    return len(pattern) - sum(len(found[0]) for found in _alternations(pattern, syntax))


def shortened(pattern: str) -> str:
    r"""Return a pattern for display, with two words of each long alternation and the number of the others.

    Examples
    --------
    >>> shortened(r"(\(a|b|c|d|e|f)+")
    '(\\(a|b|… 4 more)+'
    """
    shown, place = "", 0
    for found in _alternations(pattern, _ALTERNATION):
        words = _LITERALS.findall(found[0])
        if len(words) > _FEW:
            shown += f"{pattern[place : found.start()]}{words[0]}|{words[1]}|… {len(words) - 2:,} more"
            place = found.end()
    return shown + pattern[place:]


class TrieState(NamedTuple):
    """A state of an acyclic automaton.

    Parameters
    ----------
    accepts : bool
        Whether a word ends here.
    edges : tuple of (str, int)
        The next characters, and the state that each leads to.
    """

    accepts: bool
    edges: tuple[tuple[str, int], ...]


@lru_cache(maxsize=4)
def minimal_trie(words: tuple[str, ...]) -> tuple[TrieState, ...]:
    """Build the minimal automaton that accepts some words: a trie whose equal suffixes are shared [1]_.

    Parameters
    ----------
    words : tuple of str
        Sorted, each once, at least one.

    Returns
    -------
    tuple of TrieState
        Each after its successors; the start is the last.

    Raises
    ------
    UsageError
        If it has more than `MOST_EDGES` edges.

    Examples
    --------
    >>> [state.edges for state in minimal_trie(("pear", "tear"))]
    [(), (('r', 0),), (('a', 1),), (('e', 2),), (('p', 3), ('t', 3))]
    """
    states: list[TrieState] = []
    register: dict[TrieState, int] = {}
    # of the states along the last word, which may still get edges
    accepts: list[bool] = [False]
    edges: list[list[tuple[str, int]]] = [[]]
    count = 0

    def close() -> int:
        """Complete the state at the end of the path; return its number, or that of an equal state."""
        nonlocal count
        state = TrieState(accepts.pop(), tuple(edges.pop()))
        if state not in register:
            register[state] = len(states)
            states.append(state)
            count += len(state.edges)
            if count > MOST_EDGES:
                raise UsageError(
                    f"the words of the pattern make a trie of over {MOST_EDGES:,} edges; give fewer words"
                )
        return register[state]

    last = ""
    for word in (*words, ""):
        common = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(last, word, strict=False)))
        while len(edges) > common + 1:
            number = close()
            edges[-1].append((last[len(edges) - 1], number))
        for _ in word[common:]:
            accepts.append(False)
            edges.append([])
        accepts[-1] |= bool(word)
        last = word
    close()
    return tuple(states)
