"""Counters, against `regex` and against the same DFA without any counter."""

from __future__ import annotations

import random

import pytest
import regex
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from charlm.errors import CharlmError
from charlm.generation.constraint import nfa
from charlm.generation.constraint.compiling import lazy_dfa_of
from charlm.generation.constraint.lazy_dfa import LazyDFA
from charlm.generation.constraint.parser import parse
from charlm.text.vocabulary import Vocabulary
from tests.figures import figure
from tests.generation.constraint.languages import PATTERNS

CHARS = Vocabulary("char", ("\n", "B", "a", "b", "é"))
GRAPHEMES = Vocabulary("grapheme", ("B", "a", "ab", "b", "bbb", "é"))
BYTES = Vocabulary("byte", tuple(sorted(set("aBbé\n".encode()))))


def lazy_dfa(pattern: str, vocabulary: Vocabulary, length: int, stops: tuple[str, ...] = ()) -> LazyDFA:
    return lazy_dfa_of(parse(pattern), vocabulary, length, stops)


def written_out(pattern: str, vocabulary: Vocabulary, length: int) -> LazyDFA:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(nfa, "FEWEST_COPIES", 1_000_000)
        return lazy_dfa(pattern, vocabulary, length)


def compare(made: LazyDFA, plain: LazyDFA, length: int, rng: random.Random) -> None:
    """Follow some texts through both and compare all that is known of each state."""
    for _ in range(3):
        (here, there), left = (a.table.configuration(a.subsets.start) for a in (made, plain)), length
        while True:
            assert here[0].mask.may_end == there[0].mask.may_end
            assert here[0].whole == there[0].whole
            for budget in {0, 1, left // 2, left, left + 7}:
                assert (made.table.mask(here, budget).live == plain.table.mask(there, budget).live).all()
            choices = plain.table.mask(there, left).live[:-1].nonzero()[0].tolist()
            if not choices:
                break
            symbol = rng.choice(choices)
            here, there = made.table.after(here, symbol), plain.table.after(there, symbol)
            left -= here[0].whole


@pytest.mark.parametrize("symbols", [CHARS, BYTES, GRAPHEMES], ids=["char", "byte", "grapheme"])
@settings(max_examples=figure(150, 3000), suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(
    st.lists(st.tuples(PATTERNS, st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=3),
    st.sampled_from(["", "a", "(?:{}){{2,5}}", "(?:{}){{6}}", "(?:{})*", "(?:a|b|{})B"]),
    st.integers(1, 60),
    st.randoms(use_true_random=False),
)
def test_counters_change_nothing(symbols, counts, around, length, rng):
    pattern = "".join(f"(?:{p}){{{low},{low + more}}}" for p, low, more in counts if "(?" not in p[:3])
    pattern = around.format(pattern) if "{" in around else pattern + around
    try:
        plain = written_out(pattern, symbols, length)
    except CharlmError:
        return
    compare(lazy_dfa(pattern, symbols, length), plain, length, rng)


@pytest.mark.parametrize(
    "pattern",
    ["(?:a|bb){9}", "(?:ab{0,5}){6}B?", "(?:a|B{4}){5,9}", "(?:[ab]+B){7,}", "(?:a{14}|[ab]{7}|(?:aa){5}b)B"],
)
@pytest.mark.parametrize("length", range(14, 24))
def test_what_is_left_of_the_length_counts_all_copies(pattern, length):
    rng = random.Random(length)
    compare(lazy_dfa(pattern, CHARS, length), written_out(pattern, CHARS, length), length, rng)


@pytest.mark.parametrize(
    "pattern",
    [
        "[ab]{40}",
        "B{3,9}[aB]{2,7}b",
        ".{5,9} ?[aB]{4,8}b{5}",
        "(?:.{0,6}\n){1,20}",
        "(?:[ab]{9}B){8}",
        "(?:ab?){12}(?:a|bb|B){0,9}",
        "(?:(?:ab|ba|aab)B){10,}",
        "(?:a|B{7})*(?:[Ba]{3,9}b){5}",
        "(?:a.{4,8}|(?:aB){6}b)B",
        "(?:[ab]{3}|B{5,7}){9}",
    ],
)
def test_what_is_live_is_what_regex_takes_for_a_beginning(pattern):
    compiled, rng = regex.compile(pattern), random.Random(pattern)
    made = lazy_dfa(pattern, CHARS, 400)
    for _ in range(figure(20, 200)):
        state, text = made.table.configuration(made.subsets.start), ""
        while len(text) < 90:
            assert state[0].mask.may_end == bool(compiled.fullmatch(text))
            live = made.table.mask(state, 400).live[:-1].nonzero()[0].tolist()
            taken = [k for k, s in enumerate(CHARS.symbols) if compiled.fullmatch(text + str(s), partial=True)]
            assert live == taken
            if not live:
                break
            symbol = rng.choice(live)
            state, text = made.table.after(state, symbol), text + str(CHARS.symbols[symbol])
