"""NFAs: the copies of a count equal a pattern that writes them out, and distances are the shortest paths."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charlm.errors import CharlmError
from charlm.generation.constraint.nfa import NFA
from charlm.generation.constraint.parser import parse
from charlm.generation.constraint.product import distances_of
from charlm.generation.constraint.syntax import NOTHING, Node, Repeat, Seq, classes_of, fit
from tests.generation.constraint.languages import PATTERNS


def nfa_of(node: Node) -> NFA:
    return NFA(node, {chars: number for number, chars in enumerate(classes_of(node))})


def body_of(pattern: str) -> Node:
    return fit(parse(pattern), lambda _: True, 1000)[0]


def optional(body: Node, copies: int) -> Node:
    """Write out ``body{0,copies}``."""
    node: Node = Repeat(body, 0, 1)
    for _ in range(copies - 1):
        node = Repeat(Seq((body, node)), 0, 1)
    return node


BODIES = [
    "a",
    "[ab]c",
    "(?:pear|plum|quince) ",
    "a{3}|b*",
    "(?:a{4,9}|bb)c",
    "(?:ab?){5}",
    "(?:a{2,5}b){4}c",
    r"\bab",
]


@pytest.mark.parametrize("pattern", BODIES)
@pytest.mark.parametrize("copies", [2, 3, 7])
def test_the_copies_of_a_count_are_those_of_a_pattern_that_writes_them_out(pattern, copies):
    body = body_of(pattern)
    must = Repeat(body, copies, copies), Seq((body,) * copies)
    may = Repeat(body, 0, copies), optional(body, copies)
    for counted, plain in (must, may):
        made, other = nfa_of(counted), nfa_of(plain)
        assert (made.labels, made.start) == (other.labels, other.start)
        assert [*map(made.after, range(len(made.labels)))] == [*map(other.after, range(len(other.labels)))]
        assert made.distances == other.distances


def test_counters_inside_a_count_are_repeated():
    inner = body_of("a{40}b")
    counted, plain = nfa_of(Repeat(inner, 4, 4)), nfa_of(Seq((inner,) * 4))
    assert len(plain.counters) == 4
    assert counted.counters == plain.counters


@given(PATTERNS, st.integers(0, 9), st.integers(0, 9))
def test_distances_are_the_shortest_paths(pattern, low, more):
    try:
        body = body_of(pattern)
    except CharlmError:
        return
    if body == NOTHING:
        return
    for node in (body, Repeat(body, low, low + more), Repeat(body, low, None)):
        made = nfa_of(node)
        assert made.distances == distances_of(made)


def test_a_higher_count_adds_no_state_one_by_one(monkeypatch):
    added = []
    add = NFA.add
    monkeypatch.setattr(NFA, "add", lambda self, *args: added.append(args) or add(self, *args))
    for count in (40, 4000):
        made = nfa_of(parse(f"(?:ab|c[de]){{{count}}}.{{0,{count}}}"))
        assert len(made.labels) > 6 * count
    assert len(added) < 60
