"""Windows whose lengths are drawn: which lengths, how often each, and that no text is lost between them."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from charlm.text.batches import Batches, DocumentBatches, RandomBatches, SequentialBatches
from charlm.text.batches.lengths import MOST, batches_of, draw_length, window_lengths

ranges = st.tuples(st.integers(1, 50), st.integers(0, 400)).map(lambda r: (r[0], r[0] + r[1]))


@given(ranges)
def test_lengths_are_few_evenly_spaced_and_around_the_middle(ends: tuple[int, int]) -> None:
    lengths = window_lengths(*ends)
    assert (lengths[0], lengths[-1]) == ends
    assert len(lengths) == min(MOST, ends[1] - ends[0] + 1)
    steps = [b - a for a, b in pairwise(lengths)]
    assert all(step > 0 for step in steps)
    assert not steps or max(steps) - min(steps) <= 1
    assert 2 * sum(lengths) == len(lengths) * sum(ends)


def test_each_length_is_as_likely() -> None:
    rng = np.random.default_rng(0)
    drawn = [draw_length(window_lengths(16, 64), rng) for _ in range(8000)]
    found, counts = np.unique(drawn, return_counts=True)
    assert tuple(found) == window_lengths(16, 64)
    assert abs(counts - 1000).max() < 150  # five standard deviations


def test_of_one_length_nothing_is_drawn() -> None:
    rng = np.random.default_rng(0)
    before = rng.bit_generator.state
    assert draw_length((9,), rng) == 9
    assert rng.bit_generator.state == before


@given(st.integers(1, 5), ranges, st.integers(0, 2000))
def test_batches_hold_the_symbols_in_expectation(streams: int, ends: tuple[int, int], symbols: int) -> None:
    lengths = window_lengths(*ends)
    mean = streams * sum(ends) / 2
    count = batches_of(symbols, streams, lengths)
    assert (count - 1) * mean < symbols <= count * mean


@given(st.integers(1, 4), ranges, st.integers(0, 2000), st.integers(0, 2**32))
def test_sequential_windows_go_on_from_each_other(N: int, ends: tuple[int, int], more: int, seed: int) -> None:
    n = N * ends[1] + 1 + more
    L = (n - 1) // N
    batches = SequentialBatches(
        np.arange(n), streams=N, length=ends[1], shortest=ends[0], rng=np.random.default_rng(seed)
    )
    batch = batches.next()
    for number in range(3):
        windows, epochs = [batch], [batches.epoch]
        while (batch := batches.next()).get("resets") is None:
            windows.append(batch)
            epochs.append(batches.epoch)
        inputs = np.concatenate([window["inputs"] for window in windows])
        offset = int(inputs[0, 0])
        assert number or offset == 0
        assert {len(window["inputs"]) for window in windows} <= set(batches.lengths)
        assert L - offset - ends[0] < len(inputs) <= L - offset  # only a remainder below the shortest is dropped
        for k in range(N):
            np.testing.assert_array_equal(inputs[:, k], np.arange(len(inputs)) + k * L + offset)
        assert epochs == sorted(epochs)
        assert number < epochs[0]
        assert epochs[-1] <= number + 1
        assert len(batches.lengths) > 1 or epochs[-1] == number + 1


def make(kind: str, rng: np.random.Generator) -> Batches:
    ids = np.arange(2000) % 90
    if kind == "documents":
        documents = [ids[a : a + 40] for a in range(0, 2000, 40)]
        return DocumentBatches(documents, stop_id=99, streams=4, length=30, shortest=10, rng=rng)
    batches = SequentialBatches if kind == "sequential" else RandomBatches
    return batches(ids, streams=4, length=30, shortest=10, rng=rng)


@pytest.mark.parametrize("kind", ["sequential", "random", "documents"])
def test_a_pass_takes_about_as_many_batches_as_it_says(kind: str) -> None:
    batches = make(kind, np.random.default_rng(0))
    lengths = []
    while batches.epoch < 20:
        lengths.append(len(batches.next()["inputs"]))
    assert set(lengths) == set(batches.lengths) == set(window_lengths(10, 30))
    assert len(lengths) / 20 == pytest.approx(batches.batches_per_epoch, rel=0.06)


@pytest.mark.parametrize("kind", ["random", "documents"])
def test_epochs_count_what_was_read(kind: str) -> None:
    batches = make(kind, np.random.default_rng(0))
    targets = sum(batches.next()["targets"].size for _ in range(25))
    total = 2050 if kind == "documents" else 1999  # with a stop symbol each
    assert batches.epoch == pytest.approx(targets / total)


@pytest.mark.parametrize("batches", [SequentialBatches, RandomBatches])
def test_random_lengths_reach_as_many_targets_as_expected(batches: type[SequentialBatches | RandomBatches]) -> None:
    """With T steps a dependency over d reaches T - d targets of a window; over random T, the mean of that."""
    numbers, shortest, longest = np.random.default_rng(0).normal(size=(60_000, 1)), 3, 9
    source = batches(numbers, streams=2, length=longest, shortest=shortest, rng=np.random.default_rng(1))
    sizes = np.array([len(source.next()["inputs"]) for _ in range(3000)])
    lengths = np.array(window_lengths(shortest, longest))
    assert sizes.mean() == pytest.approx((shortest + longest) / 2, rel=0.02)
    for d in range(longest):
        reached = np.maximum(sizes - d, 0).sum() / sizes.sum()
        assert reached == pytest.approx(np.maximum(lengths - d, 0).sum() / lengths.sum(), abs=0.02)
    assert np.maximum(sizes - 6, 0).sum() > 0  # which no window of the mean length would reach
