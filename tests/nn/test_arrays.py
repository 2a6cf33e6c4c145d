"""Memory orders, sums by symbol, and blocked products."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from charlm.nn.arrays import Blocked, Lookup, columns, sequence, sum_by_id

sizes = st.integers(1, 6)


@given(T=sizes, D=sizes, N=sizes)
def test_columns_and_sequence_are_inverse(T: int, D: int, N: int) -> None:
    x = np.arange(T * D * N).reshape(T, D, N).astype(float)
    flat = columns(x)
    assert flat.shape == (D, T * N)
    for t, d, n in np.ndindex(T, D, N):
        assert flat[d, t * N + n] == x[t, d, n]
    back = sequence(flat, T)
    np.testing.assert_array_equal(back, x)
    assert np.shares_memory(back, flat)


def test_a_lookup_written_out() -> None:
    ids, table = np.array([[2, 0], [1, 1]]), np.array([[1.0, 2, 3], [4, 5, 6]])
    np.testing.assert_array_equal(Lookup(ids, table).dense(), [[[3, 1], [6, 4]], [[2, 2], [5, 5]]])


@given(D=sizes, length=st.integers(1, 50), size=st.sampled_from([1, 3, 256, 257, 1000]), seed=st.integers(0, 99))
def test_sum_by_id(D: int, length: int, size: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    flat, ids = rng.normal(size=(D, length)), rng.integers(size, size=length)
    wanted = np.zeros((D, size))
    np.add.at(wanted.T, ids, flat.T)
    np.testing.assert_allclose(sum_by_id(flat, ids, size), wanted, rtol=1e-12, atol=1e-13)


SHAPES = [(1, 1, 1), (5, 7, 3), (16, 16, 1), (48, 100, 5), (33, 66, 2), (64, 1024, 3), (128, 4096, 2), (97, 512, 4)]


@pytest.mark.parametrize("limit", [10, 20_000, 1_000_000])  # an upper limit for a block, so that K is cut as well
@pytest.mark.parametrize("transposed", [False, True])
@pytest.mark.parametrize(("J", "K", "N"), SHAPES)
def test_blocked_products(
    J: int, K: int, N: int, transposed: bool, limit: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Blocked, "LARGEST_UNPACKED", limit)
    rng = np.random.default_rng(0)
    matrix = rng.normal(size=(K, J)).T if transposed else rng.normal(size=(J, K))
    x, out = rng.normal(size=(K, N)), np.full((J, N), np.nan)
    blocked = Blocked(matrix, N)
    blocked.dot(x, out=out)
    np.testing.assert_allclose(out, matrix @ x, rtol=1e-10, atol=1e-10)
    matrix *= 2  # it is a view
    matrix[0, 0] += 1
    blocked.dot(x, out=out)
    np.testing.assert_allclose(out, matrix @ x, rtol=1e-10, atol=1e-10)


def test_the_cuts_that_are_tested_differ(monkeypatch: pytest.MonkeyPatch) -> None:
    matrix, N = np.zeros((128, 4096)), 2
    cuts = set()
    for limit in (10, 20_000, 1_000_000):
        monkeypatch.setattr(Blocked, "LARGEST_UNPACKED", limit)
        cuts.add(Blocked(matrix, N)._blocks.shape)
    assert len(cuts) == 3
    assert max(shape[0] for shape in cuts) > 1
