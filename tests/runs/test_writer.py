from __future__ import annotations

import errno
import json
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import charlm
from charlm.checkpoint import load_checkpoint
from charlm.runs import writer as run_writer
from charlm.runs.report import Report
from charlm.runs.writer import RunWriter
from charlm.training.task import text_task
from charlm.training.trainer import Trainer
from tests.training.runs import make_text, new_model

TEXT = make_text(60)
FILES = ["best.npz", "config.json", "last.npz", "log.jsonl"]


@pytest.fixture
def trainer() -> Iterator[Trainer]:
    model = new_model(TEXT)
    config = charlm.TrainConfig(batch_size=2, seq_length=5, shards=1, workers=1, steps=5)
    with Trainer(model, text_task(model.vocabulary, TEXT, config), config) as trainer:
        yield trainer


def files(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.iterdir())


def test_what_a_run_leaves(tmp_path: Path, trainer: Trainer) -> None:
    writer = RunWriter(tmp_path, {"preset": "quick", "sources": ["é"]}, fresh=True)
    writer.log(Report("start"))
    assert files(tmp_path) == []  # nothing before the first save
    trainer.update()
    assert not writer.saved
    assert writer.save(trainer, best=True) == tmp_path / "last.npz"
    assert writer.saved
    assert files(tmp_path) == FILES
    settings = json.loads((tmp_path / "config.json").read_text("utf-8"))
    assert settings["model"]["hidden_size"] == 6
    assert settings["train"]["steps"] == 5
    assert (settings["preset"], settings["sources"]) == ("quick", ["é"])
    last, best = (load_checkpoint(tmp_path / name) for name in ("last.npz", "best.npz"))
    assert set(last.tensors) == set(trainer.tensors())
    assert best.tensors == {}
    assert last.training["origin"]["preset"] == "quick"
    assert last.training["progress"]["step"] == 1
    np.testing.assert_array_equal(best.model.params.value, trainer.learner.params.value)


def test_weights_that_are_not_the_best_leave_the_best_alone(tmp_path: Path, trainer: Trainer) -> None:
    writer = RunWriter(tmp_path, {}, fresh=True)
    writer.save(trainer, best=True)
    start = trainer.learner.params.value.copy()
    trainer.update()
    writer.save(trainer, best=False)
    np.testing.assert_array_equal(charlm.load(tmp_path / "best.npz").params.value, start)
    np.testing.assert_array_equal(charlm.load(tmp_path / "last.npz").params.value, trainer.learner.params.value)


def old_run(folder: Path) -> None:
    for name in (*FILES, "notes.txt"):
        (folder / name).write_text("old\n")


def test_an_old_run_is_whole_until_the_first_save(tmp_path: Path, trainer: Trainer) -> None:
    old_run(tmp_path)
    writer = RunWriter(tmp_path, {}, fresh=True)
    writer.log(Report("start"))
    assert {(tmp_path / name).read_text() for name in FILES} == {"old\n"}
    writer.save(trainer, best=False)
    assert files(tmp_path) == ["config.json", "last.npz", "log.jsonl", "notes.txt"]
    assert json.loads((tmp_path / "log.jsonl").read_text())["event"] == "start"


def test_a_first_save_that_fails_leaves_the_old_run(
    tmp_path: Path, trainer: Trainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    old_run(tmp_path)

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(charlm.DiskError, match="free some space"):
        RunWriter(tmp_path, {}, fresh=True).save(trainer, best=True)
    assert {(tmp_path / name).read_text() for name in FILES} == {"old\n"}
    assert files(tmp_path) == [*FILES, "notes.txt"]


def test_a_run_that_goes_on_appends(tmp_path: Path, trainer: Trainer) -> None:
    RunWriter(tmp_path, {}, fresh=True).save(trainer, best=True)
    (tmp_path / "log.jsonl").write_text("line\n")
    writer = RunWriter(tmp_path, {}, fresh=False)
    assert writer.saved
    writer.log(Report("step", step=1, text="é"))
    writer.save(trainer, best=False)
    first, second = (tmp_path / "log.jsonl").read_text("ascii").splitlines()
    assert (first, json.loads(second)["step"]) == ("line", 1)
    assert files(tmp_path) == FILES


@pytest.mark.parametrize("size", [[], "x", None, -5, 1.5])
def test_a_record_that_does_not_know_the_log(tmp_path: Path, trainer: Trainer, size: object) -> None:
    RunWriter(tmp_path, {}, fresh=True).save(trainer, best=True)
    (tmp_path / "log.jsonl").write_text("line\n")
    with pytest.raises(charlm.CheckpointError, match="its record garbles log_bytes"):
        RunWriter(tmp_path, {}, fresh=False).resume(trainer, {"log_bytes": size})
    assert (tmp_path / "log.jsonl").read_text() == "line\n"


def test_a_log_that_cannot_be_written(tmp_path: Path, trainer: Trainer) -> None:
    (tmp_path / "log.jsonl").mkdir()
    writer = RunWriter(tmp_path, {}, fresh=False)
    writer.log(Report("start"))
    with pytest.raises(charlm.DiskError, match=r"^cannot write '.*log.jsonl'"):
        writer.flush()


def test_the_best_is_written_before_the_last(
    tmp_path: Path, trainer: Trainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    order: list[str] = []
    write = run_writer.save

    def noted(model: charlm.CharModel, path: Path, **extra: object) -> None:
        order.append(path.name)
        write(model, path, **extra)

    monkeypatch.setattr(run_writer, "save", noted)
    RunWriter(tmp_path, {}, fresh=False).save(trainer, best=True)
    assert order == ["best.npz", "last.npz"]  # whoever dies between the two goes on from before the best
