"""A budget of minutes is kept, whatever the machine does, and its plans are part of what a run is."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import charlm
from charlm.checkpoint import load_checkpoint, save
from charlm.config import from_mapping
from charlm.errors import CheckpointError
from charlm.generation import Sampler
from charlm.nn.schedules import rate_factor, schedule_progress
from charlm.runs.report import Report
from charlm.runs.stored import checkpoint_history
from charlm.text.batches import Batch
from charlm.training import plan as planning
from charlm.training import task, trainer
from charlm.training.budget import END_S, Budget, Plan
from charlm.training.parallel.team import PROCESSES, Team
from charlm.training.task import Task
from charlm.training.train import RunOptions, train
from tests.figures import figure

from .ranks import other_ranks
from .runs import log, make_text, new_model, outcome, train_in
from .test_rollback import fail_at

TEXT = make_text(400)
STEP_S, EVAL_S, SAMPLE_S, TRIAL_S = 1 / 8, 2, 1 / 4, 3 / 2  # sums of them are exact
Slowness = Callable[[float, int], float]


class Clock:
    """A clock that moves while something is done; `slowness` of the time and of the update makes it last longer."""

    def __init__(self, slowness: Slowness = lambda now_s, step: 1.0) -> None:
        self.now_s, self.slowness = 0.0, slowness

    def __call__(self) -> float:
        return self.now_s

    def work(self, seconds: float, step: int = 0) -> None:
        self.now_s += seconds * self.slowness(self.now_s, step)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch, no_fsync: None) -> Iterator[Clock]:
    """Let updates, evaluations, samples and the trial take their time of a clock, and of no other."""
    clock = Clock()
    update, validation_loss, stream = Team.update, task.validation_loss, task.Sampler.stream

    def timed_update(team: Team, batch: Batch, **rates: float) -> tuple[float, float]:
        clock.work(STEP_S, team.optimizer.steps)
        return update(team, batch, **rates)

    def timed_loss(*arguments: Any, **options: Any) -> float:
        clock.work(EVAL_S)
        return validation_loss(*arguments, **options)

    def timed_sample(sampler: Sampler) -> Iterator[str]:
        clock.work(SAMPLE_S)
        return stream(sampler)

    def trial(_: object, on: Task, *__: object, **___: object) -> tuple[float, float]:
        clock.work(TRIAL_S)
        return STEP_S * clock.slowness(clock.now_s, 0), EVAL_S if on.validation_characters else 0.0

    monkeypatch.setattr(Team, "update", timed_update)
    monkeypatch.setattr(task, "validation_loss", timed_loss)
    monkeypatch.setattr(task.Sampler, "stream", timed_sample)
    monkeypatch.setattr(task, "SAMPLE_LENGTH", 9)
    monkeypatch.setattr(planning, "_trial", trial)
    return clock


def settings(**more: Any) -> charlm.TrainConfig:
    values = {"minutes": 1, "schedule": "cosine", "warmup": 20, "batch_size": 4, "seq_length": 6, "shards": 1}
    return charlm.TrainConfig(**{**values, "learning_rate": 0.02, "log_every": 1, **more})


def reports(clock: Clock, slowness: Slowness | None = None, **more: Any) -> list[Report]:
    clock.now_s, clock.slowness = 0.0, slowness or clock.slowness
    return list(train(new_model(TEXT), TEXT, settings(**more), run=RunOptions(clock=clock)))


DRIFTS: dict[str, Slowness] = {
    "steady": lambda now_s, step: 1.0,
    "slower by a quarter": lambda now_s, step: 1.25 if now_s > 15 else 1.0,
    "faster by a quarter": lambda now_s, step: 0.75 if now_s > 15 else 1.0,
    "slower at the end": lambda now_s, step: 1.25 if now_s > 50 else 1.0,
    "slower and faster": lambda now_s, step: 1 + 0.25 * math.sin(now_s / 4),
    "a core is lost": lambda now_s, step: 2.0 if now_s > 15 else 1.0,
    "a core comes back": lambda now_s, step: 0.5 if now_s > 15 else 1.0,
    "spikes": lambda now_s, step: 16.0 if step % 20 == 7 else 1.0,
    "a trial that finds it slow": lambda now_s, step: 4.0 if now_s <= TRIAL_S * 4 else 1.0,
}
WORSE: dict[str, Slowness] = {
    "a core is lost at the end": lambda now_s, step: 2.0 if now_s > 57 else 1.0,
    "tenfold": lambda now_s, step: 10.0 if now_s > 30 else 1.0,
    "fiftyfold": lambda now_s, step: 50.0 if now_s > 20 else 1.0,
    "a stall": lambda now_s, step: 160.0 if step == 250 else 1.0,
}


@pytest.mark.promise(20)
class TestTheTimeIsKept:
    @pytest.mark.parametrize("drift", DRIFTS)
    def test_within_three_per_cent(self, clock: Clock, drift: str) -> None:
        *_, end = reports(clock, DRIFTS[drift])
        assert (end.step, end.details["reason"]) == (end.steps, "finished")
        assert 0.97 * 60 <= clock.now_s + END_S <= 1.03 * 60

    @pytest.mark.parametrize("drift", WORSE)
    def test_never_more_than_an_evaluation_longer(self, clock: Clock, drift: str) -> None:
        *_, end = reports(clock, WORSE[drift])
        assert clock.now_s + END_S <= 60 + (EVAL_S + SAMPLE_S + STEP_S) * WORSE[drift](clock.now_s, end.step)

    @pytest.mark.parametrize("rhythms", [{"eval_every": 0}, {"eval_every": 7, "sample_every": 5}, {"val_frac": 0}])
    def test_with_other_rhythms(self, clock: Clock, rhythms: dict[str, Any]) -> None:
        reports(clock, DRIFTS["slower by a quarter"], **rhythms)
        assert 0.97 * 60 <= clock.now_s + END_S <= 1.03 * 60

    def test_with_what_an_earlier_start_took(self, clock: Clock) -> None:
        clock.now_s = 10.0
        list(train(new_model(TEXT), TEXT, settings(), run=RunOptions(clock=clock, started_s=0.0)))
        assert 0.97 * 60 <= clock.now_s + END_S <= 60

    def test_with_what_a_reader_of_the_reports_takes(self, clock: Clock) -> None:
        for report in train(new_model(TEXT), TEXT, settings(), run=RunOptions(clock=clock)):
            clock.work(STEP_S * (report.event == "step"))
        assert 0.97 * 60 <= clock.now_s + END_S <= 60

    def test_after_going_back(self, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
        fail_at(monkeypatch, 250, above=0.3 * 0.02)
        seen = reports(clock, on_nan="rollback")
        place = next(k for k, report in enumerate(seen) if report.event == "rollback")
        assert (seen[place].step, seen[place + 1].event, seen[place + 1].step) == (100, "plan", 100)
        assert 0.97 * 60 <= clock.now_s + END_S <= 60
        first, again = (report.learning_rate for report in seen if report.event == "step" and report.step == 101)
        assert again == pytest.approx(first / 2)  # the schedule goes back, too

    @pytest.mark.parametrize("every", [60, 105, 190])
    def test_nothing_is_evaluated_shortly_before_the_end(self, clock: Clock, every: int) -> None:
        seen = reports(clock, eval_every=every)
        *before, last = [report.step for report in seen if report.event == "eval"]
        assert before == list(range(every, last - every // 2 + 1, every))
        assert 0.97 * 60 <= clock.now_s + END_S <= 60


class TestPlans:
    def test_are_made_after_a_tenth_of_what_was_left(self, clock: Clock) -> None:
        seen = reports(clock, DRIFTS["a core is lost"])
        plans = [(report.step, report.steps) for report in seen if report.event in ("start", "plan")]
        assert len(plans) < 100
        for (step, steps), (following, _) in pairwise(plans):
            assert following == step + max(1, (steps - step) // 10)

    def test_are_events_and_everything_else_follows_the_newest(self, clock: Clock, tmp_path: Path) -> None:
        clock.slowness = DRIFTS["a core is lost"]
        run = RunOptions(folder=tmp_path, origin={"baseline": None}, clock=clock)
        seen = list(train(new_model(TEXT), TEXT, settings(), run=run))
        steps = 0
        for report in seen:
            steps = report.steps if report.event in ("start", "plan") else steps
            assert report.steps == steps
        planned = [line for line in log(tmp_path) if line["event"] == "plan"]
        assert [line["steps"] for line in planned] == [r.steps for r in seen if r.event == "plan"]
        assert planned[0].keys() == {"event", "schema", "step", "steps", "minutes", "left_s"}
        stored = load_checkpoint(tmp_path / "last.npz").training
        assert [plan[:2] for plan in stored["budget"]["plans"][1:]] == [[p["step"], p["steps"]] for p in planned]
        written = json.loads((tmp_path / "config.json").read_text("utf-8"))
        assert stored["train"]["steps"] == written["train"]["steps"] == seen[-1].step == seen[-1].steps
        assert checkpoint_history({"training": stored}).reason == "finished"

    def test_the_time_left_is_told(self, clock: Clock) -> None:
        for report in train(new_model(TEXT), TEXT, settings(), run=RunOptions(clock=clock)):
            if report.event in ("start", "plan"):
                assert report.details["minutes"] == 1
                assert report.details["left_s"] == 60 - clock.now_s

    @pytest.mark.parametrize("drift", DRIFTS)
    def test_the_rate_never_jumps_and_runs_down(self, clock: Clock, drift: str) -> None:
        rates = [r.learning_rate / 0.02 for r in reports(clock, DRIFTS[drift]) if r.event == "step"]
        assert rates[:20] == pytest.approx([(step + 1) / 20 for step in range(20)])
        falls = -np.diff(rates[20:])
        assert (falls >= 0).all()
        assert falls.max() < 10 / len(rates)
        assert rates[-1] < 0.02

    def test_a_budget_of_steps_has_none(self, clock: Clock, tmp_path: Path) -> None:
        run = RunOptions(folder=tmp_path, origin={"baseline": None}, clock=clock)
        seen = list(train(new_model(TEXT), TEXT, settings(minutes=None, steps=30), run=run))
        assert {report.steps for report in seen} == {30}
        assert "budget" not in load_checkpoint(tmp_path / "last.npz").training
        assert not any("left_s" in line or line["event"] == "plan" for line in log(tmp_path))


@pytest.mark.skipif(not PROCESSES, reason="this system trains on threads")
@pytest.mark.parametrize("how", ["workers", "ranks"])
def test_the_number_of_workers_and_ranks_changes_no_bit(clock: Clock, how: str) -> None:
    weights, plans = [], []
    for several in (False, True):
        clock.now_s, clock.slowness = 0.0, DRIFTS["a core is lost"]
        config = settings(minutes=0.4, batch_size=16, shards=2, workers=1 + several * (how == "workers"))
        model = new_model(TEXT)
        with other_ranks(2) if several and how == "ranks" else nullcontext() as group:
            seen = list(train(model, TEXT, config, run=RunOptions(clock=clock, group=group)))
        weights.append(model.params.value.copy())
        plans.append([(report.step, report.steps) for report in seen if report.event == "plan"])
    assert plans[0] == plans[1]
    np.testing.assert_array_equal(*weights)


SHORT: dict[str, Any] = {"minutes": 0.4, "eval_every": 15, "sample_every": 10, "save_every": 4}


def half_speed(_now_s: float, step: int) -> float:
    return 2.0 if step > 15 else 1.0


@pytest.mark.promise(1)
class TestStopAndResume:
    @pytest.fixture(autouse=True)
    def slower(self, clock: Clock) -> None:
        clock.slowness = half_speed

    def compare(self, folder: Path, clock: Clock, **how: Any) -> None:
        for name, options in (("whole", {}), ("parts", how)):
            clock.now_s = 0.0
            train_in(folder / name, new_model(TEXT, dropout=0.2), TEXT, settings(**SHORT), clock=clock, **options)
        whole, parts = outcome(folder / "whole"), outcome(folder / "parts")
        for what in whole:
            assert parts[what] == whole[what], what

    @pytest.mark.parametrize("late", [False, True])
    def test_after_every_update_with_the_same_clock(self, tmp_path: Path, clock: Clock, late: bool) -> None:
        self.compare(tmp_path, clock, stops=range(1, 200), late=late)
        kept = load_checkpoint(tmp_path / "whole" / "last.npz").training
        assert len(kept["budget"]["plans"]) > 10
        assert len({steps for _, steps, _ in kept["budget"]["plans"]}) > 3

    @pytest.mark.parametrize("stop", figure([1, 9, 20, 33], range(1, 60)))
    def test_once(self, tmp_path: Path, clock: Clock, stop: int) -> None:
        self.compare(tmp_path, clock, stops=[stop])

    def test_after_going_back(self, tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(trainer, "EVERY", 10)
        monkeypatch.setitem(SHORT, "on_nan", "rollback")
        monkeypatch.setitem(SHORT, "schedule", "constant")
        fail_at(monkeypatch, 35, above=0.6 * 0.02)
        self.compare(tmp_path, clock, stops=[15, 33, 36, 40])
        assert [line["step"] for line in log(tmp_path / "whole") if line["event"] == "rollback"] == [20]

    def test_the_plans_before_the_stop_are_kept_whatever_the_clock_says_then(
        self, tmp_path: Path, clock: Clock
    ) -> None:
        self.stop(tmp_path, clock, step=30)
        before = load_checkpoint(tmp_path / "last.npz").training["budget"]
        clock.slowness = lambda now_s, step: 1.0
        list(self.resumed(tmp_path, clock))
        after = load_checkpoint(tmp_path / "last.npz").training["budget"]
        assert after["plans"][: len(before["plans"])] == before["plans"]
        assert after["plans"][len(before["plans"])][0] == Plan(*before["plans"][-1]).next_step

    @pytest.mark.promise(20)
    def test_the_time_that_was_used_counts(self, tmp_path: Path, clock: Clock) -> None:
        self.stop(tmp_path, clock, step=30)
        used_s, clock.now_s = load_checkpoint(tmp_path / "last.npz").training["budget"]["used_s"], 1000.0
        *_, end = self.resumed(tmp_path, clock, started_s=998.0)
        assert end.details["reason"] == "finished"
        assert 0.9 * 24 <= used_s + (clock.now_s - 998) + END_S <= 24 + 2 * EVAL_S

    @pytest.mark.promise(20)
    def test_a_run_whose_time_is_over_ends_at_once(self, tmp_path: Path, clock: Clock) -> None:
        self.stop(tmp_path, clock, step=30)
        *_, end = self.resumed(tmp_path, clock, started_s=clock.now_s - 100)
        assert end.details["reason"] == "finished"
        assert end.step <= 31

    def test_a_checkpoint_without_plans_is_resumed_to_its_steps(self, tmp_path: Path, clock: Clock) -> None:
        self.stop(tmp_path, clock, step=30)
        kept = load_checkpoint(tmp_path / "last.npz")
        record = {name: value for name, value in kept.training.items() if name != "budget"}
        save(kept.model, tmp_path / "last.npz", training=record, tensors=kept.tensors)
        clock.slowness = lambda now_s, step: 100.0
        seen = list(self.resumed(tmp_path, clock))
        assert seen[-1].step == record["train"]["steps"]
        assert "plan" not in {report.event for report in seen}

    @pytest.mark.parametrize(
        "odd", [None, {}, {"plans": []}, {"step_s": "x"}, {"used_s": math.inf}, {"used_s": -1}]
    )
    def test_a_budget_that_cannot_be_read(self, odd: dict[str, Any] | None) -> None:
        values = Budget(1, [Plan(0, 10)], 0.1, 0.0, Clock()).to_json()
        assert Budget.from_json(values, started_s=0.0, clock=Clock()).plan == Plan(0, 10)
        values = values | odd if odd else {}
        with pytest.raises(
            CheckpointError, match=r"^the run's budget of minutes cannot be read \(.*\); train a new model$"
        ):
            Budget.from_json(values, started_s=0.0, clock=Clock())

    def stop(self, folder: Path, clock: Clock, *, step: int) -> None:
        stop = iter(range(1, 1000))
        run = RunOptions(
            folder=folder, origin={"baseline": None}, clock=clock, should_stop=lambda: next(stop) > 2 * step - 1
        )
        *_, end = train(new_model(TEXT), TEXT, settings(**SHORT), run=run)
        assert (end.step, end.details["reason"]) == (step, "interrupted")

    def resumed(self, folder: Path, clock: Clock, **options: Any) -> Iterator[Report]:
        kept = load_checkpoint(folder / "last.npz")
        run = RunOptions(
            folder=folder,
            origin=kept.training["origin"],
            resumed=(kept.training, kept.tensors),
            clock=clock,
            **options,
        )
        config = from_mapping(charlm.TrainConfig, kept.training["train"])
        return train(kept.model, TEXT, replace(config), run=run)


@given(
    warmup=st.integers(0, 30),
    changes=st.lists(st.tuples(st.integers(0, 20), st.integers(0, 50)), min_size=1, max_size=6),
    schedule=st.sampled_from(["constant", "cosine", "step"]),
)
def test_a_changed_plan_moves_the_schedule_nowhere_at_once(
    warmup: int, changes: list[tuple[int, int]], schedule: Any
) -> None:
    plan, step = Plan(0, 50), 0
    for gone, left in changes:
        step = min(step + gone, plan.steps)
        done = schedule_progress(step, plan.steps, warmup=warmup, since=plan.step, done=plan.done)
        before = rate_factor(step, plan.steps, schedule=schedule, warmup=warmup, since=plan.step, done=plan.done)
        plan = Plan(step, step + left, done)
        assert schedule_progress(step, plan.steps, warmup=warmup, since=step, done=done) == pytest.approx(done)
        after = rate_factor(step, plan.steps, schedule=schedule, warmup=warmup, since=step, done=done)
        assert after == pytest.approx(before)
    if plan.steps > max(step, warmup):
        end = schedule_progress(plan.steps, plan.steps, warmup=warmup, since=step, done=plan.done)
        assert end == pytest.approx(1)


@given(st.integers(0, 10**6), st.integers(0, 10**6), st.integers(0, 2000))
def test_the_first_plan_is_the_schedule_of_so_many_steps_bit_for_bit(step: int, more: int, warmup: int) -> None:
    steps = step + more
    if step >= warmup:
        assert schedule_progress(step, steps, warmup=warmup) == (step - warmup) / max(1, steps - warmup)
