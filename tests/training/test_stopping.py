"""A stop saves at once; what was due is made up for; and a run that never evaluated gets its ``best.npz``."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import charlm
from charlm.checkpoint import is_unfinished, load_checkpoint
from charlm.config import from_mapping
from charlm.training.train import RunOptions, train
from charlm.training.trainer import Trainer

from .runs import log, new_model, outcome, train_in
from .test_train import STEPS, settings

pytestmark = pytest.mark.promise(9)


@pytest.fixture(autouse=True)
def short_samples(monkeypatch: pytest.MonkeyPatch, no_fsync: None) -> None:
    monkeypatch.setattr("charlm.training.task.SAMPLE_LENGTH", 9)


def stopped(folder: Path, step: int, **more: object) -> list[tuple[str, int]]:
    """Train until a stop after so many updates; return the events after the last of them."""
    folder.mkdir()
    text, shape, config = settings("lstm", "sequential", **more)
    seen: list[tuple[str, int]] = []
    options = RunOptions(folder=folder, should_stop=lambda: ("step", step) in seen)
    seen.extend(
        (report.event, report.step) for report in train(new_model(text, **shape), text, config, run=options)
    )
    return seen[seen.index(("step", step)) + 1 :]


def resumed(folder: Path) -> None:
    text, _, _ = settings("lstm", "sequential")
    checkpoint = load_checkpoint(folder / "last.npz")
    config = from_mapping(charlm.TrainConfig, checkpoint.training["train"])
    options = RunOptions(folder=folder, resumed=(checkpoint.training, checkpoint.tensors))
    list(train(checkpoint.model, text, config, run=options))


@pytest.fixture
def whole(tmp_path: Path) -> dict[str, object]:
    text, shape, config = settings("lstm", "sequential")
    folder = tmp_path / "whole"
    train_in(folder, new_model(text, **shape), text, config)
    return {**outcome(folder), "record": None}  # the origin is another


def test_the_save_comes_before_what_was_due(tmp_path: Path, whole: dict[str, object]) -> None:
    # an evaluation and a sample were due after the fourth update
    assert stopped(tmp_path / "run", 4) == [("save", 4), ("end", 4)]
    resumed(tmp_path / "run")
    assert {**outcome(tmp_path / "run"), "record": None} == whole
    assert [line["step"] for line in log(tmp_path / "run") if line["event"] == "sample"] == [4, 8, STEPS]


def test_before_the_first_evaluation_there_is_a_best_all_the_same(tmp_path: Path, whole: dict[str, object]) -> None:
    run = tmp_path / "run"
    assert stopped(run, 1) == [("save", 1), ("eval", 1), ("save", 1), ("end", 1)]
    last, best = load_checkpoint(run / "last.npz"), load_checkpoint(run / "best.npz")
    for name, tensor in best.model.tensors().items():
        np.testing.assert_array_equal(tensor, last.tensors[f"ema.{name}"])
    assert last.training["progress"]["best_loss"] is None  # the run that goes on knows nothing of it
    resumed(run)
    assert {**outcome(run), "record": None} == whole  # its log included: that evaluation was not one of the run's


def test_a_best_that_was_a_makeshift_is_replaced_even_by_a_worse_one(tmp_path: Path) -> None:
    run, rising = tmp_path / "run", iter([1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("charlm.training.task.validation_loss", lambda *_, **__: next(rising))
        stopped(run, 1)
        resumed(run)
    progress = load_checkpoint(run / "last.npz").training["progress"]
    assert (progress["best_loss"], progress["best_step"]) == (2.0, 2)
    assert load_checkpoint(run / "best.npz").training["progress"]["step"] == 2


def test_after_the_last_update_the_run_is_safe_before_it_is_finished(
    tmp_path: Path, whole: dict[str, object]
) -> None:
    ends = stopped(tmp_path / "run", STEPS)
    assert ends == [("save", STEPS), ("eval", STEPS), ("sample", STEPS), ("save", STEPS), ("end", STEPS)]
    assert {**outcome(tmp_path / "run"), "record": None} == whole


def test_what_ends_a_run_is_made_up_for_too(
    tmp_path: Path, whole: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    evaluate = Trainer.evaluate

    def interrupted(trainer: Trainer) -> charlm.runs.report.Report:
        if trainer.progress.step == STEPS:
            raise KeyboardInterrupt
        return evaluate(trainer)

    with monkeypatch.context() as patch:
        patch.setattr(Trainer, "evaluate", interrupted)
        with pytest.raises(KeyboardInterrupt):
            stopped(tmp_path / "run", STEPS)
    progress = load_checkpoint(tmp_path / "run" / "last.npz").training["progress"]
    assert (progress["step"], progress["examined_step"]) == (STEPS, STEPS - 1)
    resumed(tmp_path / "run")
    assert {**outcome(tmp_path / "run"), "record": None} == whole


def test_without_validation_both_files_are_written_at_once(tmp_path: Path) -> None:
    assert stopped(tmp_path / "run", 1, val_frac=0) == [("save", 1), ("end", 1)]
    assert (tmp_path / "run" / "best.npz").exists()


def test_samples_are_never_written_if_never_is_asked_for() -> None:
    text, shape, config = settings("rnn", "sequential", sample_every=0)
    assert "sample" not in {report.event for report in train(new_model(text, **shape), text, config)}
    sampled = train(new_model(text, **shape), text, replace(config, sample_every=100))
    assert [report.step for report in sampled if report.event == "sample"] == [STEPS]


@pytest.fixture
def known(tmp_path: Path) -> Path:
    stopped(tmp_path / "run", 5)
    return tmp_path / "run"


def test_a_run_that_goes_on_tells_its_best(known: Path) -> None:
    text, _, _ = settings("lstm", "sequential")
    checkpoint = load_checkpoint(known / "last.npz")
    config = from_mapping(charlm.TrainConfig, checkpoint.training["train"])
    options = RunOptions(resumed=(checkpoint.training, checkpoint.tensors))
    start = next(train(checkpoint.model, text, config, run=options))
    progress = checkpoint.training["progress"]
    assert (start.details["best_loss"], start.details["best_step"]) == (
        progress["best_loss"],
        progress["best_step"],
    )
    assert progress["best_step"] in (2, 4)


class TestPatience:
    """A run ends early where validation no longer gets better."""

    @staticmethod
    def train(folder: Path, patience: int, **more: object) -> list[tuple[str, int]]:
        folder.mkdir()
        text, shape, config = settings("gru", "sequential", patience=patience, **more)
        losses = iter([3.0, 2.9, 2.95, 2.91, 2.8, 2.85, 2.81, 2.83, 2.7])
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("charlm.training.task.validation_loss", lambda *_, **__: next(losses))
            reports = train(new_model(text, **shape), text, config, run=RunOptions(folder=folder))
            return [(report.event, report.step) for report in reports if report.event in ("eval", "end")]

    @pytest.mark.parametrize(("patience", "evaluations"), [(0, 9), (1, 3), (2, 4), (3, 8), (4, 9)])
    def test_it_ends_after_so_many_evaluations_without_a_best(
        self, tmp_path: Path, patience: int, evaluations: int
    ) -> None:
        seen = self.train(tmp_path / "run", patience, eval_every=1)
        assert seen == [("eval", step + 1) for step in range(evaluations)] + [("end", evaluations)]
        reason = log(tmp_path / "run")[-1]["reason"]
        assert reason == ("patience" if evaluations < STEPS else "finished")

    def test_it_is_a_finished_run(self, tmp_path: Path) -> None:
        self.train(tmp_path / "run", 1, eval_every=1)
        checkpoint = load_checkpoint(tmp_path / "run" / "last.npz")
        assert not is_unfinished(checkpoint.training["progress"], STEPS)
        best = load_checkpoint(tmp_path / "run" / "best.npz")
        assert best.training["progress"]["step"] == 2

    def test_stopped_and_resumed_it_ends_at_the_same_step(self, tmp_path: Path) -> None:
        for folder, step in (("whole", 0), ("parts", 2)):
            run = tmp_path / folder
            if step:
                stopped(run, step, patience=1, learning_rate=0.0)
                resumed(run)
            else:
                text, shape, config = settings("lstm", "sequential", patience=1, learning_rate=0.0)
                run.mkdir()
                list(train(new_model(text, **shape), text, config, run=RunOptions(folder=run)))
        whole, parts = ({**outcome(tmp_path / folder), "record": None} for folder in ("whole", "parts"))
        assert whole == parts
        assert log(tmp_path / "parts")[-1]["step"] == 4  # evaluated after 2 and 4, and nothing moved
