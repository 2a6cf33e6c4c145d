"""Dropout: what is kept, how it is scaled, and that the way back uses the same mask."""

from __future__ import annotations

import numpy as np
import pytest

from charlm.errors import UsageError
from charlm.nn import Dropout, Workspace

T, N, D = 40, 30, 50


@pytest.mark.parametrize("probability", [0.1, 0.25, 0.5, 0.9])
def test_the_expectation_stays(probability: float) -> None:
    y, _ = Dropout(probability).forward(np.ones((T, N, D)), np.random.default_rng(0))
    dropped = (y == 0).mean()
    assert dropped == pytest.approx(probability, abs=5 * (probability * (1 - probability) / y.size) ** 0.5)
    np.testing.assert_allclose(y[y != 0], 1 / (1 - probability), rtol=1e-4)  # probabilities go in steps of 2⁻¹⁶
    assert y.mean() == pytest.approx(1, abs=5 * (probability / (1 - probability) / y.size) ** 0.5)
    for axes in ((1, 2), (0, 2), (0, 1)):  # every step, feature and stream has its own draws
        assert 0 < (y == 0).mean(axis=axes).std() < 0.1


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_way_back_uses_the_same_mask(dtype: type) -> None:
    rng = np.random.default_rng(0)
    x, dy = rng.normal(size=(2, T, N, D)).astype(dtype)
    x.flags.writeable = False
    y, backprop = Dropout(0.3).forward(x, rng)
    mask = y / x
    dx = backprop(dy.copy())
    assert y.dtype == dx.dtype == dtype
    np.testing.assert_allclose(dx, dy * mask, rtol=1e-5)
    np.testing.assert_array_equal(dx == 0, y == 0)


def test_masks_follow_the_generator() -> None:
    x, dropout = np.ones((T, N, D)), Dropout(0.3)
    one, two, other = (dropout.forward(x, np.random.default_rng(seed))[0] for seed in (5, 5, 6))
    np.testing.assert_array_equal(one, two)
    assert (one != other).any()


def test_variational_masks_last_for_the_window() -> None:
    rng = np.random.default_rng(0)
    x, dy = rng.normal(size=(2, T, N, D))
    y, backprop = Dropout(0.4, variational=True).forward(x, rng)
    mask = y / x
    np.testing.assert_allclose(mask, mask[:1].repeat(T, axis=0), rtol=1e-12)
    assert (mask[0] == 0).mean() == pytest.approx(0.4, abs=0.06)
    np.testing.assert_allclose(backprop(dy.copy()), dy * mask, rtol=1e-12)


def test_none_drops_nothing_and_draws_nothing() -> None:
    rng = np.random.default_rng(0)
    before = rng.bit_generator.state
    x = np.ones((2, 3, 4))
    y, backprop = Dropout(0).forward(x, rng)
    np.testing.assert_array_equal(y, 1)
    np.testing.assert_array_equal(backprop(2 * x), 2)
    assert rng.bit_generator.state == before


def test_a_workspace_changes_no_bit() -> None:
    dropout, workspace = Dropout(0.3), Workspace()
    for seed, steps in ((0, 3), (1, 3), (2, 5)):
        x = np.random.default_rng(seed).normal(size=(steps, 4, 2))
        y, backprop = dropout.forward(x, np.random.default_rng(seed), workspace=workspace)
        fresh, backprop_fresh = dropout.forward(x, np.random.default_rng(seed))
        np.testing.assert_array_equal(y, fresh)
        np.testing.assert_array_equal(backprop(np.ones(x.shape)), backprop_fresh(np.ones(x.shape)))


@pytest.mark.parametrize("probability", [-0.1, 1, 1.5, float("nan")])
def test_a_share_outside_of_0_to_1(probability: float) -> None:
    with pytest.raises(UsageError, match="dropout"):
        Dropout(probability)


@pytest.mark.parametrize("probability", [1e-6, 1 - 1e-6])
def test_shares_near_the_ends_stay_finite(probability: float) -> None:
    y, _ = Dropout(probability).forward(np.ones((T, N, D), np.float32), np.random.default_rng(0))
    assert np.isfinite(y).all()
