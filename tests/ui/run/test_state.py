from __future__ import annotations

import math

import pytest

from charlm.errors import DivergedError
from charlm.runs.history import History
from charlm.runs.report import Report
from charlm.ui.run.demo import reports
from charlm.ui.run.state import RunState, Smoothed


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


def test_remaining_time_counts_this_sitting_only() -> None:
    state = RunState("run")
    state.add(Report("start", step=100, steps=300), now_s=50.0)
    assert math.isnan(state.remaining_s(50.0))
    state.add(Report("step", step=150, steps=300, loss=1.0), now_s=60.0)
    assert state.remaining_s(60.0) == pytest.approx(30.0)
    assert state.fraction == 0.5
    assert state.elapsed_s(60.0) == 10.0


def test_remaining_time_follows_the_pace_of_late() -> None:
    state = RunState("run")
    state.add(Report("start", steps=2000), now_s=0.0)
    for step in range(1, 1001):  # the first hundred took ten times as long
        state.add(Report("step", step=step, steps=2000, loss=1.0), now_s=min(step, 100) + 0.1 * max(step - 100, 0))
    assert state.remaining_s(190.0) == pytest.approx(100.0)
    assert state.remaining_s(195.0) == pytest.approx(95.0)  # it counts down between two reports
    assert state.remaining_s(999.0) == 0
    state.add(Report("rollback", step=900, steps=2000), now_s=195.0)
    state.add(Report("step", step=910, steps=2000, loss=1.0), now_s=196.0)
    assert state.remaining_s(196.0) == pytest.approx(109.0)


def test_a_long_run_remembers_no_more_than_its_pace_needs() -> None:
    state = RunState("run")
    state.add(Report("start", steps=10_000), now_s=0.0)
    for step in range(1, 5001):
        state.add(Report("step", step=step, steps=10_000, loss=1.0), now_s=float(step))
    assert state.remaining_s(5000.0) == pytest.approx(5000.0)
    assert len(state._marks) < 600


def test_a_budget_of_minutes_says_itself_when_it_ends() -> None:
    state = RunState("run")
    state.add(Report("start", steps=300, details={"minutes": 1.0, "left_s": 55.0}), now_s=100.0)
    assert state.remaining_s(100.0) == 55
    state.add(Report("step", step=1, steps=300, loss=1.0), now_s=130.0)
    assert state.remaining_s(131.0) == 24
    state.add(Report("plan", step=1, steps=200, details={"minutes": 1.0, "left_s": 22.0}), now_s=132.0)
    assert (state.steps, state.remaining_s(134.0), state.remaining_s(200.0)) == (200, 20, 0)


def test_only_a_best_evaluation_moves_the_best() -> None:
    state = RunState("run")
    state.add(Report("eval", step=10, loss=2.0, best=True), now_s=0.0)
    state.add(Report("eval", step=20, loss=2.5), now_s=0.0)
    assert (state.val_loss, state.best_loss, state.best_step) == (2.5, 2.0, 10)


def test_the_published_loss_is_kept_beside_the_raw_one() -> None:
    state = RunState("run")
    state.add(Report("step", step=1, loss=4.1, details={"smooth_loss": 104.4}), now_s=0.0)
    assert state.published_loss == 104.4
    assert state.history.train[0].loss == 4.1


def test_the_verdict_follows_the_evaluations() -> None:
    state = RunState("run")
    assert state.verdict.word == "early"
    for report in reports(200):
        state.add(report, now_s=0.0)
    assert state.verdict.word == "learns"


def test_the_verdict_does_not_wait_for_an_evaluation() -> None:
    state = RunState("run")
    told = list(reports(200))
    state.add(told[0], now_s=0.0)
    for report in told[1:]:
        if report.event == "step":
            state.add(report, now_s=0.0)
    assert state.verdict.word == "learns"


def test_a_run_that_goes_on_is_judged_by_all_of_it() -> None:
    before = RunState("run")
    for report in reports(200):
        before.add(report, now_s=0.0)
    assert RunState("run", before.history).verdict == before.verdict


def test_a_run_that_diverged_is_not_said_to_learn() -> None:
    state = RunState("run")
    for report in list(reports(200))[:-1]:
        state.add(report, now_s=0.0)
    state.fail(None)
    assert (state.verdict.word, state.reason) == ("learns", "")
    state.fail(DivergedError("the loss is nan"))
    assert (state.verdict.word, state.reason) == ("diverges", "diverged")


def test_a_run_that_goes_on_knows_its_best() -> None:
    state = RunState("run")
    state.add(Report("start", step=40, details={"best_loss": 1.5, "best_step": 30}), 0.0)
    assert (state.best_loss, state.best_step, state.first_step) == (1.5, 30, 40)
    state.add(Report("eval", step=50, loss=1.6), 1.0)
    assert (state.best_loss, state.best_step) == (1.5, 30)
    state = RunState("new")
    state.add(Report("start"), 0.0)
    assert math.isnan(state.best_loss)


def test_warnings_are_kept_and_the_newest_is_shown() -> None:
    state = RunState("run")
    for text in ("one", "two"):
        state.add(Report("warning", text=text), 0.0)
    state.add(Report("rollback", step=7, text="three"), 0.0)
    assert (state.warnings, state.notice, state.step) == (["one", "two", "three"], "three", 7)


def test_a_best_that_was_evaluated_after_the_resumed_save_is_shown() -> None:
    history = History()
    history.add({"event": "eval", "step": 3, "loss": 1.5})
    state = RunState("run")
    state.begin("run", history)
    state.add(Report("start", step=3, steps=9, details={"resumed": True}), 0.0)
    assert (state.val_loss, state.best_loss, state.best_step) == (1.5, 1.5, 3)
