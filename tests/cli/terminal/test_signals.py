"""Ctrl-C and SIGTERM, as real signals to a program in a real terminal, in the middle of a step and of a save.

The steps here, and the saves, do not end before the word is on the screen: so it does not wait for them. They hold
on in one call to C, in which Python runs no handler, as a large matrix product does.
"""

from __future__ import annotations

import itertools
import json
import os
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from charlm.checkpoint import load_checkpoint
from charlm.cli.entry import run
from charlm.cli.terminal.signals import StopRequest
from tests.figures import figure

Start = Callable[..., Any]

pytestmark = [
    pytest.mark.promise(9),
    pytest.mark.skipif(sys.platform == "win32", reason="signals of another kind"),
]

# `hold` waits in C with signals going to other threads, so that no handler runs, until somebody writes to "go".
PROGRAM = """
import ctypes, os, signal, sys
from pathlib import Path
from charlm.cli.entry import run
from charlm.cli.terminal.signals import StopRequest
from charlm.training.parallel.team import Team

where, count = sys.argv[1], 0
read, go = ctypes.CDLL(None).read, os.open("go", os.O_RDWR)
update, fsync = Team.update, os.fsync

def hold():
    Path("busy").touch()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, StopRequest.SIGNALS)
    read(go, ctypes.create_string_buffer(1), 1)
    signal.pthread_sigmask(signal.SIG_SETMASK, before)

def slow_update(team, batch, **rates):
    global count
    count += 1
    if where == "step" and count == 3:
        hold()
    return update(team, batch, **rates)

def slow_fsync(descriptor):
    global where
    if where == "save" and count == 5:
        where = "done"
        hold()
    fsync(descriptor)

Team.update, os.fsync = slow_update, slow_fsync
sys.exit(run(sys.argv[2:]))
"""
TRAIN = [
    "train",
    "t.txt",
    "--out",
    "r",
    "--steps",
    "1000",
    "--save-every",
    "5",
    "--eval-every",
    "4",
    "--preset",
    "quick",
]
TRAIN += [
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
LEAVE = b"\x1b[?1049l"
CODES = {signal.SIGINT: 130, signal.SIGTERM: 143}


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("t.txt").write_text("the cat sat on the mat and ran far off to see the dog " * 9)
    os.mkfifo("go")


def busy(terminal: Start, where: str, term: str = "xterm-256color") -> Any:
    """Start a training that is in the middle of a step or of a save."""
    screen = terminal("-c", PROGRAM, where, *TRAIN, TERM=term, PYTHONPATH=os.pathsep.join(sys.path))
    screen.wait(lambda _: Path("busy").exists())
    return screen


def go_on() -> None:
    Path("go").write_bytes(b".")


def saved() -> int:
    return int(load_checkpoint("r/last.npz").training["progress"]["step"])


PLACES = [("step", "xterm-256color"), ("save", "dumb"), ("step", "dumb"), ("save", "xterm-256color")]
numbers = pytest.mark.parametrize("number", figure([signal.SIGTERM], list(CODES)), ids=str)
attempts = pytest.mark.parametrize("attempt", range(figure(1, 13)))


@numbers
@pytest.mark.parametrize(("where", "term"), figure(PLACES[1:2], PLACES))
@attempts
def test_the_word_does_not_wait_for_the_step_or_the_save(
    terminal: Start, number: signal.Signals, where: str, term: str, attempt: int
) -> None:
    screen = busy(terminal, where, term)
    screen.child.kill(number)
    screen.wait("stopping: saving after this step")  # it says so while nothing goes on
    go_on()
    assert screen.end() == CODES[number]
    assert ("charlm resume r" in screen.text, "Traceback" in screen.text) == (True, False)
    assert saved() == (3 if where == "step" else 5)
    assert json.loads(Path("r/log.jsonl").read_text().splitlines()[-1])["reason"] == "interrupted"
    assert Path("r/best.npz").exists()


@numbers
@pytest.mark.parametrize(("where", "term"), figure(PLACES[:1], PLACES))
@attempts
def test_the_second_does_not_wait_either(
    terminal: Start, number: signal.Signals, where: str, term: str, attempt: int
) -> None:
    screen = busy(terminal, where, term)
    screen.child.kill(number)
    screen.wait("stopping: saving after this step")
    assert not screen.child.getecho()
    screen.child.kill(number)
    screen.wait(lambda one: one.child.getecho())  # and the terminal is put back
    assert screen.end() == CODES[number]  # and nobody let it go on
    assert "Traceback" not in screen.text
    assert screen.raw.count(LEAVE) == (term != "dumb")  # the screen is given back
    if where == "save":
        assert saved() == 4  # the save before: this one was not finished
    kept = "nothing of the run is stored" if where == "step" else "the run is as it was at its last save"
    assert f"ended without saving; {kept}" in screen.text


def test_ctrl_c_as_a_key(terminal: Start) -> None:
    screen = busy(terminal, "step")
    screen.send("\x03")
    screen.wait("stopping: saving after this step")
    go_on()
    assert screen.end() == 130
    assert saved() == 3


SLOW = "import {module}\n{module}.{function} = lambda *_, **__: hold()\nsys.exit("
BEFORE = {
    "reading the text": ("charlm.training.preparation.text_run", "read_corpus"),
    "counting n-grams": ("charlm.training.task", "measure_baseline"),
    "planning the run": ("charlm.training.train", "plan"),
}


@pytest.mark.parametrize(
    ("number", "term"),
    figure(
        [(signal.SIGINT, "xterm-256color"), (signal.SIGTERM, "dumb")],
        [*itertools.product(CODES, ["xterm-256color", "dumb"])],
    ),
)
@pytest.mark.parametrize("phase", BEFORE)
def test_what_comes_before_the_run_ends_at_once(
    terminal: Start, number: signal.Signals, term: str, phase: str
) -> None:
    module, function = BEFORE[phase]
    program = PROGRAM.replace("sys.exit(", SLOW.format(module=module, function=function))
    screen = terminal("-c", program, "text", *TRAIN, TERM=term, PYTHONPATH=os.pathsep.join(sys.path))
    screen.wait(phase)
    screen.wait(lambda _: Path("busy").exists())
    screen.child.kill(number)  # nobody lets it go on
    assert screen.end() == CODES[number]
    assert screen.raw.count(LEAVE) == (term != "dumb")
    assert "Traceback" not in screen.text
    assert "stopped before the first update; nothing is saved" in screen.text
    assert not Path("r").exists()


@pytest.mark.parametrize(("extra", "says"), [([], True), (["--json"], True), (["--quiet"], False)])
def test_a_run_that_is_not_resumed_after_all_is_unchanged(terminal: Start, extra: list[str], says: bool) -> None:
    assert run([*TRAIN, "--steps", "3", "--quiet"]) == 0
    before = Path("r/last.npz").read_bytes()
    module = "charlm.training.preparation.resuming"
    program = PROGRAM.replace("sys.exit(", SLOW.format(module=module, function="read_run_data"))
    words = ["resume", "r", "--steps", "9", *extra]
    screen = terminal("-c", program, "text", *words, PYTHONPATH=os.pathsep.join(sys.path))
    screen.wait(lambda _: Path("busy").exists())
    screen.child.kill(signal.SIGINT)
    assert screen.end() == 130
    assert ("stopped before the next update; the run is unchanged" in screen.text) == says
    assert Path("r/last.npz").read_bytes() == before


def test_it_is_said_beside_json_too(terminal: Start) -> None:
    arguments = [*TRAIN, "--json"]
    screen = terminal("-c", PROGRAM, "step", *arguments, columns=200, PYTHONPATH=os.pathsep.join(sys.path))
    screen.wait(lambda _: Path("busy").exists())
    screen.child.kill(signal.SIGINT)
    screen.wait("stopping: saving after this step")
    go_on()
    assert screen.end() == 130


class TestRequest:
    def test_handlers_are_put_back(self) -> None:
        before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
        with StopRequest() as request:
            assert request.exit_code == 0
            signal.raise_signal(signal.SIGTERM)
            assert request.exit_code == 143
            with pytest.raises(KeyboardInterrupt):
                signal.raise_signal(signal.SIGTERM)
        assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before
        assert signal.set_wakeup_fd(-1) == -1

    @pytest.mark.parametrize(("first", "second"), [CODES, [*CODES][::-1]])
    def test_the_second_decides_the_code(self, first: signal.Signals, second: signal.Signals) -> None:
        with StopRequest() as request:
            signal.raise_signal(first)
            with pytest.raises(KeyboardInterrupt):
                signal.raise_signal(second)
        assert request.exit_code == CODES[second]

    def test_where_there_is_nothing_to_save_the_first_counts_as_the_second(self) -> None:
        with StopRequest() as request:
            request.patient = False
            with pytest.raises(KeyboardInterrupt):
                signal.raise_signal(signal.SIGTERM)
        assert request.exit_code == 143

    def test_it_is_told_once_and_by_a_thread(self) -> None:
        told: list[threading.Thread] = []
        came = threading.Event()

        def tell() -> None:
            told.append(threading.current_thread())
            came.set()

        with StopRequest(tell) as request:
            signal.raise_signal(signal.SIGINT)
            assert came.wait(20)
            with pytest.raises(KeyboardInterrupt):
                signal.raise_signal(signal.SIGINT)
        assert (len(told), request.exit_code) == (1, 130)
        assert told[0] is not threading.main_thread()

    def test_nobody_to_tell_is_borne(self) -> None:
        def gone() -> None:
            raise BrokenPipeError

        given_up = threading.Event()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("charlm.cli.terminal.signals.GRACE_S", 0.0)
            with StopRequest(gone, lambda _code: given_up.set()):
                signal.raise_signal(signal.SIGINT)
                with pytest.raises(KeyboardInterrupt):
                    signal.raise_signal(signal.SIGINT)
                assert given_up.wait(20)  # the second is heard all the same

    def test_a_closed_terminal_is_in_no_hurry(self) -> None:
        with StopRequest() as request:
            signal.raise_signal(signal.SIGHUP)
            signal.raise_signal(signal.SIGHUP)
            assert request.exit_code == 129
            signal.raise_signal(signal.SIGTERM)  # the first of a person, or of a machine that shuts down
            signal.raise_signal(signal.SIGHUP)
            assert request.exit_code == 143
            with pytest.raises(KeyboardInterrupt):
                signal.raise_signal(signal.SIGINT)
        assert request.exit_code == 130

    def test_a_closed_terminal_may_be_ignored(self) -> None:
        before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
        try:
            with StopRequest() as request:
                signal.raise_signal(signal.SIGHUP)
            assert request.exit_code == 0
            assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
        finally:
            signal.signal(signal.SIGHUP, before)

    def test_other_signals_are_none_of_its_business(self) -> None:
        with StopRequest() as request:
            before = signal.signal(signal.SIGUSR1, lambda *_: None)
            signal.raise_signal(signal.SIGUSR1)
            signal.signal(signal.SIGUSR1, before)
        assert (request.exit_code, request._seen) == (0, 0)
