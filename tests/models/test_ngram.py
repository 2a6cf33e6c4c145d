from __future__ import annotations

import math
from collections import Counter, defaultdict
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charlm.models import ngram
from charlm.models.ngram import MAX_ORDER, NgramModel
from tests.models.naive_kneser_ney import Oracle

TEXTS = st.lists(st.integers(0, 3), min_size=1, max_size=60)


@pytest.mark.parametrize("dtype", [np.uint8, np.int64])
@pytest.mark.parametrize(("size", "order"), [(6, 4), (6, 10), (256, 10), (2**20, 10)])  # the last fills an integer
def test_equals_the_oracle(size: int, order: int, dtype: type[np.integer[Any]]) -> None:
    if size > 256 and dtype is np.uint8:
        dtype = np.uint32
    rng = np.random.default_rng(0)
    scale = (size - 1) // 5  # the largest symbol is 5, which is never seen in training
    train = (rng.integers(0, 5, 400) * rng.integers(0, 2, 400) * scale).astype(dtype)
    test = rng.integers(0, 6, 80) * scale
    model, oracle = NgramModel(train, size, order=order), Oracle(train.tolist(), size, order)
    nats = np.concatenate(list(model.surprisal(test)), axis=1)
    expected = [
        [-math.log(oracle.p(tuple(test[max(0, i - 9) : i].tolist()), int(test[i]), k)) for i in range(len(test))]
        for k in range(1, order + 1)
    ]
    np.testing.assert_allclose(nats, expected, rtol=1e-12)


@settings(max_examples=60, deadline=None)
@given(TEXTS, st.lists(st.integers(0, 4), max_size=8))
def test_probabilities_sum_to_one_and_none_is_zero(train: list[int], history: list[int]) -> None:
    model = NgramModel(np.array(train), 5)
    nats = [next(model.surprisal(np.array([*history, x])))[:, -1] for x in range(5)]
    assert np.isfinite(nats).all()
    np.testing.assert_allclose(np.exp(-np.array(nats)).sum(axis=0), 1, rtol=1e-12)


def test_every_context_of_a_long_text_sums_to_one() -> None:
    train = np.random.default_rng(1).geometric(0.3, 3000).clip(max=9) - 1
    model = NgramModel(train, 10, order=5)
    context = np.array([0, 1, 0, 0])
    p = sum(np.exp(-next(model.surprisal(np.append(context, x)))[:, -1]) for x in range(10))
    np.testing.assert_allclose(p, 1, rtol=1e-12)


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
