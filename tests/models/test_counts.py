"""Counts as a predictor: the probabilities of the naive model, whatever is read, in whatever pieces."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charlm import Vocabulary
from charlm.errors import CorpusError, UsageError
from charlm.models.counts import Counts
from charlm.models.mixture import Mixture
from charlm.models.ngram import NgramModel
from charlm.nn.stack import map_state
from charlm.text.batches import document_stream
from tests.models.naive_kneser_ney import Oracle

VOCABULARY = Vocabulary.from_text("abcd")
V, T, N = len(VOCABULARY), 9, 3
TRAIN = np.random.default_rng(0).integers(0, 3, 400) * np.random.default_rng(1).integers(0, 2, 400)  # never d


def draw_ids(*shape: int, seed: int = 2) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, V, shape)


@pytest.mark.parametrize("order", [1, 2, 4])
def test_equals_the_naive_model(order: int) -> None:
    counts, oracle, ids = Counts(VOCABULARY, TRAIN, order=order), Oracle(TRAIN.tolist(), V, order), draw_ids(60, 1)
    log_p, _ = counts.logits(ids)
    history = tuple(ids[:, 0].tolist())
    expected = [
        [oracle.p(history[max(0, t + 1 - order) : t + 1], x, order) for x in range(V)] for t in range(len(ids))
    ]
    np.testing.assert_allclose(np.exp(log_p[:, 0]), expected, rtol=1e-12)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(0, 2), min_size=1, max_size=60),
    st.lists(st.integers(0, 3), min_size=2, max_size=20),
    st.integers(1, 10),
)
def test_any_text_has_the_surprisal_of_the_tables_and_the_sum_is_one(
    train: list[int], read: list[int], order: int
) -> None:
    counts, ids = Counts(VOCABULARY, np.array(train), order=order), np.array(read)
    log_p, _ = counts.logits(ids[:-1, None])
    np.testing.assert_allclose(np.exp(log_p).sum(axis=-1), 1, rtol=1e-12)
    nats = np.concatenate(list(NgramModel(np.array(train), V, order=order).surprisal(ids)), axis=1)[-1]
    np.testing.assert_allclose(-log_p[np.arange(len(ids) - 1), 0, ids[1:]], nats[1:], rtol=1e-12, atol=1e-14)


def test_the_longest_order_sums_to_one_on_a_long_text() -> None:
    vocabulary = Vocabulary.from_text("".join(map(chr, range(97, 117))))
    train = np.random.default_rng(3).geometric(0.3, 20_000).clip(max=20) - 1
    log_p, _ = Counts(vocabulary, train).logits(train[:500, None])
    assert np.abs(np.exp(log_p).sum(axis=-1) - 1).max() < 1e-12


def test_steps_are_the_sequence_and_so_are_its_parts() -> None:
    counts, ids = Counts(VOCABULARY, TRAIN, order=4), draw_ids(T, N)
    log_p, end = counts.logits(ids)
    first, middle = counts.logits(ids[:4])
    second, last = counts.logits(ids[4:], middle)
    np.testing.assert_array_equal(np.concatenate([first, second]), log_p)
    np.testing.assert_array_equal(last[0][0], end[0][0])
    by_rows, of_one, rows = counts.stepper(N), counts.stepper(), counts.zero_state(N)
    one = map_state(np.ravel, counts.zero_state(1))
    for t in range(T):
        stepped, rows = by_rows(ids[t], rows)
        single, one = of_one(int(ids[t, 0]), one)
        np.testing.assert_array_equal(stepped, log_p[t])
        np.testing.assert_array_equal(single, log_p[t, 0])
    np.testing.assert_array_equal(rows[0][0], end[0][0])
    np.testing.assert_array_equal(one[0][0], end[0][0][0])


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(0, 4), min_size=1, max_size=60),
    st.lists(st.integers(0, 4), min_size=1, max_size=20),
    st.integers(1, 10),
    st.booleans(),
)
def test_one_stream_has_the_bits_of_many(train: list[int], read: list[int], order: int, documents: bool) -> None:
    vocabulary = Vocabulary.from_text("abcd" if documents else "abcde", stop=documents)
    counts = Counts(vocabulary, np.array([4, *train, 4]), order=order)
    log_p, end = counts.logits(np.array(read)[:, None])
    step, state = counts.stepper(), map_state(np.ravel, counts.zero_state(1))
    for t, symbol in enumerate(read):
        p, state = step(symbol, state)
        np.testing.assert_array_equal(p, log_p[t, 0])
    np.testing.assert_array_equal(state[0][0], end[0][0][0])


def test_a_reset_forgets_one_stream() -> None:
    counts, ids = Counts(VOCABULARY, TRAIN, order=4), TRAIN[: 2 * T].reshape(T, 2)
    resets = np.zeros((T, 2), np.bool_)
    resets[5, 0] = True
    log_p, _ = counts.logits(ids, counts.logits(draw_ids(5, 2, seed=4))[1], resets=resets)
    np.testing.assert_array_equal(log_p[5:, 0], counts.logits(ids[5:, :1])[0][:, 0])
    carried, _ = counts.logits(ids, counts.logits(draw_ids(5, 2, seed=4))[1])
    np.testing.assert_array_equal(log_p[:, 1], carried[:, 1])
    assert not np.array_equal(log_p[5:, 0], carried[5:, 0])


@pytest.mark.parametrize("order", [1, 2, 3, 5])
def test_documents_are_counted_by_themselves(order: int) -> None:
    vocabulary = Vocabulary.from_text("abcd", stop=True)
    stop, V = vocabulary.stop_id, len(vocabulary)
    assert stop is not None
    ids = np.random.default_rng(5).choice([0, 1, 2, stop], 300, p=[0.5, 0.2, 0.1, 0.2])
    ids[0] = ids[-1] = stop
    counts, oracle = Counts(vocabulary, ids, order=order), Oracle(ids.tolist(), V, order, stop)
    read = np.array([stop, 0, 1, stop, stop, 2, 0, 3, 0, 0, 0, stop, 0])
    log_p, _ = counts.logits(read[:, None], resets=(read == stop)[:, None])
    for t in range(len(read)):
        begin = max(s for s in range(t + 1) if read[s] == stop)
        history = tuple(read[max(begin, t + 2 - order) : t + 1].tolist())
        expected = [oracle.p(history, x, order) for x in range(V)]
        np.testing.assert_allclose(np.exp(log_p[t, 0]), expected, rtol=1e-12)
    carried, _ = counts.logits(read[:, None])  # the stop symbol itself resets it
    np.testing.assert_allclose(carried, log_p, rtol=1e-12)


def test_the_start_of_documents_has_its_frequencies() -> None:
    vocabulary = Vocabulary.from_text("ab", stop=True)
    lines = ["ab"] * 30 + ["ba"] * 10  # whatever the last letters of the documents before
    documents = [vocabulary.encode(line) for line in lines]
    assert vocabulary.stop_id is not None
    counts = Counts(vocabulary, document_stream(documents, vocabulary.stop_id))
    log_p, _ = counts.stepper()(vocabulary.stop_id, map_state(np.ravel, counts.zero_state(1)))
    a, b = np.exp(log_p[vocabulary.encode("ab")])
    assert a == pytest.approx(0.75, abs=0.05)
    assert b == pytest.approx(0.25, abs=0.05)


def test_documents_without_a_symbol() -> None:
    vocabulary = Vocabulary.from_text("ab", stop=True)
    assert vocabulary.stop_id is not None
    counts = Counts(vocabulary, np.full(5, vocabulary.stop_id))
    assert counts.order == 2
    assert (
        counts.logits(np.full((3, 1), vocabulary.stop_id))[0].argmax(axis=-1).tolist() == [[vocabulary.stop_id]] * 3
    )


def test_nothing_is_counted_before_the_first_use(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError

    monkeypatch.setattr("charlm.models.counts.NgramModel", refuse)
    counts = Counts(VOCABULARY, TRAIN)
    mixture = Mixture([counts, counts])
    assert (len(mixture.zero_state(2)), mixture.hidden_size, mixture.work) == (2, 10, 80)
    with pytest.raises(AssertionError):
        counts.stepper()


def test_a_text_shorter_than_the_order() -> None:
    counts = Counts(VOCABULARY, np.array([2]))
    assert counts.order == 1
    log_p, _ = counts.stepper()(0, map_state(np.ravel, counts.zero_state(1)))
    assert log_p.argmax() == 2


def test_a_state_that_is_none_has_read_nothing() -> None:
    counts = Counts(VOCABULARY, TRAIN, order=4)
    (zero,) = counts.zero_state(3)
    damaged = zero._make([np.array([[1e18, -1e18, np.nan], [-1, 1e6, np.inf], [0, -0.5, 1e5]])])  # type: ignore[attr-defined]
    ids = draw_ids(5, 3)
    np.testing.assert_array_equal(counts.logits(ids, (damaged,))[0], counts.logits(ids)[0])
    for row in damaged[0]:
        read, _ = counts.stepper()(1, (zero._make([row]),))  # type: ignore[attr-defined]
        np.testing.assert_array_equal(read, counts.logits(np.array([[1]]))[0][0, 0])


def test_nothing_to_count_and_symbols_that_do_not_exist() -> None:
    with pytest.raises(CorpusError, match="no symbol to count; give a longer text"):
        Counts(VOCABULARY, TRAIN[:0])
    with pytest.raises(UsageError):
        Counts(VOCABULARY, np.array([0, V]))
    with pytest.raises(UsageError):
        Counts(VOCABULARY, TRAIN).logits(np.array([[V]]))


@pytest.mark.parametrize("stop", [False, True])
@pytest.mark.parametrize("order", [1, 4, 10])
def test_a_text_all_at_once_as_symbol_by_symbol(monkeypatch: pytest.MonkeyPatch, order: int, stop: bool) -> None:
    monkeypatch.setattr("charlm.models.counts._CHUNK", 37)
    rng = np.random.default_rng(order)
    vocabulary = Vocabulary.from_text("abcd", stop=stop)
    learnt, read = (rng.integers(len(vocabulary), size=n) for n in (400, 130))
    counts = Counts(vocabulary, learnt, order=order)
    resets = (read[:-1] == vocabulary.stop_id)[:, None] if stop else None
    log_p, _ = counts.logits(read[:-1, None], resets=resets)
    expected = -log_p[np.arange(len(read) - 1), 0, read[1:]]
    np.testing.assert_allclose(counts.surprisal(read)[1:], expected, rtol=1e-12)
