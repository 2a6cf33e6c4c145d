r"""Reading patterns: the regular ones become trees, the others are named for what they use.

Lazy counts are read as greedy ones, which leaves the texts that match in full the same.
"""

from __future__ import annotations

from typing import NamedTuple

import regex

from charlm.errors import UsageError
from charlm.generation.constraint.grammar import Grammar, Version1Needed
from charlm.generation.constraint.pattern import Node, without_anchors
from charlm.generation.constraint.words import outside

__all__ = ["Parsed", "parse"]

LONGEST = 10_000
"""Characters of a pattern, without alternatives that are literals."""
LONGEST_WORDS = 1_500_000
"""Characters of a pattern with these."""


class Parsed(NamedTuple):
    """A pattern that has been read.

    Parameters
    ----------
    node : Node
        The pattern as a tree, without anchors; where there are constructs, what is left without them.
    constructs : tuple of str
        What makes it other than regular, in words; empty where it is regular.
    greedy : str
        The pattern with its lazy counts made greedy.
    without_words : str
        The same without what looks for the start or end of a word, which depends on a character to come.
    """

    node: Node
    constructs: tuple[str, ...]
    greedy: str
    without_words: str


def parse(text: str) -> Parsed:
    r"""Read a pattern.

    Raises
    ------
    UsageError
        If it is no pattern, too large, or uses what cannot be matched while the text is written.

    Examples
    --------
    >>> parse("ab?").node
    Seq(parts=(Chars(atom='a', flags=0), Repeat(body=Chars(atom='b', flags=0), low=0, high=1)))
    >>> parse(r"(a+)\1").constructs
    ('a backreference',)
    """
    if outside(text) > LONGEST or len(text) > LONGEST_WORDS:
        raise _too_long(text)
    parser = Grammar(text, 0)
    try:
        node = parser.read()
    except Version1Needed:
        parser = Grammar(text, regex.VERSION1)
        node = parser.read()
    if len(text) - (0 if parser.constructs else parser.in_words) > LONGEST:
        raise _too_long(text)
    bare = without_anchors(node)
    if bare is None:
        parser.constructs["an anchor inside the text"] = None
    changes = dict.fromkeys(parser.lazy, "")
    greedy = _changed(text, changes)
    changes |= dict.fromkeys(parser.words, "(?:") | {place + 1: ")" for place in parser.words}
    return Parsed(node if bare is None else bare, tuple(parser.constructs), greedy, _changed(text, changes))


def _changed(text: str, changes: dict[int, str]) -> str:
    """Replace single characters of a text by their places."""
    return "".join(changes.get(k, c) for k, c in enumerate(text)) if changes else text


def _too_long(text: str) -> UsageError:
    return UsageError(
        f"the pattern has {len(text):,} characters; give at most {LONGEST:,}, alternatives that are literals "
        f"not counted, or {LONGEST_WORDS:,} with them"
    )
