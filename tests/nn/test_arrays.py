"""Memory orders and sums by symbol."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from charlm.nn.arrays import Lookup, columns, rows, sequence, sum_by_id

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


@given(
    G=st.integers(1, 3),
    length=st.integers(1, 400),
    H=sizes,
    size=st.sampled_from([1, 3, 65, 1000]),
    strided=st.booleans(),
    seed=st.integers(0, 99),
)
def test_sum_by_id(G: int, length: int, H: int, size: int, strided: bool, seed: int) -> None:
    rng = np.random.default_rng(seed)
    groups, ids = rng.normal(size=(G, length, H)), rng.integers(size, size=length)
    if strided:  # as a window of one stream is
        groups = np.ascontiguousarray(groups.transpose(1, 0, 2)).transpose(1, 0, 2)
    wanted = np.zeros((G, size, H))
    for g in range(G):
        np.add.at(wanted[g], ids, groups[g])
    np.testing.assert_allclose(sum_by_id(groups, ids, size), wanted, rtol=1e-12, atol=1e-13)


@given(T=sizes, D=sizes, N=sizes)
def test_rows_of_a_window_need_no_copy(T: int, D: int, N: int) -> None:
    memory = np.arange(T * N * D).reshape(T, N, D).astype(float)
    flat = rows(memory.transpose(0, 2, 1))
    np.testing.assert_array_equal(flat, memory.reshape(T * N, D))
    assert np.shares_memory(flat, memory)
