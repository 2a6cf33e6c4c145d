"""The syntax tree of a regular pattern, and `fit`, which adapts it to a model and a length.

A pattern is a tree of `Chars`, `WordSet`, `Seq`, `Alt`, `Repeat` and `Assertion`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

__all__ = [
    "EMPTY",
    "NOTHING",
    "Alt",
    "Assertion",
    "Chars",
    "Node",
    "Repeat",
    "Seq",
    "WordSet",
    "assertions_of",
    "classes_of",
    "fit",
    "literal",
    "size",
    "without_edges",
    "words_of",
]


@dataclass(frozen=True, slots=True)
class Chars:
    """One character of a class: `atom` as `regex` reads it under `flags`."""

    atom: str
    flags: int = 0

    @property
    def literal(self) -> str:
        """Its character, if the class is a single literal; else empty."""
        character = self.atom.removeprefix("\\")
        is_literal = len(character) == 1 and character.isalnum() != self.atom.startswith("\\")
        return character if is_literal else ""


@dataclass(frozen=True, slots=True)
class WordSet:
    """An alternation of literals: sorted, each once, none empty."""

    words: tuple[str, ...]
    flags: int = 0

    def classes(self) -> dict[str, Chars]:
        """Return the class of each character."""
        return {character: literal(character, self.flags) for character in sorted(set("".join(self.words)))}


@dataclass(frozen=True, slots=True)
class Seq:
    """A concatenation."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Alt:
    """An alternation."""

    branches: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Repeat:
    """A body `low` to `high` times; None is unbounded."""

    body: Node
    low: int
    high: int | None


@dataclass(frozen=True, slots=True)
class Assertion:
    r"""An anchor or a word boundary, which reads nothing.

    `kind` is one of ``^ $ Z b B m M``. ``^`` is the start of the text, under `regex.MULTILINE` of a line; ``$`` is
    the end of the text or of its last line, under `regex.MULTILINE` of any line; ``Z`` is the end of the text. The
    others are the escapes of `regex`: a word boundary or none, a word's start and end, of ASCII words under
    `regex.ASCII`.
    """

    kind: str
    flags: int = 0


Node: TypeAlias = Chars | WordSet | Seq | Alt | Repeat | Assertion
EMPTY = Seq(())
"""Matches the empty text."""
NOTHING = Alt(())
"""Matches no text."""


def literal(character: str, flags: int = 0) -> Chars:
    """Return the class of one character."""
    return Chars(character if character.isalnum() else "\\" + character, flags)


def without_edges(node: Node, at_start: bool = True, at_end: bool = True) -> Node:
    """Return a pattern without the anchors that always hold, at the edges of the text."""
    match node:
        case Assertion(kind):
            return EMPTY if (kind == "^" and at_start) or (kind in ("$", "Z") and at_end) else node
        case Seq(parts):
            wide = [k for k, part in enumerate(parts) if not _is_anchor(part)] or [0]
            return Seq(
                tuple(
                    without_edges(part, at_start and k <= wide[0], at_end and k >= wide[-1])
                    for k, part in enumerate(parts)
                )
            )
        case Alt(branches):
            return Alt(tuple(without_edges(branch, at_start, at_end) for branch in branches))
        case Repeat(body, low, high):
            once = high == 1
            return Repeat(without_edges(body, at_start and once, at_end and once), low, high)
        case _:
            return node


def _is_anchor(node: Node) -> bool:
    return isinstance(node, Assertion) and node.kind in ("^", "$", "Z")


def assertions_of(node: Node) -> list[Assertion]:
    """Return the assertions of a pattern, each once."""
    match node:
        case Assertion():
            return [node]
        case Seq(nodes) | Alt(nodes):
            return list(dict.fromkeys(one for part in nodes for one in assertions_of(part)))
        case Repeat(body):
            return assertions_of(body)
        case _:
            return []


def classes_of(node: Node) -> list[Chars]:
    """Return the classes of a pattern, each once, in their order."""
    found: dict[Chars, None] = {}
    waiting = [node]
    while waiting:
        match waiting.pop():
            case Chars() as chars:
                found[chars] = None
            case WordSet() as words:
                found |= dict.fromkeys(words.classes().values())
            case Seq(nodes) | Alt(nodes):
                waiting.extend(reversed(nodes))
            case Repeat(body):
                waiting.append(body)
    return list(found)


def size(node: Node) -> int:
    """Return the number of characters of a pattern with its counts written out; `WordSet` count as one."""
    match node:
        case Seq(nodes) | Alt(nodes):
            return sum(map(size, nodes))
        case Repeat(body, low, high):
            return size(body) * max(high or low, 1)
        case _:
            return 1


def words_of(node: Node, times: int = 1) -> Iterator[tuple[WordSet, int]]:
    """Yield each `WordSet` of a pattern, and its copies when counts are written out."""
    match node:
        case Seq(nodes) | Alt(nodes):
            for part in nodes:
                yield from words_of(part, times)
        case Repeat(body, low, high):
            yield from words_of(body, times * max(high or low, 1))
        case WordSet():
            yield node, times


def fit(node: Node, known: Callable[[Chars], bool], longest: float) -> tuple[Node, float]:
    """Remove the parts of a pattern that no text of known characters and at most this length can contain.

    The matching texts of known characters within the length stay the same. Upper counts beyond the length become
    unbounded.

    Parameters
    ----------
    node : Node
    known : callable
        Whether a class has a character of the model.
    longest : float
        In code points.

    Returns
    -------
    node : Node
        `NOTHING` if there is no such text.
    shortest : float
        Code points of the shortest text; infinite if there is none.
    """
    match node:
        case Chars():
            fitted: tuple[Node, float] = (node, 1) if known(node) else (NOTHING, math.inf)
        case WordSet():
            fitted = _fit_words(node, known, longest)
        case Seq(parts):
            pairs = [fit(part, known, longest) for part in parts]
            fitted = Seq(tuple(part for part, _ in pairs)), sum(least for _, least in pairs)
        case Alt(branches):
            live = [pair for pair in (fit(branch, known, longest) for branch in branches) if pair[0] != NOTHING]
            fitted = Alt(tuple(branch for branch, _ in live)), min((least for _, least in live), default=math.inf)
        case Assertion():
            fitted = node, 0
        case Repeat(body, low, high):
            fitted = _fit_repeat(*fit(body, known, longest), low, high, longest)
        case _:
            raise AssertionError(node)
    return fitted if fitted[1] <= longest else (NOTHING, math.inf)


def _fit_words(node: WordSet, known: Callable[[Chars], bool], longest: float) -> tuple[Node, float]:
    characters = {character for character, chars in node.classes().items() if known(chars)}
    words = tuple(word for word in node.words if len(word) <= longest and characters.issuperset(word))
    return (WordSet(words, node.flags), min(map(len, words))) if words else (NOTHING, math.inf)


def _fit_repeat(body: Node, least: float, low: int, high: int | None, longest: float) -> tuple[Node, float]:
    if body == NOTHING or high == 0:
        return (NOTHING, math.inf) if low else (EMPTY, 0)
    if least == 0 and not assertions_of(body):
        low = 0  # repetitions of the empty text count
    # a non-empty repetition has at least one character; if one more than `high` is too long, `high` has no effect
    if high is not None and (high + 1) * max(least, 1) > longest:
        high = None
    return Repeat(body, low, high), low * least
