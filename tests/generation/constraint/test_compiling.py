from __future__ import annotations

import random
from functools import cache

import pytest
import regex
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from charlm.errors import CharlmError, ConstraintError, UsageError
from charlm.generation.constraint.compiling import lazy_dfa_of
from charlm.generation.constraint.lazy_dfa import LazyDFA
from charlm.generation.constraint.parser import parse
from charlm.text.vocabulary import Vocabulary
from tests.figures import figure
from tests.generation.constraint.languages import ASSERTING, PATTERNS, live_after, matching

CHARS = Vocabulary("char", ("\n", "B", "a", "b", "é"))
GRAPHEMES = Vocabulary("grapheme", ("B", "a", "ab", "a\u0301", "\r\n", "é"))
BYTES = Vocabulary("byte", tuple(sorted(set("aBé日\n".encode()))))
SPECIAL = Vocabulary("char", ("\n", "B", "a", "b", "é", "<unk>", "<stop>"))


def lazy_dfa(pattern: str, vocabulary: Vocabulary, length: int, stops: tuple[str, ...] = ()) -> LazyDFA:
    return lazy_dfa_of(parse(pattern), vocabulary, length, stops)


def live(made: LazyDFA, state: int, left: int) -> set[int]:
    return set(made.table.mask(state, left).live[:-1].nonzero()[0].tolist())


def check_every_text(pattern: str, vocabulary: Vocabulary, length: int, stops: tuple[str, ...] = ()) -> None:
    """Follow all texts of whole symbols and compare what is live with what can still become a match."""
    symbols = [s for s in vocabulary.symbols if s not in ("<unk>", "<stop>")]
    texts = {text for text in matching(pattern, symbols, length) if not any(s in "".join(text) for s in stops)}
    if not texts:
        with pytest.raises(ConstraintError):
            lazy_dfa(pattern, vocabulary, length, stops)
        return
    made = lazy_dfa(pattern, vocabulary, length, stops)
    waiting = [((), made.table.configuration(made.subsets.start))]
    while waiting:
        prefix, state = waiting.pop()
        expected = live_after(texts, prefix)
        assert {vocabulary.symbols[k] for k in live(made, state, length - len(prefix))} == expected
        assert bool(state[0].mask.may_end) == (prefix in texts)
        waiting += [((*prefix, s), made.table.after(state, vocabulary.symbols.index(s))) for s in expected]


class TestLiveness:
    @settings(max_examples=figure(150, 3000), suppress_health_check=[HealthCheck.too_slow])
    @given(PATTERNS, st.integers(0, 4))
    def test_of_characters_is_exact(self, pattern, length):
        check_every_text(pattern, CHARS, length)

    @settings(max_examples=figure(50, 1000), suppress_health_check=[HealthCheck.too_slow])
    @given(PATTERNS, st.integers(0, 4))
    def test_special_symbols_are_dead(self, pattern, length):
        check_every_text(pattern, SPECIAL, length)

    @settings(max_examples=figure(150, 3000), suppress_health_check=[HealthCheck.too_slow])
    @given(PATTERNS, st.integers(0, 3))
    @example("éb", 2)  # there is a b beside an a only
    @example("a*b?", 3)
    def test_of_graphemes_is_exact(self, pattern, length):
        check_every_text(pattern, GRAPHEMES, length)

    @settings(max_examples=figure(150, 3000), suppress_health_check=[HealthCheck.too_slow])
    @given(
        PATTERNS,
        st.integers(0, 3),
        st.lists(st.text("abB\né", min_size=1, max_size=3), min_size=1, max_size=3),
        st.sampled_from([SPECIAL, GRAPHEMES]),
    )
    @example("ab", 2, ["b"], SPECIAL)  # what is left of a class may be nothing
    @example("a*b*a", 3, ["aa", "ab"], SPECIAL)
    def test_what_contains_a_stop_string_is_dead(self, pattern, length, stops, vocabulary):
        check_every_text(pattern, vocabulary, length, tuple(stops))

    @settings(max_examples=figure(150, 3000), suppress_health_check=[HealthCheck.too_slow])
    @given(
        ASSERTING,
        st.integers(0, 3),
        st.sampled_from([(), ("b",), ("a\n", "é")]),
        st.sampled_from([CHARS, SPECIAL, GRAPHEMES]),
    )
    @example(r"(?:a|\b){3}", 3, (), CHARS)  # a round may be a boundary, and then need not hold
    @example("a$\n", 2, (), CHARS)
    @example(r"[ab\n]$(?s:.)|é\b.", 2, ("\n",), GRAPHEMES)
    def test_of_anchors_and_word_boundaries_is_exact(self, pattern, length, stops, vocabulary):
        check_every_text(pattern, vocabulary, length, stops)

    @settings(max_examples=figure(150, 3000), suppress_health_check=[HealthCheck.too_slow])
    @given(st.one_of(PATTERNS, ASSERTING), st.integers(0, 3))
    @example(r"é\b.(?a:\B)日", 3)
    def test_of_bytes_is_exact(self, pattern, length):
        writable = [c for c in map(chr, range(0x3000)) if set(c.encode()) <= set(BYTES.symbols)] + ["日"]
        writable = [c for c in writable if c in "aBé日\n" or random.Random(c).random() < 0.1]
        texts = matching(pattern, sorted({*writable, *"aBé日\n"}), min(length, 2))
        try:
            made = lazy_dfa(pattern, BYTES, length)
        except ConstraintError:
            assert not texts
            return
        for text in texts:  # all of these can be written
            state, left = made.table.configuration(made.subsets.start), length
            for byte in "".join(text).encode():
                assert BYTES.symbols.index(byte) in live(made, state, left)
                state = made.table.after(state, BYTES.symbols.index(byte))
                left -= int(state[0].whole)
            assert state[0].mask.may_end
        rng = random.Random(pattern)
        for _ in range(10):  # and what can be written matches
            state, left, text = made.table.configuration(made.subsets.start), length, b""
            while choices := sorted(live(made, state, left)):
                if state[0].mask.may_end and rng.random() < 0.3:
                    break
                symbol = rng.choice(choices)
                text += bytes([BYTES.symbols[symbol]])
                state = made.table.after(state, symbol)
                left -= int(state[0].whole)
            assert regex.fullmatch(pattern, text.decode())
            assert len(text.decode()) <= length


class TestBytes:
    ALL = Vocabulary("byte", tuple(range(256)))

    @pytest.mark.parametrize(
        "pattern", [".", r"\p{L}", r"[^\p{L}]", r"\d", "(?s:.)", r"[^\x00-\x7f]", "日|本", r"(?i:ß|k)"]
    )
    def test_what_can_be_written_is_the_class_no_more_and_no_less(self, pattern):
        made, compiled = lazy_dfa(pattern, self.ALL, 1), regex.compile(pattern)

        @cache
        def written(state):
            if state[0].mask.may_end:
                return [b""]
            return [bytes([k]) + rest for k in live(made, state, 1) for rest in written(made.table.after(state, k))]

        every = "".join(chr(k) for k in range(0x110000) if not 0xD800 <= k < 0xE000)
        texts = [text.decode() for text in written(made.table.configuration(made.subsets.start))]  # or this raises
        assert sorted(texts) == compiled.findall(every)

    def test_a_stop_string_is_dead(self):
        made = lazy_dfa("[日本é]{3}", self.ALL, 3, ("本é", "日日"))
        texts, waiting = set(), [(b"", made.table.configuration(made.subsets.start), 3)]
        while waiting:
            text, state, left = waiting.pop()
            if state[0].mask.may_end:
                texts.add(text.decode())
            for k in live(made, state, left):
                after = made.table.after(state, k)
                waiting.append((text + bytes([k]), after, left - int(after[0].whole)))
        every = {a + b + c for a in "日本é" for b in "日本é" for c in "日本é"}
        assert texts == {text for text in every if "本é" not in text and "日日" not in text}

    def test_a_character_under_way_counts_once(self):
        made = lazy_dfa("日{2}", self.ALL, 2)
        state, left = made.table.configuration(made.subsets.start), 2
        for byte in "日日".encode():
            assert live(made, state, left) == {byte}
            state = made.table.after(state, byte)
            left -= int(state[0].whole)
        assert left == 0
        assert state[0].mask.may_end


class TestSize:
    def test_a_count_of_a_thousand(self):
        made = lazy_dfa("[ab]{1000}", CHARS, 1000)
        state = made.table.configuration(made.subsets.start)
        for left in range(1000, 0, -1):
            assert live(made, state, left) == {2, 3}
            assert live(made, state, left - 1) == set()
            state = made.table.after(state, 2)
        assert state[0].mask.may_end

    def test_counts_that_the_length_makes_meaningless_cost_nothing(self):
        made = lazy_dfa("(?:a{0,1000000}b){0,1000000}", CHARS, 50)
        state = made.table.configuration(made.subsets.start)
        for symbol in [2, 2, 3, 2, 3]:
            state = made.table.after(state, symbol)
        assert state[0].mask.may_end
        assert len(made.table) < 5

    def test_counts_within_counts_are_few_ways_at_once(self):
        made = lazy_dfa("(?:[ab]{0,60}B){1,40}", CHARS, 2000)
        state = made.table.configuration(made.subsets.start)
        for symbol in [*[2] * 50, 1] * 39:
            state = made.table.after(state, symbol)
            assert len(made.table.subset(state)) <= 4
        assert state[0].mask.may_end
        assert live(made, made.table.after(state, 1), 2000) == set()

    @pytest.mark.parametrize(
        ("pattern", "text", "most"),
        [
            ("[ab]{1000}", [2] * 1000, 4),
            ("[ab]{1,1000}", [2] * 1000, 5),
            ("(?:[ab]{0,9}B){100}", [2, 2, 1] * 100, 32),
            ("(?:ab|ba|aab){200}B", [2, 2, 3, 3, 2] * 100 + [1], 14),
            ("(?:[ab]{1000}B){4}", ([2] * 1000 + [1]) * 4, 18),
        ],
    )
    def test_states_of_a_counter_are_few(self, pattern, text, most):
        made = lazy_dfa(pattern, CHARS, len(text))
        state = made.table.configuration(made.subsets.start)
        for symbol in text:
            state = made.table.after(state, symbol)
        assert state[0].mask.may_end
        assert len(made.table) <= most

    def test_states_without_a_counter_share_masks(self):
        made = lazy_dfa("(?:[ab]{1000}B)*", CHARS, 2002)
        state, masks = made.table.configuration(made.subsets.start), set()
        for _ in range(1000):
            state = made.table.after(state, 2)
            masks.add(state[0].mask)
        assert len(made.table) > 1000
        assert len(masks) == 2

    def test_the_rest_of_a_word_is_built_with_its_first_character(self):
        made = lazy_dfa("(?:abbaBa|baé){9}", CHARS, 60)
        start = made.table.configuration(made.subsets.start)
        before = len(made.table)
        made.table.after(start, 2)
        assert len(made.table) == before + 5  # the state before the next word is that before the first one

    @pytest.mark.parametrize(
        "pattern",
        ["[ab]{500}", "(?:a{1,9}b){50}", ".*a.{6}", "(?:a|bb|é)*B?", "abB(?:aabb|abba|bébé){9,}Ba", "abBé"],
    )
    def test_states_looked_at_ahead_are_those_that_come(self, pattern, monkeypatch):
        def way() -> list[tuple[bool, bytes]]:
            made, rng, found = lazy_dfa(pattern, CHARS, 500), random.Random(3), []
            state, left = made.table.configuration(made.subsets.start), 500
            while choices := sorted(live(made, state, left)):
                found.append((state[0].mask.may_end, made.table.mask(state, left).live.tobytes()))
                state, left = made.table.after(state, rng.choice(choices)), left - 1
            return found

        expected = way()
        monkeypatch.setattr("charlm.generation.constraint.lazy_dfa.MOST_AHEAD", 0)
        assert way() == expected

    def test_a_new_table_begins_when_one_is_full(self, monkeypatch):
        monkeypatch.setattr("charlm.generation.constraint.lazy_dfa.MOST_STATES", 70)
        made = lazy_dfa("(?:[ab]{100}B)*", CHARS, 101)
        old = made.table
        state = old.configuration(made.subsets.start)
        while not old.full:
            state = old.after(state, 2)
        new = made.renewed(old)
        assert new is not old
        assert made.renewed(old) is new
        assert not new.full

    @pytest.mark.parametrize(
        ("pattern", "error", "words"),
        [
            ("(?:(?:(?:a{1000}){1000}){1000})", ConstraintError, "1,000,000,000 characters"),
            ("a{501}", ConstraintError, "501 characters"),
            ("日+", ConstraintError, "no '日'"),
            ("(?:(?:a|b){1,240}a){1,240}", UsageError, "written out"),
            (".*" * 1200, ConstraintError, "continuations at once"),
            (r"\p{nonsense}", UsageError, "nonsense"),
            (r"[b-a]", UsageError, "range"),
        ],
    )
    def test_what_cannot_be_is_refused(self, pattern, error, words):
        with pytest.raises(CharlmError, match=regex.escape(words)) as caught:
            lazy_dfa(pattern, CHARS, 500)
        assert caught.type is error
        assert "\n" not in str(caught.value)

    def test_a_product_too_large_is_refused(self, monkeypatch):
        monkeypatch.setattr("charlm.generation.constraint.product.MOST_STATES", 50)
        lazy_dfa(r"(?:\b[ab]+\n){2}", CHARS, 50)
        for pattern, stops in ((r"(?:\b[ab]+\n){9}", ()), ("[ab]{50}", ("abb", "bab"))):
            with pytest.raises(UsageError, match="too large with its anchors, word boundaries and stop strings"):
                lazy_dfa(pattern, CHARS, 50, stops)
