"""Alternatives that are literals: as many as one likes, each written exactly as it stands."""

from __future__ import annotations

import random

import numpy as np
import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st

from charlm.config import ModelConfig, SampleConfig
from charlm.errors import ConstraintError, UsageError
from charlm.generation import Sampler, sample_many
from charlm.generation.constraint.compiling import lazy_dfa_of
from charlm.generation.constraint.parser import LONGEST, parse
from charlm.generation.constraint.syntax import Alt, Seq, WordSet
from charlm.generation.constraint.trie import MOST_EDGES, TrieState, alternation_of, minimal_trie, shortened
from charlm.models.language_model import CharModel
from charlm.text.vocabulary import Vocabulary

LETTERS = "abcdefghijklmnopqrstuvwxyz"
ODD = "aé.+*?()[]{}|\\^$-#@ :_\t\u0301"
WORDS = st.sets(st.text(ODD, min_size=1, max_size=4), min_size=2, max_size=12).map(sorted).map(tuple)


def many(count: int, seed: int = 0) -> tuple[str, ...]:
    rng = random.Random(seed)
    return tuple(sorted({"".join(rng.choices(LETTERS, k=rng.randint(3, 9))) for _ in range(count)}))


def accepted(states: tuple[TrieState, ...]) -> list[frozenset[str]]:
    """Return the language of each state."""
    languages: list[frozenset[str]] = []
    for accepts, edges in states:
        longer = {character + word for character, state in edges for word in languages[state]}
        languages.append(frozenset(longer | ({""} if accepts else set())))
    return languages


@given(st.sets(st.text("abc", min_size=1, max_size=5), min_size=1).map(sorted).map(tuple))
def test_the_trie_accepts_the_words_and_has_no_two_states_that_are_equal(words: tuple[str, ...]) -> None:
    languages = accepted(minimal_trie(words))
    assert languages[-1] == set(words)
    assert len(set(languages)) == len(languages)


@given(WORDS)
def test_what_is_accepted_is_the_words_as_they_stand(words: tuple[str, ...]) -> None:
    pattern = alternation_of(words)
    assert parse(pattern) == WordSet(words)
    assert all(regex.fullmatch(pattern, word) for word in words)
    vocabulary = Vocabulary.from_text(ODD)
    made, found = lazy_dfa_of(parse(pattern), vocabulary, 4), set()
    waiting = [("", made.table.configuration(made.subsets.start))]
    while waiting:
        text, state = waiting.pop()
        if state[0].mask.may_end:
            found.add(text)
        live = made.table.mask(state, 4 - len(text)).live[:-1].nonzero()[0].tolist()
        waiting += [(text + str(vocabulary.symbols[k]), made.table.after(state, k)) for k in live]
    assert found == set(words)


@pytest.mark.parametrize(
    ("pattern", "kinds"),
    [
        ("pear|plum", WordSet),
        ("(?:pear|plum)", WordSet),
        ("(?x)(?: pear | plum )", Alt),
        ("pear|pl.m", Alt),
        ("pear|plum+", Alt),
        ("pear|", Alt),
        (r"pear|\d", Alt),
        ("pear", Seq),
    ],
)
def test_only_literals_are_words(pattern: str, kinds: type) -> None:
    node = parse(pattern)
    assert isinstance(node, kinds)
    made = lazy_dfa_of(node, Vocabulary.from_text("pearlum 1"), 9)
    assert made.table.configuration(made.subsets.start)[0].mask.may_end == bool(regex.fullmatch(pattern, ""))


@pytest.mark.parametrize(
    "pattern", ["(?i)(pear|plum)", "(?i:pear|plum)x", "(pear|plum)(?:a|b)+", "(?x)(a|b c|d#|e\n)"]
)
@pytest.mark.parametrize("unit", ["char", "byte", "grapheme"])
def test_texts_match(pattern: str, unit: str) -> None:
    vocabulary = Vocabulary.from_text("pearlumPEARLUMxbcde \r\na\u0301", unit=unit)  # type: ignore[arg-type]
    model = CharModel(ModelConfig(hidden_size=4), vocabulary, seed=0)
    texts = {one.read() for one in sample_many(model, SampleConfig(regex=pattern, length=9), seeds=range(40))}
    assert len(texts) > 1
    assert all(regex.fullmatch(pattern, text) for text in texts)


@pytest.mark.parametrize("unit", ["char", "byte", "grapheme"])
def test_ten_thousand_words(unit: str) -> None:
    words = many(10_000)
    pattern = f"({alternation_of(words)} )+"
    assert len(pattern) > 60_000
    vocabulary = Vocabulary.from_text(LETTERS + " \r\na\u0301", unit=unit)  # type: ignore[arg-type]
    model = CharModel(ModelConfig(hidden_size=4), vocabulary, seed=0)
    config = SampleConfig(regex=pattern, length=80, stop=("zz",))
    for one in sample_many(model, config, seeds=range(20)):
        text = one.read()
        assert text.endswith(" ")
        assert set(text[:-1].split(" ")) <= set(words)
        assert "zz" not in text


def test_a_loop_of_words_is_there_once() -> None:
    words = many(300)
    edges = sum(len(state.edges) for state in minimal_trie(words))
    vocabulary = Vocabulary.from_text(LETTERS + " ")
    for count in ("+", "*"):
        subsets = lazy_dfa_of(parse(f"(?:{alternation_of(words)} ){count}"), vocabulary, 50).subsets
        assert len(subsets._nfa.labels) < 2 * edges  # type: ignore[attr-defined]


def test_words_that_cannot_be_written_are_left_out() -> None:
    model = CharModel(ModelConfig(hidden_size=4), Vocabulary.from_text("pear plum"), seed=0)

    def texts(pattern: str, length: int) -> set[str]:
        return {
            one.read() for one in sample_many(model, SampleConfig(regex=pattern, length=length), seeds=range(20))
        }

    assert texts("pear|plüm|plumplum|lump", 4) == {"pear", "lump"}
    with pytest.raises(ConstraintError, match="it has no 'b' and no 'f'"):
        texts("beef|fib", 9)
    with pytest.raises(ConstraintError, match="has 4 characters; raise `length`"):
        texts("pear|plum", 3)


@pytest.mark.parametrize(
    "pattern",
    [
        "a" * (LONGEST + 1),
        "a.|" * LONGEST,
        f"({'|'.join(many(2000))}|.)",
        "[" + "(a|b|" * LONGEST + ")]",
        "(?x)(" + "a b|" * LONGEST + "c)",
    ],
    ids=lambda pattern: pattern[:9],
)
def test_other_patterns_are_no_longer_than_before(pattern: str) -> None:
    with pytest.raises(UsageError, match=r"^the pattern has [\d,]+ characters; give at most 10,000, "):
        parse(pattern)


def test_too_many_words_are_refused() -> None:
    vocabulary = Vocabulary.from_text(LETTERS)
    with pytest.raises(UsageError, match=f"over {MOST_EDGES:,} edges; give fewer words"):
        lazy_dfa_of(parse("|".join(many(100_000))), vocabulary, 9)
    with pytest.raises(UsageError, match=f"over {MOST_EDGES:,} edges, its counts written out; give fewer words"):
        lazy_dfa_of(parse(f"(?:{'|'.join(many(2000))}){{1,400}}"), vocabulary, 9000)


def test_a_choice_is_written_with_the_probabilities_that_it_had_as_an_alternation() -> None:
    model = CharModel(ModelConfig(hidden_size=4), Vocabulary.from_text("pearlum"), seed=3)

    def texts(pattern: str) -> list[str]:
        rng = np.random.default_rng(5)
        return ["".join(Sampler(model, SampleConfig(regex=pattern, length=9), rng=rng).stream()) for _ in range(50)]

    assert texts("(pear|plum|rum|lamp)+") == texts("((?:pear)|(?:plum)|(?:rum)|(?:lamp))+")  # four trees


def test_long_ones_are_shown_short() -> None:
    assert shortened(f"x({alternation_of('abcdefg')}|a|b).") == "x((?:a|b|… 5 more)|a|b)."
    assert shortened("(a|b|c|d|e|f+)") == "(a|b|c|d|e|f+)"
