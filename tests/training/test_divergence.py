"""Training that diverges: what is noticed, what is kept, and what is said."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import charlm
from charlm.checkpoint import load_checkpoint
from charlm.runs.history import read_log
from charlm.training.parallel.team import Team
from charlm.training.train import RunOptions, train
from charlm.training.trainer import Trainer
from tests.figures import figure

from .runs import log, make_text, new_model, outcome, train_in
from .test_train import settings

pytestmark = pytest.mark.promise(10)


@pytest.fixture(autouse=True)
def short_samples(monkeypatch: pytest.MonkeyPatch, no_fsync: None) -> None:
    monkeypatch.setattr("charlm.training.task.SAMPLE_LENGTH", 9)


def go_on(folder: Path, text: str) -> None:
    saved = load_checkpoint(folder / "last.npz")
    options = RunOptions(folder=folder, resumed=(saved.training, saved.tensors))
    list(train(saved.model, text, charlm.TrainConfig(**saved.training["train"]), run=options))


class TestDivergence:
    def diverge(self, folder: Path, *, plant_at: int, monkeypatch: pytest.MonkeyPatch, kind: float) -> str:
        text, shape, config = settings("lstm", "sequential", save_every=0, eval_every=0)
        model = new_model(text, **shape)
        update, count = Team.update, 0

        def planted(team: Team, batch: Any, **rates: float) -> tuple[float, float]:
            nonlocal count
            count += 1
            if count == plant_at:
                team._arrays["gradients"][0, 0] = kind
                monkeypatch.setattr(
                    team._rank, "_differentiate", lambda *_: team._arrays["gradients"].__setitem__((0, 0), kind)
                )
            return update(team, batch, **rates)

        monkeypatch.setattr(Team, "update", planted)
        with pytest.raises(charlm.DivergedError) as caught:
            train_in(folder, model, text, config)
        return str(caught.value)

    @pytest.mark.parametrize("kind", [np.nan, np.inf, -np.inf])
    def test_the_last_good_state_is_kept(self, tmp_path, monkeypatch, kind):
        message = self.diverge(tmp_path / "run", plant_at=6, monkeypatch=monkeypatch, kind=kind)
        assert message.startswith("training diverged at update 6: the norm of the gradient is ")
        assert f"the last good state is in {str(tmp_path / 'run')!r}; try `learning_rate=0.0067`" in message
        assert [line["event"] for line in log(tmp_path / "run")][-2:] == ["save", "end"]
        end = log(tmp_path / "run")[-1]  # told in the log as well
        assert (end["reason"], end["step"], end["diverged_at"]) == ("diverged", 5, 6)
        assert end["cause"].startswith("the norm of the gradient is ")
        assert (read_log(tmp_path / "run" / "log.jsonl").reason, message.count(end["cause"])) == ("diverged", 1)
        monkeypatch.undo()
        text, shape, config = settings("lstm", "sequential", save_every=0, eval_every=0)
        train_in(tmp_path / "good", new_model(text, **shape), text, config, stops=[5])
        saved = charlm.checkpoint.load_checkpoint(tmp_path / "run" / "last.npz")
        assert saved.training["progress"]["step"] == 5
        # from there the run goes on as if nothing had been
        options = RunOptions(resumed=(saved.training, saved.tensors))
        list(train(saved.model, text, charlm.TrainConfig(**saved.training["train"]), run=options))
        np.testing.assert_array_equal(
            saved.model.params.value, charlm.load(tmp_path / "good" / "last.npz").params.value
        )

    def test_it_goes_on_with_a_log_as_if_nothing_had_been(self, tmp_path, monkeypatch):
        with pytest.MonkeyPatch.context() as patch:
            self.diverge(tmp_path / "run", plant_at=6, monkeypatch=patch, kind=np.nan)
        text, shape, config = settings("lstm", "sequential", save_every=0, eval_every=0)
        train_in(tmp_path / "whole", new_model(text, **shape), text, config)
        go_on(tmp_path / "run", text)
        whole, run = outcome(tmp_path / "whole"), outcome(tmp_path / "run")
        assert {**run, "record": None} == {**whole, "record": None}
        ends = [line["reason"] for line in log(tmp_path / "run") if line["event"] == "end"]
        assert ends == ["diverged", "finished"]

    def test_what_was_not_saved_is_cut_off_the_log_with_its_end(self, tmp_path, monkeypatch):
        text, shape, config = settings("lstm", "sequential", save_every=4, eval_every=0)
        update = Trainer.update

        def planted(trainer: Trainer) -> Any:
            if trainer.progress.step == 6:
                trainer._all_tensors()["head.b"].flat[-1] = np.nan
            return update(trainer)

        with monkeypatch.context() as patch:
            patch.setattr(Trainer, "update", planted)
            with pytest.raises(charlm.DivergedError):
                train_in(tmp_path / "run", new_model(text, **shape), text, config)
        assert log(tmp_path / "run")[-1]["reason"] == "diverged"
        train_in(tmp_path / "whole", new_model(text, **shape), text, config)
        go_on(tmp_path / "run", text)
        whole, run = outcome(tmp_path / "whole"), outcome(tmp_path / "run")
        assert {**run, "record": None} == {**whole, "record": None}
        assert [line["reason"] for line in log(tmp_path / "run") if line["event"] == "end"] == ["finished"]

    @pytest.mark.parametrize("optimizer", ["sgd", "adagrad", "adam"])
    def test_an_absurd_rate(self, tmp_path, optimizer):
        text, shape, config = settings("rnn", "sequential", optimizer=optimizer, momentum=0.0, save_every=1)
        with pytest.raises(
            charlm.DivergedError, match=r"^training diverged at update \d+: .*; try `learning_rate=3.3e\+36`"
        ):
            train_in(
                tmp_path / "run",
                new_model(text, **shape),
                text,
                replace(config, learning_rate=1e37, clip_norm=0.0, weight_decay=1e5, steps=40, warmup=0),
            )
        for name in ("last.npz", "best.npz"):
            if (tmp_path / "run" / name).exists():
                checkpoint = charlm.checkpoint.load_checkpoint(tmp_path / "run" / name)
                for tensor in (*checkpoint.model.tensors().values(), *checkpoint.tensors.values()):
                    assert np.isfinite(tensor).all()

    def test_weights_that_are_not_finite_are_never_saved(self, tmp_path):
        text, shape, config = settings("rnn", "sequential", optimizer="adagrad", momentum=0.0)
        config = replace(config, learning_rate=1e39, warmup=0, steps=1)
        with pytest.raises(charlm.DivergedError, match=r"update 1: tensor .* is not finite; nothing was saved yet"):
            train_in(tmp_path / "run", new_model(text, **shape), text, config)
        assert not list((tmp_path / "run").iterdir())


SHAPES: dict[str, dict[str, Any]] = {
    "rnn": {"cell": "rnn", "embedding_size": 3},
    "lstm": {"cell": "lstm", "layers": 2},
    "gru": {"cell": "gru"},
}


def tensors_of(cell: str) -> list[str]:
    model = new_model(make_text(30), **SHAPES[cell])
    slots = [f"optimizer.m.{name}" for name in model.tensors()]
    parts = "hc" if cell == "lstm" else "h"
    averages = [f"ema.{name}" for name in model.tensors()] if cell == "lstm" else []
    return [
        *model.tensors(),
        *slots,
        *averages,
        *(f"state.{k}.{part}" for k in range(model.config.layers) for part in parts),
    ]


@pytest.mark.parametrize("value", figure([np.nan], [np.nan, np.inf, -np.inf]), ids=str)
@pytest.mark.parametrize(("cell", "name"), [(cell, name) for cell in SHAPES for name in tensors_of(cell)])
def test_what_is_planted_in_a_tensor_is_never_saved(tmp_path, monkeypatch, cell, name, value):
    how = {"optimizer": "adagrad", "momentum": 0.0, "save_every": 2, "eval_every": 2}
    text, _, config = settings(cell, "sequential", seq_length=7, **how)  # no pass begins where it is planted
    update = Trainer.update

    def planted(trainer: Trainer) -> Any:
        if trainer.progress.step == 5:
            trainer._all_tensors()[name].flat[-1] = value
        return update(trainer)

    monkeypatch.setattr(Trainer, "update", planted)
    with pytest.raises(charlm.DivergedError) as caught:
        train_in(tmp_path / "run", new_model(text, **SHAPES[cell]), text, config)
    assert caught.value.exit_code == 6
    assert f"; the last good state is in {str(tmp_path / 'run')!r}; " in str(caught.value)
    assert name.removeprefix("optimizer.m.") in str(caught.value)
    for file in ("last.npz", "best.npz"):
        kept = load_checkpoint(tmp_path / "run" / file)
        assert kept.training["progress"]["step"] == 4
        for tensor in (kept.model.tensors() | kept.tensors).values():
            assert np.isfinite(tensor).all()


class TestHopeless:
    """All is finite and of no use."""

    def absurd(self, **more: Any) -> tuple[str, dict[str, Any], charlm.TrainConfig]:
        every = {"save_every": 50, "eval_every": 50, "sample_every": 0, "schedule": "constant", "warmup": 0}
        shape = {"optimizer": "adagrad", "momentum": 0.0, "learning_rate": 1e10, "steps": 260}
        return settings("rnn", "sequential", **shape, **every, **more)

    def test_it_ends_with_an_error(self, tmp_path):
        text, shape, config = self.absurd()
        with pytest.raises(charlm.DivergedError) as caught:
            train_in(tmp_path / "run", new_model(text, **shape), text, config)
        message = str(caught.value)
        assert "for 200 updates the loss has been above 100 times 2.83, what guessing costs, and is " in message
        assert message.endswith("; try `learning_rate=3.3e+09`")
        warnings = [line for line in log(tmp_path / "run") if line["event"] == "warning"]
        assert [line["step"] for line in warnings] == [200]  # first a word, and in the log how it came about
        assert warnings[0]["text"].startswith("for 200 updates the loss has been above 2.83, what guessing costs")

    def test_what_was_good_is_not_saved_over(self, tmp_path):
        text, shape, config = self.absurd()
        config = replace(config, learning_rate=0.1, steps=400)
        update = Team.update

        def absurd_later(team: Team, batch: Any, **rates: float) -> tuple[float, float]:
            later = {"lr": 1e10} if team.optimizer.steps >= 100 else {}
            return update(team, batch, **{**rates, **later})

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Team, "update", absurd_later)
            with pytest.raises(charlm.DivergedError, match="; the last save is in "):
                train_in(tmp_path / "run", new_model(text, **shape), text, config)
        assert load_checkpoint(tmp_path / "run" / "last.npz").training["progress"]["step"] == 100

    def test_a_short_run_is_warned_of_at_its_end(self):
        text, shape, config = self.absurd()
        reports = list(train(new_model(text, **shape), text, replace(config, steps=20)))
        (warning,) = [report for report in reports if report.event == "warning"]
        assert warning.text.startswith("the loss ended far above 2.83, what guessing costs; try `learning_rate=")
        assert reports[-1].details["reason"] == "finished"

    @pytest.mark.parametrize("rate", [0.1, 1.0, 3.0])
    def test_a_rate_that_is_only_high_is_no_reason(self, rate):
        text, shape, config = self.absurd()
        *_, end = train(new_model(text, **shape), text, replace(config, learning_rate=rate))
        assert end.details["reason"] == "finished"

    def test_a_run_as_it_should_be_is_not_warned_of(self):
        text, shape, config = self.absurd()
        for steps in (0, 1, 300):
            reports = train(new_model(text, **shape), text, replace(config, learning_rate=0.1, steps=steps))
            assert "warning" not in {report.event for report in reports}


def test_a_text_that_is_too_short_for_the_settings_is_said():
    text, shape, config = settings("rnn", "sequential", batch_size=16, seq_length=300)
    reports = list(train(new_model(text, **shape), text, config))
    (warning,) = [report for report in reports if report.event == "warning"]
    assert (warning.step, reports[1]) == (0, warning)
    assert warning.text == ("the text is too short for the settings: `batch_size=1` instead of 16")
