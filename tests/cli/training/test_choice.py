"""``charlm resume`` without a name."""

from __future__ import annotations

import contextlib
import dataclasses
import math
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from charlm.checkpoint import describe_runs, load_checkpoint, lock_run_folder
from charlm.cli.entry import run
from charlm.cli.training import screen
from charlm.training.trainer import Trainer
from tests.figures import figure

Start = Callable[..., Any]
SMALL = ["--hidden-size", "6", "--batch-size", "4", "--seq-length", "9", "--shards", "1", "--schedule", "constant"]


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, no_fsync: None) -> None:
    monkeypatch.chdir(tmp_path)
    Path("t.txt").write_text("the cat sat on the mat and ran far off to see the dog " * 9)


class Stopped(contextlib.nullcontext[Any]):
    """A request that came before the first step."""

    exit_code = 130

    def __init__(self, *_: object) -> None:
        super().__init__()


def make(name: str, seconds: int, *, finished: bool) -> None:
    """Make a run of four steps, finished or stopped after the first."""
    folder = f"checkpoints/{name}"
    with pytest.MonkeyPatch.context() as patch:
        if not finished:
            patch.setattr(screen, "StopRequest", Stopped)
        assert run(["train", "t.txt", "--out", folder, "--steps", "4", "--quiet", *SMALL]) == (
            0 if finished else 130
        )
    os.utime(Path(folder, "last.npz"), (seconds, seconds))


def steps() -> dict[str, int]:
    files = Path("checkpoints").glob("*/last.npz")
    return {file.parent.name: load_checkpoint(file).training["progress"]["step"] for file in files}


def test_the_newest_that_is_not_finished(capsys: pytest.CaptureFixture[str]) -> None:
    make("old", 1000, finished=False)
    make("new", 2000, finished=False)
    make("done", 3000, finished=True)
    assert [info.unfinished for info in describe_runs() if not info.shipped] == [False, True, True]
    assert run(["resume"]) == 0
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"resuming {Path('checkpoints/new')}, step 1 of 4\n")
    assert steps() == {"old": 1, "new": 4, "done": 4}


def test_quietly(capsys: pytest.CaptureFixture[str]) -> None:
    make("x", 1000, finished=False)
    assert run(["resume", "--quiet"]) == 0
    assert capsys.readouterr() == ("", "")
    assert steps() == {"x": 4}
    assert run(["resume", "--quiet"]) == 0
    assert capsys.readouterr() == ("", "")


def test_all_are_finished(capsys: pytest.CaptureFixture[str]) -> None:
    make("x", 1000, finished=True)
    assert run(["resume"]) == 0
    out, err = capsys.readouterr()
    assert out == ""
    assert err == "no run is unfinished; a larger total continues one, as in charlm resume x --steps 8\n"
    assert steps() == {"x": 4}


def test_one_that_another_process_works_on_is_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    make("old", 1000, finished=False)
    make("new", 2000, finished=False)
    with lock_run_folder(Path("checkpoints/new")):
        assert run(["resume", "--quiet"]) == 0
        assert steps() == {"old": 4, "new": 1}
        assert run(["resume"]) == 7  # and where it is the only one, that is said
    assert "in use by another process" in capsys.readouterr().err


def test_a_damaged_run_is_left_out() -> None:
    make("old", 1000, finished=False)
    make("new", 2000, finished=False)
    Path("checkpoints/new/last.npz").write_bytes(b"x")
    assert run(["resume", "--quiet"]) == 0
    assert load_checkpoint("checkpoints/old/last.npz").training["progress"]["step"] == 4


def diverge(name: str, seconds: int) -> None:
    """Make a run that diverges at its third update."""
    update = Trainer.update

    def planted(trainer: Trainer) -> Any:
        report = update(trainer)
        return report if report.step < 3 else dataclasses.replace(report, loss=math.nan)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Trainer, "update", planted)
        assert run(["train", "t.txt", "--out", f"checkpoints/{name}", "--steps", "4", "--quiet", *SMALL]) == 6
    os.utime(Path("checkpoints", name, "last.npz"), (seconds, seconds))


def test_one_that_diverged_is_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    make("old", 1000, finished=False)
    diverge("new", 2000)
    assert run(["resume", "--quiet"]) == 0
    assert steps()["old"] == 4
    os.utime("checkpoints/old/last.npz", (1000, 1000))
    left = steps()["new"]
    capsys.readouterr()
    assert run(["resume"]) == 0
    where = Path("checkpoints/new")
    assert capsys.readouterr().err == (
        "run new diverged, and would again; train a new model with a lower --learning-rate or --on-nan rollback, "
        "or insist with charlm resume new\n"
    )
    assert steps()["new"] == left < 4
    assert run(["info", str(where)]) == 0
    assert "diverged at step 4 of 4" in capsys.readouterr().out
    assert run(["resume", str(where), "--quiet"]) == 0  # by name it is gone on with, here without the fault
    assert steps()["new"] == 4


@pytest.mark.parametrize("answer", figure(["", "n"], ["", "y", "n"]))
def test_on_a_terminal_a_person_is_asked(terminal: Start, answer: str) -> None:
    make("x", 1000, finished=False)
    screen = terminal("-m", "charlm", "resume", PYTHONPATH=os.pathsep.join(sys.path))
    screen.wait("resume checkpoints/x, step 1 of 4? [Y/n]:")
    screen.send(f"{answer}\r")
    assert screen.end() == 0
    assert steps() == {"x": 1 if answer == "n" else 4}
    assert ("nothing is done" in screen.text) == (answer == "n")


def test_a_name_cannot_control_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    if os.name == "nt":
        pytest.skip("no such names there")
    make("\x1b]0;x\x07[bold]", 1000, finished=False)
    assert run(["resume"]) == 0
    err = capsys.readouterr().err
    assert not set(err) & set("\x1b\x07")
    assert "[bold]" in err
