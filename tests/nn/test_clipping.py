"""Clipping: direction, limits, and gradients at the edge of the number range."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from charlm.nn.clipping import clip_norm_, clip_value_, global_norm

gradients = st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=30).map(np.array)


@given(g=gradients, limit=st.floats(1e-3, 1e3))
def test_norm_is_limited_and_the_direction_kept(g: np.ndarray, limit: float) -> None:
    before = g.copy()
    norm = clip_norm_(g, limit)
    assert norm == pytest.approx(math.hypot(*before), rel=1e-12)
    if norm <= limit:
        np.testing.assert_array_equal(g, before)
    else:
        assert math.hypot(*g) == pytest.approx(limit, rel=1e-12)
        np.testing.assert_allclose(g, before * (limit / norm), rtol=1e-12, atol=1e-300)


@given(g=gradients, limit=st.floats(1e-3, 1e3))
def test_entries_are_limited(g: np.ndarray, limit: float) -> None:
    wanted = [min(max(entry, -limit), limit) for entry in g]
    clip_value_(g, limit)
    np.testing.assert_array_equal(g, wanted)


def test_zero_switches_off_and_a_zero_gradient_stays() -> None:
    g = np.array([3.0, -4.0])
    assert clip_norm_(g, 0) == 5
    clip_value_(g, 0)
    np.testing.assert_array_equal(g, [3, -4])
    zero = np.zeros(3)
    assert clip_norm_(zero, 1) == 0
    np.testing.assert_array_equal(zero, 0)


@pytest.mark.parametrize("size", [1e25, 1e30, 3e38])
def test_squares_beyond_single_precision(size: float) -> None:
    g = np.array([size, -size, 0, size], np.float32)
    assert clip_norm_(g, 2.0) == pytest.approx(size * math.sqrt(3), rel=1e-6)
    np.testing.assert_allclose(g, np.array([1, -1, 0, 1]) * 2 / math.sqrt(3), rtol=1e-6)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_gradient_that_is_not_finite_shows_in_the_norm(bad: float, dtype: type) -> None:
    g = np.ones(5000, dtype)
    g[4500] = bad
    before = g.copy()
    norm = clip_norm_(g, 1.0)
    assert not math.isfinite(norm)
    np.testing.assert_array_equal(g, before)


@pytest.mark.parametrize("size", [1, 4095, 4096, 4097, 20_000])
def test_long_vectors(size: int) -> None:
    g = np.random.default_rng(0).normal(size=size)
    assert global_norm(g) == pytest.approx(math.sqrt(math.fsum(x * x for x in g.tolist())), rel=1e-13)
    single = g.astype(np.float32)
    assert global_norm(single) == pytest.approx(global_norm(g), rel=1e-5)


def test_the_norm_of_a_copy_elsewhere_in_memory_has_the_same_bits() -> None:
    g = np.random.default_rng(0).normal(size=20_001).astype(np.float32)
    shifted = np.zeros(g.size + 3, np.float32)
    shifted[3:] = g
    assert global_norm(shifted[3:]) == global_norm(g)
