"""The console with ``/heat on``: what is written bears the colour of its surprisal."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import charlm
from charlm.ui.heat import heat_style

from .world import GREEK, Start, decided, greek, prompted, saved, started

TRUECOLOUR = {"COLORTERM": "truecolor"}


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return saved(tmp_path_factory.mktemp("heat"), decided())


def cells(screen: Any, first_row: int) -> list[Any]:
    """Return the cells that hold the text, from a row on."""
    rows = screen._screen.buffer
    every = (rows[y][x] for y in range(first_row, screen._screen.lines) for x in range(screen._screen.columns))
    return [cell for cell in every if cell.data in GREEK]


@pytest.mark.parametrize("columns", [80, 40])
def test_every_character_has_the_colour_of_its_surprisal(terminal: Start, model: Path, columns: int) -> None:
    screen = started(terminal, model, "--length", "150", "--temp", "1.5", columns=columns, **TRUECOLOUR)
    screen.send("/heat on\r")
    screen.wait(lambda s: "Surprisal in bits" in s.text and "heat ·" in s.text and prompted(s))
    legend = next(k for k, row in enumerate(screen.rows) if "not predicted" in row)
    screen.send("βαβ\r")
    screen.wait(lambda s: len(greek(s)) == 153 and prompted(s))
    written = cells(screen, legend + 1)
    assert [(cell.fg, cell.bold, cell.bg) for cell in written[:3]] == [("cyan", True, "default")] * 3
    text = "".join(cell.data for cell in written)
    bits = charlm.score(charlm.load(model), text).bits
    grounds = [heat_style(b).rpartition("on #")[2] or "default" for b in bits[3:]]
    assert [cell.bg for cell in written[3:]] == grounds
    assert len(set(grounds)) >= 4
    screen.send("/heat off\r")
    screen.wait(lambda s: "heat off" in s.text and prompted(s))
    screen.send("/set length 5\r")
    screen.wait(lambda s: "length 5 " in s.text and prompted(s))
    screen.send("\r")
    screen.wait(lambda s: "158 chars" in s.text)
    assert {cell.bg for cell in cells(screen, 0)[-5:]} == {"default"}


def test_colours_come_while_the_model_writes(terminal: Start, model: Path) -> None:
    screen = started(terminal, model, "--length", "1000000000", **TRUECOLOUR)
    screen.send("/heat on\r")
    screen.wait(lambda s: "heat ·" in s.text)
    screen.send("\r")
    screen.wait(lambda s: not prompted(s) and len({cell.bg for cell in cells(s, 0)}) >= 4)
    screen.send("\x03")
    screen.wait(lambda s: "chars" in s.text and prompted(s))


def test_the_text_is_the_same(terminal: Start, model: Path) -> None:
    texts = []
    for switch in ("on", "off"):
        screen = started(terminal, model, "--length", "60")
        screen.send(f"/heat {switch}\r")
        screen.wait(lambda s: "Surprisal" in s.text or "heat off" in s.text)
        screen.wait(prompted)
        screen.send("\r")
        screen.wait(lambda s: len(greek(s)) == 60 and prompted(s))
        texts.append(greek(screen))
    assert texts[0] == texts[1]


@pytest.mark.parametrize(
    ("flags", "environment"), [(["--no-color"], {}), ([], {"NO_COLOR": "1"}), ([], {"TERM": "dumb"})]
)
def test_where_there_is_no_colour_it_says_so(
    terminal: Start, model: Path, flags: list[str], environment: dict[str, str]
) -> None:
    screen = started(terminal, model, "--length", "30", *flags, **environment)
    screen.send("/heat on\r")
    screen.wait(lambda s: "there is no colour here" in s.text and prompted(s))
    screen.send("ββ\r")
    screen.wait(lambda s: len(greek(s)) in (32, 34) and prompted(s))  # a dumb terminal keeps the line
    assert screen.text.count("no colour") == 1
    assert not re.search(rb"\x1b\[[\d;]*[34]8[;\d]*m", screen.raw)


def test_a_pipe_gets_the_bare_text(model: Path) -> None:
    command = [sys.executable, "-m", "charlm", "console", str(model), "--length", "20", "--seed", "1"]
    done = subprocess.run(command, input="/heat on\nββ\n\n".encode(), capture_output=True, timeout=60, check=False)
    assert re.fullmatch("ββ[α-ε]{40}", done.stdout.decode())
    assert done.stderr.count(b"no colour") == 1


@pytest.mark.parametrize("columns", [80, 40])
def test_answers_side_by_side_are_coloured_too(terminal: Start, model: Path, columns: int) -> None:
    screen = started(
        terminal, model, "--length", "12", "--temp", "2", "--count", "2", columns=columns, **TRUECOLOUR
    )
    screen.send("/heat on\r")
    screen.wait(lambda s: "heat ·" in s.text)
    screen.send("ββ\r")
    screen.wait(lambda s: s.text.endswith("1-2>"))
    assert len({cell.bg for cell in cells(screen, 4)}) >= 3
    screen.send("2\r")
    screen.wait(lambda s: "14 chars" in s.text and prompted(s))
    written = cells(screen, 0)[-14:]
    bits = charlm.score(charlm.load(model), "".join(cell.data for cell in written)).bits
    assert [cell.bg for cell in written[2:]] == [heat_style(b).rpartition("on #")[2] or "default" for b in bits[2:]]


def test_step_mode_leaves_coloured_text(terminal: Start, model: Path) -> None:
    screen = started(terminal, model, **TRUECOLOUR)
    screen.send("/heat on\r")
    screen.wait(lambda s: "heat ·" in s.text)
    screen.send("/step\r")
    screen.wait(lambda s: s.text.endswith("step>"))
    for k in range(6):
        screen.send("\r")
        screen.wait(lambda s, k=k: re.search(f"^[α-ε]{{{k + 1}}}▁", s.text, re.MULTILINE))
    screen.send("/step\r")
    screen.wait(lambda s: "6 chars" in s.text and prompted(s))
    written = cells(screen, 0)[-6:]
    bits = charlm.score(charlm.load(model), "".join(cell.data for cell in written)).bits
    assert [cell.bg for cell in written[1:]] == [heat_style(b).rpartition("on #")[2] or "default" for b in bits[1:]]
    assert np.isnan(bits[0])
