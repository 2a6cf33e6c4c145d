"""Sums of rows by symbol."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from charlm.nn.kernels.sums import sum_by_id

sizes = st.integers(1, 6)


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
