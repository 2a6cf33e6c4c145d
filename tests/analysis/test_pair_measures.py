"""Measures of pairs against plain definitions of them."""

from __future__ import annotations

import functools
import math
import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charlm.analysis import pair_measures
from charlm.analysis.pair_measures import TagMeasures, confusions, edit_distances, measure_pairs, measure_tags
from charlm.errors import UsageError

WORDS = st.text("abé\U0001f600\x00", max_size=9)


def distance(a: str, b: str) -> int:
    """Return the edit distance by its recursive definition."""

    @functools.cache
    def of(i: int, j: int) -> int:
        if not i or not j:
            return i + j
        return min(of(i - 1, j - 1) + (a[i - 1] != b[j - 1]), of(i - 1, j) + 1, of(i, j - 1) + 1)

    return of(len(a), len(b))


class TestEditDistances:
    @given(st.lists(st.tuples(WORDS, WORDS), max_size=8))
    @settings(deadline=None)
    def test_definition(self, words):
        outputs, targets = [a for a, _ in words], [b for _, b in words]
        assert edit_distances(outputs, targets).tolist() == [distance(a, b) for a, b in words]

    def test_small_tables_give_the_same(self, monkeypatch):
        rng = random.Random(0)
        words = ["".join(rng.choices("abc", k=rng.randrange(30))) for _ in range(60)]
        whole = edit_distances(words, words[::-1])
        assert whole.tolist() == [distance(a, b) for a, b in zip(words, words[::-1], strict=True)]
        monkeypatch.setattr(pair_measures, "_CELLS", 5)
        assert np.array_equal(edit_distances(words, words[::-1]), whole)

    def test_a_lone_surrogate_is_a_character(self):
        assert edit_distances(["a\ud800"], ["a"]).tolist() == [1]


class TestText:
    def test_measures(self):
        found = measure_pairs(["abc", "ax", ""], ["abc", "abx", "yz"], "text")
        assert (found.pairs, found.exact, found.accuracy) == (3, 1 / 3, None)
        assert found.character_error_rate == (0 + 1 + 2) / 8
        assert found.confusions == {}

    def test_empty_targets_have_no_rate(self):
        assert math.isnan(measure_pairs(["a"], [""], "text").character_error_rate or 0)


class TestLabels:
    def test_measures(self):
        found = measure_pairs(["en", "fr", "fr", "en"], ["en", "en", "fr", "fr"], "label")
        assert (found.exact, found.accuracy, found.character_error_rate) == (0.5, 0.5, None)
        assert found.confusions == {"en": {"en": 1, "fr": 1}, "fr": {"en": 1, "fr": 1}}


class TestTags:
    def test_by_hand(self):
        found = measure_pairs(["BIO", "BB"], ["BIO", "BI"], "tags")
        assert (found.exact, found.accuracy) == (0.5, 0.8)
        assert found.tags == {
            "B": TagMeasures(2 / 3, 1.0, 0.8, 2),
            "I": TagMeasures(1.0, 0.5, 2 / 3, 2),
            "O": TagMeasures(1.0, 1.0, 1.0, 1),
        }

    @given(st.lists(st.tuples(st.sampled_from("BIO"), st.sampled_from("BIOX")), min_size=1))
    def test_definition(self, symbols):
        outputs, targets = "".join(a for a, _ in symbols), "".join(b for _, b in symbols)
        for tag, found in measure_tags(confusions(outputs, targets)).items():
            right = sum(a == b == tag for a, b in symbols)
            given, there = outputs.count(tag), targets.count(tag)
            assert found.count == there
            assert found.precision == (right / given if given else pytest.approx(math.nan, nan_ok=True))
            assert found.recall == (right / there if there else pytest.approx(math.nan, nan_ok=True))
            if right:
                harmonic = 2 / (1 / found.precision + 1 / found.recall)
                assert found.f1 == pytest.approx(harmonic)
            else:
                assert found.f1 == 0

    def test_other_numbers_of_tags_are_refused(self):
        with pytest.raises(UsageError, match="not as many tags"):
            measure_pairs(["BI"], ["B"], "tags")


@pytest.mark.parametrize(("outputs", "targets"), [([], []), (["a"], ["a", "b"])])
def test_nothing_to_compare(outputs, targets):
    with pytest.raises(UsageError, match="give as many, at least one"):
        measure_pairs(outputs, targets, "text")
