"""Random regular patterns, and by brute force what may follow in their texts: oracles of the tests."""

from __future__ import annotations

import itertools
import zlib
from collections.abc import Iterable

import regex
from hypothesis import strategies as st

__all__ = ["ASSERTING", "PATTERNS", "live_after", "matching"]

# no flag in part of a pattern that changes a class: `regex` makes one class of such branches, and then \W|(?a:\w)
# matches an é and \P{Ll}|(?i:A) no B
ATOMS = (
    "a", "b", "c", ".", r"\w", r"\W", r"\d", "[ab]", "[^a]", r"[b\n]", "[]a]", r"\p{Lu}", r"\P{Ll}", r"\x62",
    "(?s:.)", r"\n", "é", r"\p{L}", "B", r"[[:alpha:]]", r"\ ", "(?x: a b )",
)  # fmt: skip
COUNTS = ("*", "+", "?", "{2}", "{1,2}", "{0,3}", "{2,}", "{,2}", "*?", "+?", "??", "{1,3}?", "{0}", "{1}")


# (?a:\m) and (?a:\M) are not among them: `regex` takes no note of the flag there
ASSERTIONS = (r"\b", r"\B", r"\m", r"\M", "^", "$", r"\A", r"\Z", "(?m:^)", "(?m:$)", r"(?a:\b)", r"(?a:\B)")


def _larger(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    several = st.lists(inner, min_size=0, max_size=3)
    return st.one_of(
        several.map("".join),
        several.map(lambda branches: f"(?:{'|'.join(branches)})"),
        inner.map(lambda body: f"({body})"),
        inner.map(lambda body: f"(?P<n{zlib.crc32(body.encode())}>{body})"),
        st.builds(lambda body, count: f"(?:{body}){count}", inner, st.sampled_from(COUNTS)),
        st.builds(lambda atom, count: f"{atom}{count}", st.sampled_from(ATOMS), st.sampled_from(COUNTS)),
    )


_FLAGS = st.sampled_from(["", "", "", "(?i)", "(?s)", "(?a)", "(?is)", "(?V1)"])
PATTERNS = st.builds(str.__add__, _FLAGS, st.recursive(st.sampled_from(ATOMS), _larger, max_leaves=8))

ASSERTING = st.builds(
    str.__add__,
    st.sampled_from(["", "", "(?m)", "(?a)", "(?i)"]),
    st.recursive(st.sampled_from((*ATOMS, *ASSERTIONS, *ASSERTIONS)), _larger, max_leaves=8),
)
"""Patterns with anchors and word boundaries anywhere."""


def matching(pattern: str, symbols: Iterable[str], length: int) -> set[tuple[str, ...]]:
    """Return all texts of at most so many symbols that match in full, as `regex` says."""
    compiled = regex.compile(pattern)
    symbols = list(symbols)
    return {
        text
        for n in range(length + 1)
        for text in itertools.product(symbols, repeat=n)
        if compiled.fullmatch("".join(text))
    }


def live_after(texts: set[tuple[str, ...]], prefix: tuple[str, ...]) -> set[str]:
    """Return the symbols with which a text of the set can go on."""
    n = len(prefix)
    return {text[n] for text in texts if len(text) > n and text[:n] == prefix}
