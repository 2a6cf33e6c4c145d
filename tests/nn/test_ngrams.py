"""Sums over n-grams against naive ones and finite differences; PyTorch is in the tests of transducers."""

from __future__ import annotations

from collections import Counter
from itertools import product

import numpy as np
import pytest

from charlm.errors import UsageError
from charlm.nn import NgramSum, ParameterStore, check_gradients, known_ngrams, pad_left
from charlm.nn.arrays import IdArray

from .naive_ngrams import naive_hashes, naive_rows

LENGTHS = (4, 0, 7, 1)
LONGEST, J = 3, 5


def draw(lengths: tuple[int, ...] = LENGTHS, *, seed: int = 0) -> tuple[list[IdArray], IdArray, IdArray]:
    """Return sequences of these lengths, and the same padded, with their lengths."""
    rng = np.random.default_rng(seed)
    sequences = [rng.integers(4, size=length) for length in lengths]
    ids, found, _ = pad_left(sequences)
    return sequences, ids.astype(np.intp), found


def layer(*, longest: int = LONGEST, dropout: float = 0.0, seed: int = 1) -> NgramSum:
    """Return a layer of random weights in float64 that has seen other sequences than those of `draw`."""
    others, _, _ = draw((9, 3, 8, 5), seed=5)
    known = known_ngrams(others, longest, J)
    params = ParameterStore(NgramSum.shapes(len(known), J), np.float64)
    params.value[:] = np.random.default_rng(seed).normal(size=params.value.size)
    return NgramSum(known, longest, J, dropout=dropout, params=params)


@pytest.mark.parametrize("longest", [1, 2, 4, 12])
def test_what_occurs_twice_is_known(longest: int) -> None:
    sequences, _, _ = draw((9, 3, 8, 0, 5), seed=5)
    counts = Counter(h for sequence in sequences for h in naive_hashes(sequence, longest))
    wanted = sorted(h for h, count in counts.items() if count > 1)
    assert known_ngrams(sequences, longest, J).tolist() == wanted
    assert len(wanted) < len(counts) or longest == 1


def test_of_many_n_grams_the_most_frequent_are_known() -> None:
    sequences, _, _ = draw((30, 30, 30), seed=2)
    counts = Counter(h for sequence in sequences for h in naive_hashes(sequence, 3))
    few = known_ngrams(sequences, 3, 2**20 // 7)
    assert len(few) == 7
    assert sum(counts[int(h)] for h in few) == sum(count for _, count in counts.most_common(7))
    assert few.tolist() == sorted(few.tolist())
    assert len(known_ngrams(sequences, 3, 2**21)) == 1


def test_of_a_single_sequence_every_n_gram_is_known() -> None:
    hashes = set(naive_hashes([3, 1, 2], 2))
    assert known_ngrams([np.array([3, 1, 2])], 2, J).tolist() == sorted(hashes)
    assert known_ngrams([np.array([], np.intp)], 2, J).tolist() == sorted(naive_hashes([], 2))


@pytest.mark.parametrize("longest", [1, LONGEST, 12])
def test_it_is_the_naive_sum(longest: int) -> None:
    sequences, ids, lengths = draw()
    some = layer(longest=longest)
    y, backprop = some.forward(ids, lengths)
    dy = np.random.default_rng(2).normal(size=y.shape)
    backprop(dy)
    wanted, gradient, unknown = np.zeros_like(y), np.zeros_like(some.params["W"]), 0
    for n, sequence in enumerate(sequences):
        rows = naive_rows(sequence, longest, some.known.tolist())
        unknown += len(naive_hashes(sequence, longest)) - len(rows)
        for row in rows:
            wanted[n] += some.params["W"][row]
            gradient[row] += dy[n]
    assert unknown or longest == 1
    np.testing.assert_allclose(y, wanted, rtol=1e-13, atol=1e-13)
    np.testing.assert_allclose(some.params.gradient("W"), gradient, rtol=1e-13, atol=1e-13)
    some.forward(ids, lengths)[1](dy)
    np.testing.assert_allclose(some.params.gradient("W"), 2 * gradient, rtol=1e-13, atol=1e-13)


@pytest.mark.parametrize("dropout", [0.0, 0.4])
def test_the_gradient(dropout: float) -> None:
    _, ids, lengths = draw()
    some, dy = layer(dropout=dropout), np.random.default_rng(2).normal(size=(len(LENGTHS), J))

    def loss() -> float:
        y, _ = some.forward(ids, lengths, rng=np.random.default_rng(3))
        return float((y * dy).sum())

    _, backprop = some.forward(ids, lengths, rng=np.random.default_rng(3))
    backprop(dy)
    gradients, rng = {"W": some.params.gradient("W")}, np.random.default_rng(4)
    assert check_gradients(loss, some.params, gradients, rng=rng, entries=99).passed


def test_a_batch_is_its_members_alone_and_no_padding_counts() -> None:
    sequences, ids, lengths = draw()
    some = layer()
    y, _ = some.forward(ids, lengths)
    for n, sequence in enumerate(sequences):
        alone, _ = some.forward(sequence[:, None], lengths[n : n + 1])
        np.testing.assert_allclose(y[n], alone[0], rtol=1e-13, atol=1e-13)
    for odd in (-7, 1, 2**40):
        ids[np.arange(len(ids))[:, None] < len(ids) - lengths] = odd
        np.testing.assert_array_equal(some.forward(ids, lengths)[0], y)


def test_sequences_that_are_all_empty() -> None:
    some = layer()
    y, backprop = some.forward(np.zeros((0, 2), np.intp), np.zeros(2, np.intp))
    rows = naive_rows([], LONGEST, some.known.tolist())
    assert len(rows) == 2  # the beginning and the end, but never together
    np.testing.assert_allclose(y, np.tile(some.params["W"][rows].sum(axis=0), (2, 1)), rtol=1e-13)
    backprop(np.ones_like(y))
    assert some.params.gradient("W").sum() == pytest.approx(2 * 2 * J)


def test_order_and_boundaries_tell_sequences_apart() -> None:
    sequences = [np.array(symbols) for symbols in product((1, 2), repeat=3)]
    known = known_ngrams(sequences, 2, J)
    some = NgramSum(known, 2, J)
    some.params["W"][...] = np.random.default_rng(0).normal(size=some.params["W"].shape)
    outputs = [some.forward(sequence[:, None], np.array([3]))[0] for sequence in sequences]
    differences = [np.abs(a - b).max() for k, a in enumerate(outputs) for b in outputs[:k]]
    assert min(differences) > 0.1


def test_dropped_n_grams_are_made_up_for_and_off_without_a_generator() -> None:
    _, ids, lengths = draw()
    some, plain = layer(dropout=0.5), layer()
    wanted, _ = plain.forward(ids, lengths)
    np.testing.assert_array_equal(some.forward(ids, lengths)[0], wanted)
    np.testing.assert_array_equal(plain.forward(ids, lengths, rng=np.random.default_rng(0))[0], wanted)
    rng = np.random.default_rng(0)
    drawn = np.array([some.forward(ids, lengths, rng=rng)[0] for _ in range(4000)])
    np.testing.assert_allclose(drawn.mean(axis=0), wanted, atol=0.3)
    assert drawn.std(axis=0).min() > 0.1


def test_blocks_of_a_large_batch_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    _, ids, lengths = draw()
    whole, _ = layer().forward(ids, lengths)
    monkeypatch.setattr("charlm.nn.ngrams._BLOCK", 1)
    np.testing.assert_allclose(layer().forward(ids, lengths)[0], whole, rtol=1e-13)


def test_n_grams_have_hashes_of_their_own() -> None:
    """Of 50,625 n-grams of four symbols next to none share a hash."""
    n_grams = set(product(range(15), repeat=4))
    inner = {h for symbols in n_grams for h in naive_hashes(symbols, 4)[-2:-1]}
    assert len(inner) >= len(n_grams) - 3


def test_a_gradient_of_another_shape_is_refused() -> None:
    _, ids, lengths = draw()
    _, backprop = layer().forward(ids, lengths)
    with pytest.raises(UsageError, match=r"dy has shape \(1, 5\); it must be \(N, J\) = \(4, 5\)"):
        backprop(np.ones((1, J)))
