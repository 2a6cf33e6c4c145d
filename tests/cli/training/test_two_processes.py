"""Two processes on one run folder: one trains, the other ends with 7 and touches nothing."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from charlm.checkpoint import load_checkpoint
from charlm.cli.entry import run
from tests.figures import figure

pytestmark = pytest.mark.promise(11)

SMALL = ["--hidden-size", "4", "--batch-size", "4", "--seq-length", "9", "--shards", "1", "--quiet"]


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("t.txt").write_text("the cat sat on the mat and ran far off to see the dog " * 9)
    assert run(["train", "t.txt", "--out", "r", "--steps", "3", *SMALL]) == 0


@pytest.fixture
def started() -> Iterator[list[subprocess.Popen[str]]]:
    processes: list[subprocess.Popen[str]] = []
    yield processes
    for process in processes:
        process.kill()
        process.communicate()


def start(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "charlm", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )


@pytest.mark.parametrize("attempt", range(figure(1, 20)))
def test_of_two_that_start_together_one_wins(started: list[subprocess.Popen[str]], attempt: int) -> None:
    again = ["train", "t.txt", "--out", "r", "--force", "--steps", "1000000", *SMALL]
    started += [start(*again, "--seed", "1"), start(*again, "--seed", "2")]
    while all(process.poll() is None for process in started):
        time.sleep(0.02)
    (loser,) = [process for process in started if process.poll() is not None]
    out, err = loser.communicate()
    assert (loser.returncode, out) == (7, "")
    assert err == (
        "charlm: run folder 'r' is in use by another process; wait until that ends, or give another --out\n"
    )


def test_a_kill_frees_the_folder(started: list[subprocess.Popen[str]]) -> None:
    started.append(start("resume", "r", "--steps", "100000000", "--json"))
    assert started[0].stdout is not None
    assert '"start"' in started[0].stdout.readline()
    assert run(["resume", "r", "--steps", "200000000", "--quiet"]) == 7
    assert run(["train", "t.txt", "--out", "r", "--force", "--steps", "5", *SMALL]) == 7
    assert started[0].poll() is None
    started[0].kill()
    started[0].communicate()
    step = load_checkpoint("r/last.npz").training["progress"]["step"]
    assert run(["resume", "r", "--steps", str(step + 1), "--quiet"]) == 0
    assert load_checkpoint("r/last.npz").training["progress"]["step"] == step + 1
