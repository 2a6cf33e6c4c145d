"""Training is the same whatever happens around it: stopping, going on, evaluating, saving, sampling."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import charlm
from charlm.checkpoint import load_checkpoint
from charlm.training.budget import Plan
from charlm.training.parallel.team import PROCESSES, Team
from charlm.training.task import text_task
from charlm.training.train import RunOptions, train
from charlm.training.trainer import Trainer
from charlm.training.validation import validation_loss
from tests.figures import figure

from .runs import log, make_names, make_text, new_model, outcome, train_in

STEPS = 9
TEXT, NAMES = make_text(130), make_names(40)
CELLS: dict[str, dict[str, Any]] = {
    "rnn": {"cell": "rnn", "dropout": 0.2},
    "lstm": {"cell": "lstm", "dropout": 0.2, "weight_drop": 0.3, "layers": 2},
    "gru": {"cell": "gru", "dropout": 0.2, "variational": True, "embedding_size": 5},
}
OPTIMIZERS = {"rnn": "sgd", "lstm": "adagrad", "gru": "adamw"}


@pytest.fixture(autouse=True)
def short_samples(monkeypatch: pytest.MonkeyPatch, no_fsync: None) -> None:
    monkeypatch.setattr("charlm.training.task.SAMPLE_LENGTH", 9)


def settings(cell: str, sampling: str, **more: Any) -> tuple[str, dict[str, Any], charlm.TrainConfig]:
    documents = sampling == "documents"
    config = charlm.TrainConfig(
        **{
            "optimizer": OPTIMIZERS[cell],
            "learning_rate": 0.02,
            "momentum": 0.5 if cell == "rnn" else 0.0,
            "schedule": "cosine",
            "warmup": 3,
            "ema": 0.9 if cell == "lstm" else 0.0,
            "sampling": "sequential" if documents else sampling,
            "documents": documents,
            "batch_size": 16,
            "seq_length": 9,
            "shards": 2,
            "workers": 1,
            "steps": STEPS,
            "eval_every": 2,
            "sample_every": 4,
            "log_every": 1,
            **more,
        }
    )
    return NAMES if documents else TEXT, CELLS[cell] | {"stop": documents}, config


def compare(tmp_path: Path, text: str, shape: dict[str, Any], config: charlm.TrainConfig, **how: Any) -> None:
    train_in(tmp_path / "whole", new_model(text, **shape), text, config)
    train_in(tmp_path / "parts", new_model(text, **shape), text, config, **how)
    whole, parts = outcome(tmp_path / "whole"), outcome(tmp_path / "parts")
    for what in whole:
        assert parts[what] == whole[what], what
    ends = [line["reason"] for line in log(tmp_path / "parts") if line["event"] == "end"]
    assert ends == ["interrupted"] * len(how["stops"]) + ["finished"]


@pytest.mark.promise(1)
@pytest.mark.parametrize("sampling", ["sequential", "random", "documents"])
@pytest.mark.parametrize("cell", CELLS)
class TestStopAndResume:
    def test_after_every_update(self, tmp_path, cell, sampling):
        steps = figure(STEPS, 200)
        compare(tmp_path, *settings(cell, sampling, steps=steps), stops=range(1, steps))

    def test_after_what_was_due_then(self, tmp_path, cell, sampling):
        steps = figure(5, 200)
        compare(tmp_path, *settings(cell, sampling, steps=steps), stops=range(1, steps), late=True)

    def test_with_two_workers(self, tmp_path, cell, sampling, monkeypatch):
        monkeypatch.setitem(Team.__init__.__kwdefaults__, "processes", False)
        steps = figure(STEPS, 200)
        stops = figure([1, 4, 8], range(1, steps))
        compare(tmp_path, *settings(cell, sampling, workers=2, steps=steps), stops=stops)

    def test_with_another_number_of_workers(self, tmp_path, cell, sampling, monkeypatch):
        monkeypatch.setitem(Team.__init__.__kwdefaults__, "processes", False)
        compare(tmp_path, *settings(cell, sampling), stops=[3], workers=2)


@pytest.mark.promise(1)
@pytest.mark.skipif(not PROCESSES, reason="this system trains on threads")
@pytest.mark.parametrize(("cell", "sampling"), [("rnn", "documents"), ("lstm", "sequential"), ("gru", "random")])
def test_stop_and_resume_with_two_processes(tmp_path, cell, sampling):
    steps = figure(STEPS, 200)
    stops = figure([5], range(5, steps, 13))  # processes take their time to start
    compare(tmp_path, *settings(cell, sampling, workers=2, steps=steps), stops=stops)


def test_the_position_of_min_char_rnn_is_kept(tmp_path):
    text, shape, config = settings(
        "rnn", "min-char-rnn", batch_size=1, shards=1, val_frac=0, steps=80, seq_length=25
    )
    compare(tmp_path, text, shape, config, stops=[1, 21, 22, 60])
    smooth = [line["smooth_loss"] for line in log(tmp_path / "whole") if line["event"] == "step"]
    assert len(smooth) == 80


FORGOTTEN: dict[str, Callable[[Trainer], object]] = {
    "slots": lambda trainer: trainer.optimizer.slots["m"].fill(0),
    "state": lambda trainer: trainer.team.state[0][0].fill(0),
    "cursor": lambda trainer: trainer.batches.next(),
    "dropout": lambda trainer: setattr(trainer.optimizer, "steps", 0),
    "chance": lambda trainer: trainer.rng.random(),
    "schedule": lambda trainer: setattr(trainer, "plan", Plan(0, STEPS + 1)),
}


@pytest.mark.parametrize("forgotten", FORGOTTEN)
def test_what_is_forgotten_is_noticed(tmp_path, monkeypatch, forgotten):
    text, shape, config = settings("lstm", "sequential")

    class Forgetful(Trainer):
        def restore(self, record: Any, tensors: Any) -> None:
            super().restore(record, tensors)
            FORGOTTEN[forgotten](self)

    monkeypatch.setattr("charlm.training.train.Trainer", Forgetful)
    with pytest.raises(AssertionError, match="tensors"):
        compare(tmp_path, text, shape, config, stops=[4])


@pytest.mark.promise(2)
@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("sampling", ["sequential", "random", "documents"])
def test_looking_at_a_run_changes_no_bit_of_it(tmp_path, cell, sampling):
    text, shape, config = settings(cell, sampling, steps=figure(STEPS, 200))
    rhythms = ("eval_every", "save_every", "sample_every", "log_every")
    folders = []
    for name, every in (("often", 1), ("never", 0)):
        folders.append(tmp_path / name)
        train_in(folders[-1], new_model(text, **shape), text, replace(config, **dict.fromkeys(rhythms, every)))
    often, never = map(outcome, folders)
    assert often["tensors"] == never["tensors"]
    assert {**often["record"], "progress": 0} == {**never["record"], "progress": 0}
    model = new_model(text, **shape)
    assert list(train(model, text, config))  # and keeping nothing at all
    for name, tensor in model.tensors().items():
        assert often["tensors"][name] == (tensor.dtype.str, tensor.tobytes())


def test_every_save_minutes(tmp_path):
    text, shape, config = settings("rnn", "random", save_minutes=1e-9, save_every=0, eval_every=0)
    train_in(tmp_path / "run", new_model(text, **shape), text, config)
    assert sum(line["event"] == "save" for line in log(tmp_path / "run")) == STEPS


def test_what_is_reported(tmp_path):
    text, shape, config = settings("gru", "sequential", log_every=4, eval_every=3, sample_every=5, save_every=0)
    reports = train_in(tmp_path / "run", new_model(text, **shape), text, config)
    seen = [(report.event, report.step) for report in reports]
    assert seen[0] == ("start", 0)
    assert [step for event, step in seen if event == "step"] == [1, 4, 8, 9]
    assert [step for event, step in seen if event == "eval"] == [3, 6, 9]
    assert [step for event, step in seen if event == "sample"] == [5, 9]
    assert seen[-4:] == [("eval", 9), ("sample", 9), ("save", 9), ("end", 9)]
    assert all(report.steps == STEPS for report in reports)
    assert [line["event"] for line in log(tmp_path / "run")] == [report.event for report in reports]
    start = reports[0].details
    assert start["parameters"] == new_model(text, **shape).params.value.size
    assert (start["shards"], start["workers"], start["resumed"]) == (2, 1, False)
    assert start["config"]["train"]["steps"] == STEPS
    assert start["characters"] + start["validation_characters"] - 256 == len(text)


def test_no_step_is_logged_if_that_is_asked_for():
    text, shape, config = settings("rnn", "sequential", log_every=0)
    assert "step" not in {report.event for report in train(new_model(text, **shape), text, config)}


def test_the_best_weights_are_the_ones_with_the_lowest_loss(tmp_path):
    text, shape, config = settings("rnn", "random", eval_every=1, learning_rate=30.0, steps=14)
    train_in(tmp_path / "run", new_model(text, **shape), text, config)
    losses = [line["loss"] for line in log(tmp_path / "run") if line["event"] == "eval"]
    best = charlm.checkpoint.load_checkpoint(tmp_path / "run" / "best.npz")
    assert best.training["progress"]["step"] == 1 + int(np.argmin(losses)) < 14
    assert best.training["progress"]["best_loss"] == min(losses)


def test_nothing_is_trained_that_nobody_asks_for():
    text, shape, config = settings("rnn", "sequential")
    model = new_model(text, **shape)
    start = model.params.value.copy()
    events = train(model, text, config)
    assert next(events).event == "start"
    np.testing.assert_array_equal(model.params.value, start)
    list(islice(events, 2))
    assert (model.params.value != start).any()
    events.close()
    model.params.value[0] = 0  # the memory is the model's own again


def test_no_update_at_all_leaves_the_start_weights(tmp_path):
    text, shape, config = settings("lstm", "sequential", steps=0, sample_every=0)
    reports = train_in(tmp_path / "run", new_model(text, **shape), text, config)
    assert [report.event for report in reports] == ["start", "eval", "save", "end"]
    for name in ("last.npz", "best.npz"):
        np.testing.assert_array_equal(
            charlm.load(tmp_path / "run" / name).params.value, new_model(text, **shape).params.value
        )


def test_without_validation_the_last_weights_are_the_best(tmp_path):
    text, shape, config = settings("lstm", "sequential", val_frac=0, ema=0.0)
    reports = train_in(tmp_path / "run", new_model(text, **shape), text, config)
    assert reports[0].details["validation_characters"] == 0
    best, last = (charlm.load(tmp_path / "run" / name).params.value for name in ("best.npz", "last.npz"))
    np.testing.assert_array_equal(best, last)


def test_averaged_weights_are_evaluated_and_kept_as_the_best(tmp_path):
    text, shape, config = settings("lstm", "sequential", val_frac=0.2, steps=4, eval_every=4)
    reports = train_in(tmp_path / "run", new_model(text, **shape), text, config)
    best, last = (charlm.load(tmp_path / "run" / name) for name in ("best.npz", "last.npz"))
    average = np.concatenate(
        [np.load(tmp_path / "run" / "last.npz")[f"ema.{name}"].ravel() for name in last.params]
    )
    np.testing.assert_array_equal(best.params.value, average)
    assert (average != last.params.value).mean() > 0.9
    (loss,) = [report.loss for report in reports if report.event == "eval"]
    held_out = text_task(best.vocabulary, text, config).held_out
    assert loss == validation_loss(best, held_out, best.target_nats)


def test_defaults_learn_from_python():
    text = make_text(300)
    model = new_model(text, hidden_size=16)
    before = charlm.evaluate(model, text).nats
    *_, end = charlm.train(model, text, charlm.TrainConfig(epochs=3, shards=1))
    assert end.event == "end"
    assert charlm.evaluate(model, text).nats < before - 0.3


def test_what_comes_before_the_first_update_is_named(tmp_path: Path) -> None:
    phases: list[str] = []
    run = RunOptions(folder=tmp_path, on_phase=phases.append)
    text = make_text(300)
    reports = train(new_model(text), text, charlm.TrainConfig(minutes=5, counts=True), run=run)
    assert not phases
    assert next(reports).event == "start"
    reports.close()
    assert phases == [
        "encoding the text",
        "counting n-grams for the baseline",
        "counting n-grams for the mixture",
        "measuring the pace to fill the minutes",
        "preparing the first update",
    ]


def test_a_lost_best_is_made_again(tmp_path: Path) -> None:
    """A run that stops right after its best evaluation goes on with those weights, and has them on disk again."""
    text, shape, config = settings("lstm", "sequential", eval_every=2, sample_every=0)
    model, folder = new_model(text, **shape), tmp_path / "run"
    folder.mkdir()
    seen: list[Any] = []

    def is_evaluated() -> bool:
        return any(report.event == "eval" for report in seen)

    run = RunOptions(folder=folder, origin={"baseline": None}, should_stop=is_evaluated)
    seen.extend(train(model, text, config, run=run))
    assert [(report.step, report.best) for report in seen if report.event == "eval"] == [(2, True)]
    assert seen[-1].step == 2
    best, content = folder / "best.npz", charlm.load(folder / "best.npz").params.value.copy()
    best.unlink()
    last = load_checkpoint(folder / "last.npz")
    resumed = replace(run, resumed=(last.training, last.tensors), should_stop=lambda: False)
    with contextlib.closing(train(last.model, text, config, run=resumed)) as training:
        assert next(training).event == "start"
        np.testing.assert_array_equal(charlm.load(best).params.value, content)


def test_samples_are_whole_lines(tmp_path: Path) -> None:
    _, shape, config = settings("lstm", "sequential", steps=2, sample_every=1)
    lines = "one two three four five six seven eight nine ten\n" * 40
    model = new_model(lines, **shape)
    samples = [report.text for report in train(model, lines, config) if report.event == "sample"]
    assert len(samples) == 2
    assert all(9 - 1 <= len(text) < 9 + 200 and not text.endswith("\n") for text in samples)


def test_samples_of_documents_are_a_line_each(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("charlm.training.task.SAMPLE_LENGTH", 60)
    _, shape, config = settings("lstm", "documents", steps=1, sample_every=1, learning_rate=0.0)
    names = "ab\nba\nabba\n" * 9
    model = new_model(names, **shape)
    model.params["head.b"][model.vocabulary.stop_id] += 2
    (sample,) = (report.text for report in train(model, names, config) if report.event == "sample")
    assert 4 < len(sample.split("\n")) <= 10
    assert set(sample) <= set("ab\n")
