from __future__ import annotations

import math

import numpy as np
import pytest

from charlm.analysis import ngram
from charlm.analysis.ngram import baseline


def test_a_source_of_known_entropy() -> None:
    # after a symbol comes one of two, 0.75 and 0.25: an order of 2 knows all there is to know
    rng = np.random.default_rng(3)
    steps = rng.choice([1, 2], 60_000, p=[0.75, 0.25])
    ids = np.cumsum(steps) % 5
    entropy = -(0.75 * math.log(0.75) + 0.25 * math.log(0.25))
    found = baseline(ids[:50_000], ids[50_000:], 5)
    assert found is not None
    assert found.order == 2
    assert found.nats == pytest.approx(entropy, abs=0.01)
    assert found.uniform_nats == pytest.approx(math.log(5))
    assert (found.trained_on, found.tested_on, found.whole) == (50_000, 9_999, True)


def test_the_order_is_chosen_without_the_tested_text() -> None:
    rng = np.random.default_rng(4)
    noise = rng.integers(0, 8, 4000)
    period = np.tile(rng.integers(0, 8, 40), 100)
    for test in (noise, period):
        found = baseline(noise, test, 8)
        assert found is not None
        assert found.order <= 2
    learnt = baseline(period, noise, 8)
    assert learnt is not None
    assert learnt.order > 2


def test_long_texts_are_cut_and_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ngram, "LONGEST_TRAINING", 300)
    monkeypatch.setattr(ngram, "LONGEST_TEST", 50)
    rng = np.random.default_rng(5)
    train, test = rng.integers(0, 3, 1000), rng.integers(0, 3, 500)
    found = baseline(train, test, 3, skip=10)
    assert found is not None
    assert (found.trained_on, found.tested_on, found.whole) == (300, 50, False)
    assert found.nats == baseline(train[-300:], test[:60], 3, skip=10).nats  # type: ignore[union-attr]


@pytest.mark.parametrize(("train", "test"), [([], [1, 2]), ([1, 2], []), ([1, 2], [1])])
def test_nothing_to_learn_or_to_predict(train: list[int], test: list[int]) -> None:
    assert baseline(np.array(train, np.uint8), np.array(test, np.uint8), 3) is None


def test_the_smallest_texts() -> None:
    found = baseline(np.array([0], np.uint8), np.array([0, 1], np.uint8), 2)
    assert found is not None
    assert found.order == 1
    assert 0 < found.nats < math.inf


def test_large_vocabularies_do_not_overflow() -> None:
    size = 1_114_112
    ids = np.random.default_rng(6).integers(size - 50, size, 5000).astype(np.uint32)
    found = baseline(ids[:4500], ids[4500:], size)
    assert found is not None
    assert math.log(40) < found.nats < math.log(100)
