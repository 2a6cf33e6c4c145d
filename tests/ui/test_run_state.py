from __future__ import annotations

import math

import pytest

from charlm.training.report import Report
from charlm.ui.run_state import Curve, RunState, Smoothed


def test_the_first_value_is_the_mean() -> None:
    mean = Smoothed()
    assert math.isnan(mean.value)
    mean.add(4.0)
    assert mean.value == pytest.approx(4.0)


def test_the_mean_forgets_and_leaves_out_what_is_not_finite() -> None:
    mean = Smoothed()
    mean.add(100.0)
    for _ in range(200):
        mean.add(1.0)
        mean.add(math.nan)
        mean.add(math.inf)
    assert mean.value == pytest.approx(1.0)


def test_a_long_curve_stays_short_and_keeps_its_shape() -> None:
    curve = Curve()
    for k in range(100_000):
        curve.add(float(k))
    assert len(curve.points) <= Curve.LIMIT
    assert curve.points == sorted(curve.points)
    assert curve.points[0] < 1000
    assert curve.points[-1] > 99_000


def test_remaining_time_counts_this_sitting_only() -> None:
    state = RunState("run")
    state.add(Report("start", step=100, steps=300), now_s=50.0)
    assert math.isnan(state.remaining_s(50.0))
    state.add(Report("step", step=150, steps=300, loss=1.0), now_s=60.0)
    assert state.remaining_s(60.0) == pytest.approx(30.0)
    assert state.fraction == 0.5
    assert state.elapsed_s(60.0) == 10.0


def test_only_a_best_evaluation_moves_the_best() -> None:
    state = RunState("run")
    state.add(Report("eval", step=10, loss=2.0, best=True), now_s=0.0)
    state.add(Report("eval", step=20, loss=2.5), now_s=0.0)
    assert (state.val_loss, state.best_loss, state.best_step) == (2.5, 2.0, 10)


def test_the_published_loss_is_what_the_curve_shows() -> None:
    state = RunState("run")
    state.add(Report("step", step=1, loss=4.1, details={"smooth_loss": 104.4}), now_s=0.0)
    assert state.published_loss == 104.4
    assert state.curve.points == [104.4]
