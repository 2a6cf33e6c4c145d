"""A worker process ends with the process that started it, however that ends, in the middle of an update too."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from charlm.child import start_child
from charlm.training.parallel.team import PROCESSES

pytestmark = pytest.mark.skipif(not PROCESSES, reason="workers are threads here")

# run at the start of every interpreter: each rank but the first never finishes its part of an update
HOLD = """
import os, time
from pathlib import Path
from charlm.training.parallel.update import Rank

work = Rank._differentiate

def hold(rank, *rest):
    if rank.comm.rank:
        Path(f"held-{os.getpid()}").touch()
        time.sleep(3600)
    return work(rank, *rest)

Rank._differentiate = hold
"""
TRAIN = ["train", "t.txt", "--out", "r", "--steps", "9", "--hidden-size", "6", "--seq-length", "9"]
TRAIN += ["--batch-size", "24", "--shards", "4", "--workers", "3"]
WITHIN_S = 60


@pytest.fixture
def held(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A training of which two workers hang in an update; whoever is left of it holds its standard error open."""
    (tmp_path / "sitecustomize.py").write_text(HOLD)
    (tmp_path / "t.txt").write_text("the cat sat on the mat and ran far off to see the dog " * 20)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path])}
    process = subprocess.Popen(
        [sys.executable, "-m", "charlm", *TRAIN], cwd=tmp_path, stderr=subprocess.PIPE, env=environment
    )
    until = time.monotonic() + WITHIN_S
    while len(list(tmp_path.glob("held-*"))) < 2:
        assert time.monotonic() < until
        assert process.poll() is None
        time.sleep(0.01)
    yield process
    for file in tmp_path.glob("held-*"):
        try:
            os.kill(int(file.name.removeprefix("held-")), signal.SIGKILL)
        except ProcessLookupError:
            continue
    process.kill()
    process.communicate()


def kill(process: subprocess.Popen[bytes]) -> int:
    process.kill()
    return -signal.SIGKILL


def interrupt_twice(process: subprocess.Popen[bytes]) -> int:
    assert process.stderr is not None
    process.send_signal(signal.SIGINT)
    while b"stopping" not in process.stderr.readline():
        pass
    process.send_signal(signal.SIGINT)
    return 130


@pytest.mark.parametrize("end", [kill, interrupt_twice])
def test_none_is_left_behind(
    held: subprocess.Popen[bytes], end: Callable[[subprocess.Popen[bytes]], int], tmp_path: Path
) -> None:
    code = end(held)
    _, err = held.communicate(timeout=WITHIN_S)  # until the last of them is gone
    assert held.returncode == code
    assert b"Traceback" not in err


def test_one_that_is_told_nothing_ends_quietly() -> None:
    child = start_child("charlm.training.parallel.processes", stdout=subprocess.DEVNULL)
    assert child.stdin is not None
    child.stdin.close()
    assert child.wait(WITHIN_S) == 0
