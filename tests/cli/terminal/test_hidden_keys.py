from __future__ import annotations

import re
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.cli.console.world import decided, greek, prompted, saved, started

Start = Callable[..., Any]
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows shows no keys but to who reads a line")
ENDLESS = ("--length", "1000000000")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return saved(tmp_path_factory.mktemp("greek"), decided())


def test_what_is_typed_while_it_streams_is_the_next_line(terminal: Start, model: Path) -> None:
    screen = started(terminal, model, *ENDLESS)
    screen.send("β\r")
    screen.wait(lambda s: len(greek(s)) > 500)
    seen = len(screen.raw)
    screen.send("/set tomp\x7f\x7f\x7femp 0.25")  # with a correction
    screen.send("\x03")
    screen.wait(lambda s: "> /set temp 0.25" in s.text)
    assert screen.raw[seen:].count(b"/set") == 1  # not among the text
    assert b"^C" not in screen.raw
    screen.send("\r")
    screen.wait(lambda s: "temp 0.25 ·" in s.text and prompted(s))


def test_lines_and_the_end_are_taken_one_after_the_other(terminal: Start, model: Path) -> None:
    screen = started(terminal, model, *ENDLESS)
    screen.send("β\r")
    screen.wait(lambda s: len(greek(s)) > 500)
    screen.send("/set length 7\r/clear\r\x04")
    screen.send("\x03")
    assert screen.end() == 0
    assert "length 7" in screen.text
    assert "the text is empty" in screen.text


def test_many_keys_are_kept(terminal: Start, model: Path) -> None:
    screen = started(terminal, model, *ENDLESS, "--on-unknown", "skip")
    screen.send("β\r")
    screen.wait(lambda s: len(greek(s)) > 500)
    screen.send("/stop " + "x" * 3000 + "END")
    screen.send("\x03")
    screen.wait("xEND")


JOB = """
import os, signal, subprocess, sys, termios, time

def shown():
    return bool(termios.tcgetattr(1)[3] & termios.ECHO)

def until(condition):
    end = time.monotonic() + 20
    while not condition() and time.monotonic() < end:
        time.sleep(0.01)
    return "shown" if shown() else "hidden"

def foreground(group):
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTTOU])
    os.tcsetpgrp(1, group)

steps, command = sys.argv[1].split(","), [sys.executable, "-m", "charlm", *sys.argv[2:]]
job = subprocess.Popen(command, process_group=0)
foreground(job.pid)
found = [until(lambda: not shown())]
for step in steps:
    job.send_signal(getattr(signal, step))
    if step == "SIGCONT":
        found.append(until(lambda: not shown()))
    else:
        status = os.waitpid(job.pid, os.WUNTRACED)[1]
        found.append(until(shown))
        if os.WIFSTOPPED(status):
            continue
        code = os.waitstatus_to_exitcode(status)
foreground(os.getpgrp())
print("\\nended", code, *found)
print("left:", input())
"""


UNHARMED = "job.send_signal(getattr(signal, step))", "pass"


@pytest.mark.parametrize("number", ["SIGTERM", "SIGHUP", "SIGQUIT", "SIGINT"])
def test_keys_and_terminal_are_left_to_who_is_next(terminal: Start, model: Path, number: str) -> None:
    steps = f"SIGTSTP,SIGCONT,{number}"
    screen = terminal("-c", JOB, steps, "sample", model, *ENDLESS)
    screen.send("typed ahead\r")  # at any time
    code = 130 if number == "SIGINT" else -getattr(signal, number)
    screen.wait(f"ended {code} hidden shown hidden shown")
    screen.wait("left: typed ahead")


def test_a_job_in_the_background_leaves_the_terminal_alone(terminal: Start, model: Path) -> None:
    program = JOB.replace("foreground(job.pid)\n", "").replace("not shown()", "True")
    screen = terminal("-c", program.replace(*UNHARMED), "-", "sample", model, "--length", "3000")
    screen.wait("ended 0 shown shown")  # and was not suspended, which is what happens to those who change it


def test_an_error_puts_the_terminal_back(terminal: Start, tmp_path: Path) -> None:
    broken = decided()
    broken.params["head.b"][...] = float("inf")
    ended = "os.waitid(os.P_PID, job.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)"  # it may be too quick to be seen
    program = JOB.replace(*UNHARMED).replace("not shown()", f"not shown() or {ended}")
    screen = terminal("-c", program, "-", "sample", saved(tmp_path, broken))
    screen.wait(lambda one: re.search("ended 6 (hidden|shown) shown", one.text) is not None)


@pytest.mark.parametrize("number", ["SIGINT", "SIGTERM"])
def test_keys_are_not_shown_while_a_model_trains(terminal: Start, number: str, tmp_path: Path) -> None:
    text = tmp_path / "t.txt"
    text.write_text("the cat sat on the mat and ran far off to see the dog " * 9)
    flags = ("--steps", "1000000", "--hidden-size", "4", "--out", tmp_path / "r")
    screen = terminal("-c", JOB, f"SIGTSTP,SIGCONT,{number}", "train", text, *flags)
    screen.send("typed ahead\r")  # at any time
    screen.wait(f"ended {130 if number == 'SIGINT' else 143} hidden shown hidden shown")
    screen.wait("left: typed ahead")


def test_a_text_that_is_typed_to_be_trained_on_is_shown(terminal: Start, tmp_path: Path) -> None:
    screen = terminal("-m", "charlm", "train", "-", "--steps", "1", "--hidden-size", "4", "--out", tmp_path / "r")
    screen.send("the cat sat on the mat and ran far off to see the dog\r\x04")
    assert screen.end() == 0
    assert b"the cat sat on the mat" in screen.raw
