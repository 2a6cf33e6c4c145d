from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Start = Callable[..., Any]
DEMO = ("-m", "charlm.ui.run.dashboard", "0.01")
QUICK = (*DEMO[:-1], "0.001")
LEAVE = b"\x1b[?1049l"


def running(screen: Any) -> bool:
    return "Twice." in screen.text  # the end of the sample


def test_the_screen_at_80_by_24(terminal: Start) -> None:
    screen = terminal(*DEMO)
    screen.wait(running)
    rows = screen.rows
    assert rows[0] == "charlm  demonstration"
    assert rows[1] == "lstm 192 · 65 symbols · 211,073 parameters"
    assert rows[2] == "1,115,394 characters · preset small · 2 shards on 2 workers"
    assert re.fullmatch(r"━+─+ +\d+%  0:\d\d, 0:\d\d left", rows[4])
    assert re.fullmatch(r"step \d+ of 600 · epoch \d\.\d\d", rows[5])
    assert re.match(r"(early|learns): \w+", rows[6])
    begin = next(k for k, row in enumerate(rows) if row.startswith("train loss"))
    train, validation, best, baseline = rows[begin : begin + 4]
    assert re.fullmatch(r"train loss     \d\.\d{4} nats  \d\.\d{3} bits  speed          [\d,]+ characters/s", train)
    assert re.fullmatch(r"validation     \d\.\d{4} nats  \d\.\d{3} bits  learning rate  0\.\d+", validation)
    assert re.fullmatch(r"best           \d\.\d{4} nats  step \d+ +gradient norm  0\.\d+", best)
    assert baseline == "baseline       1.5226 nats  6-gram"
    assert re.match(r"\d\.\d\d  *[⠁-⣿]", rows[begin + 5])
    sample = next(k for k, row in enumerate(rows) if row.startswith("── sample, step"))
    assert rows[sample + 1 : sample + 5] == [
        "ROMEO:",
        "The night is [bold]long[/bold], and every star of it",
        "hath asked my name.",
        "␛[31mTwice.␛[0m",
    ]
    assert rows[23] == "Ctrl-C saves and stops"


def test_the_screen_is_left_with_a_summary(terminal: Start) -> None:
    screen = terminal(*QUICK, rows=30)
    assert screen.end() == 0
    assert screen.raw.count(b"\x1b[?1049h") == screen.raw.count(LEAVE) == 1
    painted, _, left = screen.raw.partition(LEAVE)
    assert b"\x1b[2J" not in painted  # written over in place, never wiped: no flicker
    summary = re.sub(r"\x1b\[[?\d;]*[a-zA-Z]", "", left.decode())
    assert "demonstration  lstm 192 · 65 symbols · 211,073 parameters" in summary
    assert "run         finished · 6.00 epochs" in summary
    assert re.search(r"validation  1\.\d{4} nats, 2\.\d{3} bits · best 1\.\d{4} at step 600", summary)
    assert "compare     6-gram baseline 1.5226 · uniform 4.1744 nats\r\n" in summary
    learns = "verdict     learns: validation fell from 2.54 to 1.58, still above the 6-gram"
    assert f"{learns}\r\n            (1.52)\r\n" in summary  # broken between words
    assert "saved       checkpoints/demonstration\r\n" in summary
    assert "sample      charlm sample checkpoints/demonstration\r\n" in summary


def test_nothing_scrolls(terminal: Start) -> None:
    screen = terminal(*DEMO)
    screen.wait(running)
    frames = screen.raw.split(b"\x1b[H")[2:-1]
    assert frames
    assert {frame.count(b"\n") for frame in frames} == {23}


@pytest.mark.parametrize(("columns", "rows"), [(40, 24), (40, 10), (60, 16), (20, 6)])
def test_narrow_and_low(terminal: Start, columns: int, rows: int) -> None:
    screen = terminal(*DEMO, columns=columns, rows=rows)
    screen.wait(lambda s: s.rows[-1].startswith("Ctrl-C saves"))
    screen.wait(lambda s: s.rows[0].startswith("charlm  demo"))


def test_resizing_does_no_harm(terminal: Start) -> None:
    screen = terminal(*DEMO)
    screen.wait(running)
    for columns, rows in [(40, 12), (120, 40), (15, 3), (80, 24)]:
        screen.resize(columns, rows)
        screen.wait(lambda s, rows=rows: len(s.rows) == rows and s.rows[-1].startswith("Ctrl-C saves"))


def test_ctrl_c_gives_the_screen_back(terminal: Start) -> None:
    screen = terminal(*DEMO)
    screen.wait(running)
    screen.send("\x03")
    screen.end()
    assert LEAVE in screen.raw
    assert "\x1b[?25h" in screen.raw.decode()  # the cursor is there again
    assert "resume      charlm resume checkpoints/demonstration" in screen.text


def test_without_colour(terminal: Start) -> None:
    screen = terminal(*DEMO, NO_COLOR="1")
    screen.wait(running)
    assert not re.search(rb"\x1b\[[\d;]*[349]\d[\d;]*m", screen.raw)
    assert "━" in screen.rows[4]
    assert "─" in screen.rows[4]


def test_on_a_dumb_terminal_there_are_plain_lines(terminal: Start) -> None:
    screen = terminal(*DEMO, TERM="dumb")
    screen.wait("step 60: validation")
    assert b"\x1b" not in screen.raw


def test_through_a_pipe_there_are_plain_lines() -> None:
    done = subprocess.run([sys.executable, *QUICK], capture_output=True, timeout=60, check=True)
    assert done.stdout == b""
    assert b"\x1b" not in done.stderr
    lines = done.stderr.decode().splitlines()
    assert lines[0] == "demonstration: lstm 192 · 65 symbols · 211,073 parameters"
    assert any(line.startswith("step 60: validation") for line in lines)
    assert sum(line.startswith("learns: ") for line in lines) == 1  # told once, when it is known
    assert lines[-1] == "longer      charlm resume checkpoints/demonstration --steps 1200"


def test_what_is_said_of_the_text_stays_above_the_summary(terminal: Start, tmp_path: Path) -> None:
    folder = tmp_path / "src"
    folder.mkdir()
    (folder / "a.txt").write_text("some text " * 200)
    (folder / "logo.png").write_bytes(b"\x89PNG\r\n\x1a\n" * 9)
    flags = ("--steps", "2", "--hidden-size", "4", "--out", str(tmp_path / "run"))
    screen = terminal("-m", "charlm", "train", str(folder), *flags, columns=200)
    assert screen.end() == 0
    left = re.sub(r"\x1b\[[?\d;]*[a-zA-Z]", "", screen.raw.partition(LEAVE)[2].decode())
    assert left.lstrip("\r\n").startswith("left out 1 binary file: '")
