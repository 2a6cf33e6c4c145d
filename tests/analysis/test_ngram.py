from __future__ import annotations

import math
from collections import Counter, defaultdict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import charlm.analysis.ngram as ngram
from charlm.analysis.ngram import MAX_ORDER, NgramModel, baseline

TEXTS = st.lists(st.integers(0, 3), min_size=1, max_size=60)


class Oracle:
    """The equations at the top of the module, with dictionaries, a scalar at a time."""

    def __init__(self, ids: list[int], size: int, order: int) -> None:
        self.size, self.order = size, order
        self.top = [Counter(zip(*(ids[j:] for j in range(k)), strict=False)) for k in range(1, order + 1)]
        self.low = [Counter(gram[1:] for gram in self.top[k]) for k in range(1, order)]
        self.rules = {id(c): self._discounts(c) for c in (*self.top, *self.low)}

    @staticmethod
    def _discounts(counts: Counter[tuple[int, ...]]) -> dict[int, float]:
        n = [0] + [max(sum(c == j for c in counts.values()), 1) for j in (1, 2, 3, 4)]
        y = n[1] / (n[1] + 2 * n[2])
        rules = {j: min(max(j - (j + 1) * y * n[j + 1] / n[j], ngram._LEAST_DISCOUNT), j) for j in (1, 2, 3)}
        return {0: 0.0} | rules

    def _level(self, counts: Counter[tuple[int, ...]], history: tuple[int, ...], x: int, backing: float) -> float:
        rules = self.rules[id(counts)]
        found = {gram[-1]: c for gram, c in counts.items() if gram[:-1] == history}
        total = sum(found.values())
        if not total:
            return backing
        freed = sum(rules[min(c, 3)] for c in found.values())
        c = found.get(x, 0)
        return (c - rules[min(c, 3)] + freed * backing) / total

    def p(self, history: tuple[int, ...], x: int, order: int) -> float:
        result = 1 / self.size
        for k in range(1, order):
            if k - 1 <= len(history):
                result = self._level(self.low[k - 1], history[len(history) - k + 1 :], x, result)
        if order - 1 <= len(history):
            result = self._level(self.top[order - 1], history[len(history) - order + 1 :], x, result)
        return result


def test_equals_the_oracle() -> None:
    rng = np.random.default_rng(0)
    train = rng.integers(0, 5, 400) * rng.integers(0, 2, 400)
    test = rng.integers(0, 6, 80)  # 5 is never seen in training
    model, oracle = NgramModel(train, 6, order=4), Oracle(train.tolist(), 6, 4)
    nats = np.concatenate(list(model.surprisal(test)), axis=1)
    expected = [
        [-math.log(oracle.p(tuple(test[max(0, i - 5) : i].tolist()), int(test[i]), k)) for i in range(len(test))]
        for k in range(1, 5)
    ]
    np.testing.assert_allclose(nats, expected, rtol=1e-6)


@settings(max_examples=60, deadline=None)
@given(TEXTS, st.lists(st.integers(0, 4), max_size=8))
def test_probabilities_sum_to_one_and_none_is_zero(train: list[int], history: list[int]) -> None:
    model = NgramModel(np.array(train), 5)
    nats = [next(model.surprisal(np.array([*history, x])))[:, -1] for x in range(5)]
    assert np.isfinite(nats).all()
    np.testing.assert_allclose(np.exp(-np.array(nats)).sum(axis=0), 1, rtol=1e-6)


def test_every_context_of_a_long_text_sums_to_one() -> None:
    train = np.random.default_rng(1).geometric(0.3, 3000).clip(max=9) - 1
    model = NgramModel(train, 10, order=5)
    context = np.array([0, 1, 0, 0])
    p = sum(np.exp(-next(model.surprisal(np.append(context, x)))[:, -1]) for x in range(10))
    np.testing.assert_allclose(p, 1, rtol=1e-6)


def test_chunks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(2)
    train, test = rng.integers(0, 4, 500), rng.integers(0, 4, 101)
    model = NgramModel(train, 4)
    whole, mean = next(model.surprisal(test)), model.mean_nats(test, skip=7)
    monkeypatch.setattr(ngram, "_CHUNK", 13)
    pieces = list(model.surprisal(test))
    assert len(pieces) == 8
    np.testing.assert_array_equal(np.concatenate(pieces, axis=1), whole)
    np.testing.assert_allclose(model.mean_nats(test, skip=7), mean, rtol=1e-12)
    np.testing.assert_allclose(mean, whole[:, 7:].mean(axis=1), rtol=1e-12)


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


def test_no_order_is_longer_than_the_text() -> None:
    assert NgramModel(np.zeros(3, np.uint8), 1).order == 3
    assert NgramModel(np.zeros(30, np.uint8), 1).order == MAX_ORDER


def test_lower_orders_count_contexts_and_not_occurrences() -> None:
    # "san francisco": after an unseen context, what follows only one symbol is less likely than its frequency says
    ids = [0, 1] * 30 + [2, 3, 4, 3, 5, 3, 2, 3]
    counts = defaultdict(int, Counter(ids))
    model = NgramModel(np.array(ids), 7, order=2)
    after_unseen = [float(next(model.surprisal(np.array([6, x])))[1, 1]) for x in (1, 3)]
    assert counts[1] > counts[3]
    assert after_unseen[0] > after_unseen[1]
