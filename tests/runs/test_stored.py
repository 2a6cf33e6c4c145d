from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

import charlm
from charlm.checkpoint import save
from charlm.errors import CheckpointError
from charlm.runs.stored import find_history, name_runs, read_history
from tests.runs.curves import events, falling

HISTORY = {"progress": {"history": [[10, 2.0, 2.5], [20, 1.5, 1.75]]}, "train": {"steps": 20}}


@pytest.fixture
def model() -> charlm.CharModel:
    return charlm.CharModel(charlm.ModelConfig(hidden_size=2), charlm.Vocabulary.from_text("ab"))


def write_log(folder: Path) -> None:
    lines = (json.dumps(event) for event in events(falling(1.5), falling(1.6)))
    (folder / "log.jsonl").write_text("\n".join(lines), "ascii")


def test_the_log_beside_the_checkpoints_comes_first(tmp_path: Path, model: charlm.CharModel) -> None:
    save(model, tmp_path / "last.npz", training=HISTORY)
    assert len(find_history(tmp_path).evaluations) == 2
    write_log(tmp_path)
    for path in (tmp_path, tmp_path / "last.npz"):
        assert len(find_history(path).evaluations) == 16


def test_a_run_folder_may_be_called_as_a_checkpoint(tmp_path: Path, model: charlm.CharModel) -> None:
    folder = tmp_path / "last.npz"
    folder.mkdir()
    save(model, folder / "last.npz", training=HISTORY)
    write_log(folder)
    for path in (folder, folder / "last.npz"):
        assert len(find_history(path).evaluations) == 16
        assert name_runs([str(path)]) == ["last.npz"]


def test_a_checkpoint_that_stands_alone_is_not_taken_for_the_runs(tmp_path: Path, model: charlm.CharModel) -> None:
    save(model, tmp_path / "other.npz", training=HISTORY)
    write_log(tmp_path)
    history = find_history(str(tmp_path / "other.npz"))
    assert [(p.step, p.loss) for p in history.evaluations] == [(10, 2.5), (20, 1.75)]
    assert (history.steps, history.reason) == (20, "finished")
    assert history.start_value("vocabulary") == 2


@pytest.mark.parametrize("log", [b"", b"\x00\xff", b'{"event": "step", "st', b'{"event": "start", "step": 0}\n'])
def test_an_odd_log_leaves_the_checkpoint(tmp_path: Path, model: charlm.CharModel, log: bytes) -> None:
    save(model, tmp_path / "best.npz", training=HISTORY)
    (tmp_path / "log.jsonl").write_bytes(log)
    assert len(find_history(tmp_path).evaluations) == 2


def test_a_log_is_enough(tmp_path: Path) -> None:
    write_log(tmp_path)
    assert len(find_history(tmp_path).train) == 1600


@pytest.mark.parametrize(
    "training", [{}, {"progress": 1, "train": []}, {"progress": {"history": [[1, None, None]]}}]
)
def test_without_a_loss_there_is_nothing_to_show(tmp_path: Path, model: charlm.CharModel, training: object) -> None:
    save(model, tmp_path / "m.npz", training=training)  # type: ignore[arg-type]
    assert read_history(tmp_path / "m.npz").train == []
    with pytest.raises(CheckpointError, match=r"has no losses to show; give a run that was trained"):
        find_history(tmp_path / "m.npz")


def test_no_such_run(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="there is no checkpoint"):
        find_history(tmp_path / "none")
    with pytest.raises(CheckpointError, match="holds neither"):
        find_history(tmp_path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes with names here")
def test_a_pipe_does_not_keep_us_waiting(tmp_path: Path, model: charlm.CharModel) -> None:
    save(model, tmp_path / "last.npz", training=HISTORY)
    os.mkfifo(tmp_path / "log.jsonl")
    assert len(find_history(tmp_path).evaluations) == 2


def test_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert name_runs(["checkpoints/a", "b/best.npz", "c/model.npz", "."]) == ["a", "b", "model.npz", tmp_path.name]
    assert name_runs(["x/a", "y/a", "b"]) == ["x/a", "y/a", "b"]
