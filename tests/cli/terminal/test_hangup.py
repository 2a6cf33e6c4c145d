"""The terminal is closed while a run goes on: a real one, whose other side is gone from one moment to the next."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from charlm.checkpoint import load_checkpoint
from charlm.cli.entry import run
from tests.figures import figure

pytestmark = [
    pytest.mark.promise(9),
    pytest.mark.skipif(sys.platform == "win32", reason="a console that is closed ends everything in it"),
]

# the first terminal that the leader of a session opens becomes its own: closing it is then told to the leader
PROGRAM = """
import os, signal, sys
os.open(os.ttyname(0), os.O_RDWR)
if sys.argv.pop(1) == "nohup":
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
from charlm.cli.entry import main
main()
"""
SMALL = [
    "--hidden-size",
    "6",
    "--batch-size",
    "4",
    "--seq-length",
    "9",
    "--shards",
    "1",
    "--schedule",
    "constant",
    "--run-decay",
    "0",
]
TRAIN = ["train", "t.txt", "--out", "r", "--save-every", "5", "--eval-every", "4", *SMALL]
WITHIN_S = 60


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("t.txt").write_text("the cat sat on the mat and ran far off to see the dog " * 9)


class Closable:
    """A program in a terminal that can be closed."""

    def __init__(self, *arguments: str, term: str = "xterm-256color") -> None:
        self.master, slave = os.openpty()
        self.process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, *arguments],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
            env={**os.environ, "TERM": term, "PYTHONPATH": os.pathsep.join(sys.path)},
        )
        os.close(slave)

    def close_when(self, path: str) -> int:
        """Close the terminal once a file is there, and return the exit code of the program."""
        until = time.monotonic() + WITHIN_S
        while not Path(path).exists():
            assert time.monotonic() < until
            assert self.process.poll() is None
            if select.select([self.master], [], [], 0.01)[0]:
                os.read(self.master, 65536)  # what is not read would stop the program
        os.close(self.master)
        self.master = -1
        return self.process.wait(WITHIN_S)

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        if self.master >= 0:
            os.close(self.master)


@pytest.fixture
def closable() -> Iterator[type[Closable]]:
    started: list[Closable] = []

    class Started(Closable):
        def __init__(self, *arguments: str, **how: str) -> None:
            started.append(self)
            super().__init__(*arguments, **how)

    yield Started
    for one in started:
        one.end()


WAYS = {
    "dashboard": ("xterm-256color", []),
    "json": ("xterm-256color", ["--json"]),
    "lines": ("dumb", []),
    "quiet": ("dumb", ["--quiet"]),
}


@pytest.mark.parametrize("way", figure(["dashboard", "json"], list(WAYS)))
def test_all_is_saved(closable: type[Closable], way: str) -> None:
    term, more = WAYS[way]
    assert closable("-", *TRAIN, "--steps", "1000000", *more, term=term).close_when("r/last.npz") == 129
    done = load_checkpoint("r/last.npz").training["progress"]["step"]
    events = [json.loads(line) for line in Path("r/log.jsonl").read_text("ascii").splitlines()]
    assert (events[-1]["event"], events[-1]["reason"], events[-1]["step"]) == ("end", "interrupted", done)
    # it goes on as if it had never stopped
    assert run(["resume", "r", "--steps", str(done + 3), "--quiet"]) == 0
    assert run([*TRAIN[:3], "w", *TRAIN[4:], "--steps", str(done + 3), "--quiet"]) == 0
    resumed, whole = load_checkpoint("r/last.npz"), load_checkpoint("w/last.npz")
    assert resumed.sha256 == whole.sha256
    assert resumed.training["batches"] == whole.training["batches"]


@pytest.mark.parametrize("way", figure(["dashboard"], ["dashboard", "lines", "quiet"]))
def test_where_it_is_ignored_the_run_goes_on_to_its_end(closable: type[Closable], way: str) -> None:
    term, more = WAYS[way]
    assert closable("nohup", *TRAIN, "--steps", "400", *more, term=term).close_when("r/last.npz") == 0
    assert load_checkpoint("r/last.npz").training["progress"]["step"] == 400


def test_events_that_nobody_reads_any_more_end_the_run_with_all_saved() -> None:
    command = [sys.executable, "-m", "charlm", *TRAIN, "--steps", "1000000", "--json"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert json.loads(process.stdout.readline())["event"] == "start"
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 0
    assert load_checkpoint("r/last.npz").training["progress"]["step"] >= 1


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no such device here")
def test_events_that_find_no_room_end_it_with_an_error_and_all_saved(capfd: pytest.CaptureFixture[str]) -> None:
    command = [sys.executable, "-m", "charlm", *TRAIN, "--steps", "1000000", "--json"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(command, stdout=full, env=environment, timeout=WITHIN_S)
    assert done.returncode == 5
    err = capfd.readouterr().err
    assert (err.count("\n"), "'standard output'" in err) == (1, True)
    assert load_checkpoint("r/last.npz").training["progress"]["step"] >= 1


def test_talk_that_nobody_reads_any_more_does_not_end_it() -> None:
    command = [sys.executable, "-m", "charlm", *TRAIN, "--steps", "400"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(command, stderr=subprocess.PIPE, env=environment) as process:
        assert process.stderr is not None
        process.stderr.readline()
        process.stderr.close()
    assert process.returncode == 0
    assert load_checkpoint("r/last.npz").training["progress"]["step"] == 400


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_machine_that_shuts_down_tells_it_twice(number: signal.Signals) -> None:
    command = [sys.executable, "-m", "charlm", *TRAIN, "--steps", "1000000", "--json"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment) as process:
        assert process.stdout is not None
        process.stdout.readline()
        for each in (signal.SIGHUP, number, signal.SIGHUP):
            process.send_signal(each)
        process.stdout.read()
    assert process.returncode == 128 + number
    done = load_checkpoint("r/last.npz").training["progress"]["step"]
    last = json.loads(Path("r/log.jsonl").read_text("ascii").splitlines()[-1])
    assert (last["reason"], last["step"]) == ("interrupted", done)
