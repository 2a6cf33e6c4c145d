"""Words stay whole on a terminal, and the text stays as it is everywhere else."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.cli.console.world import decided, prompted, saved, started

Start = Callable[..., Any]
PROMPT = "one of these words would be broken at the edge of a window, if nobody took care of it "


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return saved(tmp_path_factory.mktemp("words"), decided(PROMPT))


def sampled(model: Path, *flags: str) -> str:
    command = [sys.executable, "-m", "charlm", "sample", str(model), "--seed", "5", "--prompt", PROMPT, *flags]
    return subprocess.run(command, capture_output=True, check=True, encoding="utf-8").stdout


@pytest.mark.parametrize("columns", [80, 40])
def test_a_sample(terminal: Start, model: Path, columns: int) -> None:
    screen = terminal(
        *("-m", "charlm", "sample", model, "--seed", "5", "--length", "300", "--prompt", PROMPT),
        columns=columns,
    )
    assert screen.end() == 0
    text = sampled(model, "--length", "300")
    assert len(text) == len(PROMPT) + 300
    shown = screen.text.split()
    whole = [word for word in text.split() if len(word) <= columns]
    assert whole[: len(PROMPT.split())] == PROMPT.split()
    assert [word for word in shown if word in whole] == whole


def test_json_and_a_dumb_terminal_are_left_as_they_are(terminal: Start, model: Path) -> None:
    arguments = ("-m", "charlm", "sample", model, "--seed", "5", "--length", "200", "--prompt", PROMPT)
    screen = terminal(*arguments, TERM="dumb")
    assert screen.end() == 0
    assert b"\x1b" not in screen.raw
    assert sampled(model, "--length", "200").replace("\n", "\r\n").encode() in screen.raw
    screen = terminal(*arguments, "--json")
    assert screen.end() == 0
    assert sampled(model, "--length", "200", "--json").replace("\n", "\r\n").encode() in screen.raw


@pytest.mark.parametrize("environment", [{}, {"NO_COLOR": "1"}])
def test_the_console(terminal: Start, model: Path, environment: dict[str, str], tmp_path: Path) -> None:
    screen = started(terminal, model, "--length", "0", columns=40, **environment)
    screen.send(PROMPT + "\r")
    screen.wait(lambda s: prompted(s) and "care of it" in s.text)
    begin = screen.rows.index("one of these words would be broken at")
    assert screen.rows[begin : begin + 3] == [
        "one of these words would be broken at",
        "the edge of a window, if nobody took",
        "care of it",
    ]
    screen.send(f"/export {tmp_path}/out.txt\r")
    screen.wait(lambda s: "written" in s.text and prompted(s))
    assert (tmp_path / "out.txt").read_text("utf-8") == PROMPT
