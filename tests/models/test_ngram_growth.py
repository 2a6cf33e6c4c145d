"""Counts that grow, against the dictionaries that count the whole text at every symbol."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charlm import Vocabulary
from charlm.models import ngram_growth
from charlm.models.counts import Counts
from charlm.models.ngram_growth import GrowingNgrams
from tests.models.naive_kneser_ney import Oracle

V, STOP = 4, 3


def check(text: list[int], counted: int, order: int, stop: int | None = None) -> None:
    """Let a model count the first symbols, read the others, and predict each as if it had counted all before it."""
    grams = GrowingNgrams(np.array(text[:counted], np.uint8), V, order=order, stop_id=stop)
    for n in range(counted, len(text) + 1):
        begin = 0 if stop is None else max(k for k in range(n) if text[k] == stop)
        history = tuple(text[max(begin, n + 1 - order) : n])
        oracle, p = Oracle(text[:n], V, order, stop), [grams.probability(x) for x in range(V)]
        assert p == pytest.approx([oracle.p(history, x, order) for x in range(V)], rel=1e-12)
        assert sum(p) == pytest.approx(1, abs=1e-12)
        if n < len(text):
            grams.add_(text[n])


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, V - 2), min_size=10, max_size=50), st.integers(0, 40), st.integers(1, 6))
def test_equals_counting_the_whole_text(text: list[int], read: int, order: int) -> None:
    check(text, max(len(text) - read, order), order)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, STOP), min_size=10, max_size=50), st.integers(0, 40), st.integers(1, 6))
def test_documents_are_counted_by_themselves(text: list[int], read: int, order: int) -> None:
    check([STOP, *text], max(len(text) - read, 2), order, STOP)


def test_a_long_text() -> None:
    rng = np.random.default_rng(0)
    check((rng.integers(0, 3, 300) * rng.integers(0, 2, 300)).tolist(), 200, 5)
    check([STOP, *rng.choice(4, 300, p=[0.5, 0.2, 0.1, 0.2]).tolist()], 200, 5, STOP)


def test_many_new_grams_are_counted_with_the_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ngram_growth, "_MOST_NEW", 10)
    rng = np.random.default_rng(0)
    check(rng.integers(0, 3, 120).tolist(), 20, 4)
    check([STOP, *rng.choice(4, 120).tolist()], 20, 4, STOP)
    monkeypatch.setattr(ngram_growth, "LONGEST_TRAINING", 40)  # the last ones count
    text = rng.integers(0, 3, 90)
    grams = GrowingNgrams(text[:50], V, order=4)
    for x in text[50:].tolist():
        grams.add_(x)
    assert len(grams._text) == 40
    assert len(grams._new) <= 10


def test_documents_may_be_longer_than_all_before() -> None:
    vocabulary = Vocabulary.from_text("ab", stop=True)
    stop = vocabulary.stop_id
    assert stop is not None
    text, size = [stop, 0, stop, 1, 0, stop, 0, 1, 0, 1, 1, 0, 1, 0, 1, stop], len(vocabulary)
    counts = Counts(vocabulary, np.array(text[:6]), order=5)
    assert counts.order < 5
    grams = counts.growing()
    for x in text[6:-1]:
        grams.add_(x)
    oracle = Oracle(text[:-1], size, 5, stop)
    assert [grams.probability(x) for x in range(size)] == pytest.approx(
        [oracle.p((0, 1, 0, 1), x, 5) for x in range(size)], rel=1e-12
    )


def test_counts_grow_in_a_copy() -> None:
    vocabulary = Vocabulary.from_text("abcd")
    counts = Counts(vocabulary, vocabulary.encode("abracadabra".replace("r", "d")), order=3)
    before, _ = counts.logits(np.array([[0]]))
    grams = counts.growing()
    first = [grams.probability(x) for x in range(V)]
    for _ in range(5):
        grams.add_(2)
    assert grams.probability(2) > 2 * first[2]
    np.testing.assert_array_equal(counts.logits(np.array([[0]]))[0], before)
    assert [counts.growing().probability(x) for x in range(V)] == first
