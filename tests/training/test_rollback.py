"""``--on-nan rollback``: on from the last good state with half the rate, reproducible to the bit."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import charlm
from charlm.checkpoint import load_checkpoint
from charlm.runs.report import Report
from charlm.text.batches import Batch
from charlm.training import run_loop, task, trainer
from charlm.training.parallel.team import Team
from charlm.training.rollback import GoodStates
from charlm.training.train import train
from tests.figures import figure

from .runs import log, new_model, outcome, train_in
from .test_train import compare, settings

pytestmark = pytest.mark.promise(10)
STEPS, RATE = 60, 0.02


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch, no_fsync: None) -> None:
    """Note a state every ten updates, write short samples, and do not wait for the disk."""
    monkeypatch.setattr(task, "SAMPLE_LENGTH", 9)
    monkeypatch.setattr(trainer, "EVERY", 10)


def fail_at(monkeypatch: pytest.MonkeyPatch, step: int, above: float, value: float = math.nan) -> None:
    """Let the update after `step` others fail while the rate is above a bound, whoever does it."""
    update = Team.update

    def planted(team: Team, batch: Batch, **rates: float) -> tuple[float, float]:
        if team.optimizer.steps == step and rates["lr"] > above:
            return value, 1.0
        return update(team, batch, **rates)

    monkeypatch.setattr(Team, "update", planted)


def made(sampling: str = "sequential", **more: Any) -> tuple[str, dict[str, Any], charlm.TrainConfig]:
    every = {"eval_every": 8, "sample_every": 0, "save_every": 5, "warmup": 0, "schedule": "constant"}
    return settings(
        "lstm", sampling, **{"steps": STEPS, "learning_rate": RATE, "on_nan": "rollback", **every, **more}
    )


def reports(**more: Any) -> list[Report]:
    text, shape, config = made(**more)
    return list(train(new_model(text, **shape), text, config))


def test_it_goes_back_by_the_older_of_two_states_and_halves_the_rate(monkeypatch: pytest.MonkeyPatch) -> None:
    fail_at(monkeypatch, 35, above=0.6 * RATE)
    seen = reports()
    (back,) = [report for report in seen if report.event == "rollback"]
    assert back.step == 20
    assert back.details == {"from_step": 36, "rate": RATE / 2}
    assert back.text == "back to step 20 at half the rate, 0.01: at update 36 the loss is nan"
    place = seen.index(back)
    assert [report.learning_rate for report in seen[:place] if report.event == "step"] == [RATE] * 35
    after = [report for report in seen[place:] if report.event == "step"]
    assert [report.step for report in after] == list(range(21, STEPS + 1))
    assert {report.learning_rate for report in after} == {RATE / 2}
    assert seen[-1].details["reason"] == "finished"


def test_the_first_update_after_it_is_the_one_after_that_state(monkeypatch: pytest.MonkeyPatch) -> None:
    fail_at(monkeypatch, 35, above=0.6 * RATE)
    losses = [(report.step, report.loss) for report in reports() if report.event == "step"]
    first, again = (loss for step, loss in losses if step == 21)
    assert first == again
    first, again = (loss for step, loss in losses if step == 22)
    assert first != again  # the rate of the one before was another


@pytest.mark.parametrize("sampling", ["sequential", "random", "documents"])
def test_stop_and_resume_change_no_bit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sampling: str) -> None:
    fail_at(monkeypatch, 35, above=0.6 * RATE)
    text, shape, config = made(sampling)
    # 33 stops between the newer state and the failure, and then again after going back
    compare(tmp_path, text, shape, config, stops=figure([5, 33, 36], range(1, STEPS)))
    assert [line["step"] for line in log(tmp_path / "whole") if line["event"] == "rollback"] == [20]
    tensors = load_checkpoint(tmp_path / "parts" / "last.npz").tensors
    assert {name.split(".")[1] for name in tensors if name.startswith("rollback.")} == {"0", "1"}


def test_neither_do_saving_and_evaluating(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fail_at(monkeypatch, 35, above=0.6 * RATE)
    folders = []
    for name, every in (("often", 1), ("never", 0)):
        text, shape, config = made(eval_every=every, save_every=every, sample_every=every)
        folders.append(tmp_path / name)
        train_in(folders[-1], new_model(text, **shape), text, config)
    often, never = map(outcome, folders)
    assert often["tensors"] == never["tensors"]


def test_without_a_failure_it_changes_nothing() -> None:
    losses = [
        [report.loss for report in reports(on_nan=on_nan) if report.event == "step"]
        for on_nan in ("stop", "rollback")
    ]
    assert losses[0] == losses[1]


def test_it_gives_up_in_the_end_and_keeps_the_good_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fail_at(monkeypatch, 35, above=0.0)
    text, shape, config = made()
    with pytest.raises(charlm.DivergedError, match=r"update 36, after 10 rollbacks: .*; the last good state is in"):
        train_in(tmp_path / "run", new_model(text, **shape), text, config)
    lines = log(tmp_path / "run")
    assert [line["rate"] for line in lines if line["event"] == "rollback"] == [RATE / 2**k for k in range(1, 11)]
    assert run_loop.ROLLBACKS == 10
    checkpoint = load_checkpoint(tmp_path / "run" / "last.npz")
    assert checkpoint.training["progress"]["step"] == 20
    assert all(np.isfinite(tensor).all() for tensor in checkpoint.model.tensors().values())


def test_a_real_divergence_is_got_over() -> None:
    # decay multiplies the weights by 1 - rate: growth at 6 and 3, none at 1.5
    text, shape, config = made(optimizer="sgd", learning_rate=6.0, weight_decay=1.0, steps=200)
    seen = list(train(new_model(text, **shape), text, config))
    assert [report.details["rate"] for report in seen if report.event == "rollback"] == [3.0, 1.5]
    assert seen[-1].details["reason"] == "finished"


def test_what_is_hopeless_is_gone_back_from_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_loop, "PATIENCE", 5)
    text, shape, config = made()
    config = replace(config, learning_rate=1e5, optimizer="adagrad")
    seen = list(train(new_model(text, **shape), text, config))
    backs = [report for report in seen if report.event == "rollback"]
    assert backs
    assert "for 5 updates the loss has been above 100 times 2.83, what guessing costs" in backs[0].text
    assert backs[0].step == 0  # no state is noted where guessing is better


def test_a_state_that_lacks_something_is_refused() -> None:
    states = GoodStates()
    tensors = {"w": np.zeros(2)}
    with pytest.raises(KeyError):
        states.restore([{}], {}, like=tensors)
    with pytest.raises(charlm.CheckpointError, match=r"tensor w has shape \(3,\), not \(2,\)"):
        states.restore([{}], {"rollback.0.w": np.zeros(3)}, like=tensors)


def test_states_are_copies() -> None:
    states, tensors, record = GoodStates(), {"w": np.zeros(2)}, {"cursor": [1]}
    states.add(record, tensors)
    tensors["w"][:] = 1
    record["cursor"].append(2)
    kept = states.drop_newer()
    assert (kept.record, kept.tensors["w"].tolist()) == ({"cursor": [1]}, [0.0, 0.0])
