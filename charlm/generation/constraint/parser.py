"""`parse`: the syntax tree of a regular pattern."""

from __future__ import annotations

import regex

from charlm.errors import UsageError
from charlm.generation.constraint.grammar import Grammar, Version1Needed
from charlm.generation.constraint.pattern import Node, without_edges
from charlm.generation.constraint.words import outside

__all__ = ["parse"]

LONGEST = 10_000
"""Characters of a pattern, without alternatives that are literals."""
LONGEST_WORDS = 1_500_000
"""Characters of a pattern with these."""


def parse(text: str) -> Node:
    """Read a pattern.

    Raises
    ------
    UsageError
        If it is no pattern, too large, or not regular.

    Examples
    --------
    >>> parse("ab?")
    Seq(parts=(Chars(atom='a', flags=0), Repeat(body=Chars(atom='b', flags=0), low=0, high=1)))
    """
    if outside(text) > LONGEST or len(text) > LONGEST_WORDS:
        raise _too_long(text)
    grammar = Grammar(text, 0)
    try:
        node = grammar.read()
    except Version1Needed:
        grammar = Grammar(text, regex.VERSION1)
        node = grammar.read()
    if len(text) - grammar.in_words > LONGEST:
        raise _too_long(text)
    return without_edges(node)


def _too_long(text: str) -> UsageError:
    return UsageError(
        f"the pattern has {len(text):,} characters; give at most {LONGEST:,}, alternatives that are literals "
        f"not counted, or {LONGEST_WORDS:,} with them"
    )
