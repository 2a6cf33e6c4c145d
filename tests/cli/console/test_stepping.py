"""Step mode: by single keys on a terminal, by lines elsewhere."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.cli.console.world import decided, prompted, saved, started

Start = Callable[..., Any]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return saved(tmp_path_factory.mktemp("greek"), decided("αβγδε7/\n"))


def asks(prompt: str) -> Callable[[Any], bool]:
    return lambda screen: bool(screen.text.split("\n")[-1] == prompt)


def text(screen: Any) -> str:
    """Return the text so far, as it stands above the probabilities."""
    return next((str(row[:-1]) for row in screen.rows if row.endswith("▁")), "")


def stepping(terminal: Start, model: Path, *, columns: int = 80, rows: int = 24) -> Any:
    screen = terminal("-m", "charlm", "console", model, "--seed", "5", columns=columns, rows=rows)
    screen.wait(prompted)
    screen.send("/step\r")
    screen.wait(asks("step>"))
    return screen


@pytest.mark.parametrize(("columns", "rows"), [(80, 24), (40, 12)])
def test_keys_need_no_enter_and_each_step_takes_the_place_of_the_one_before(
    terminal: Start, model: Path, columns: int, rows: int
) -> None:
    screen = stepping(terminal, model, columns=columns, rows=rows)
    top = screen.text.count("\n")
    numbered = re.findall(r"^([1-8]) (\S+) +<?\d", screen.text, re.MULTILINE)
    assert len(numbered) == (8 if rows == 24 else 6)
    assert f"1-{len(numbered)} pick" in screen.text
    second = numbered[1][1]
    screen.send("2")  # picked
    screen.wait(lambda s: text(s) == second)
    screen.send("γδ")  # typed
    screen.wait(lambda s: text(s) == second + "γδ")
    screen.send("\r")  # drawn
    screen.wait(lambda s: len(text(s)) == 4)
    screen.send("\x7f\x1b[D")  # taken back, by another key too
    screen.wait(lambda s: text(s) == second + "γ")
    screen.send("\x167\x16/\x16\r")  # as it is: no number, no command, no draw
    screen.wait(lambda s: text(s) == second + "γ7/␊")
    screen.send("\x1b[C")
    screen.wait(lambda s: len(text(s)) == 6)
    screen.send("\x1b[A\x1b[5~\x0e")  # keys without a meaning
    screen.send("γ")
    screen.wait(lambda s: len(text(s)) == 7)
    screen.wait(asks("step>"))
    assert screen.text.count("\n") == top
    assert screen.style("γ").bold
    screen.send("\x1b")
    screen.wait(prompted)
    assert re.search(f"^{second}γ7/$", screen.text, re.MULTILINE)
    assert "▁" not in screen.text
    screen.send("/bye\r")
    assert screen.end() == 0


def test_mistakes_are_told_in_place(terminal: Start, model: Path) -> None:
    screen = stepping(terminal, model)
    top = screen.text.count("\n")
    screen.send("x")
    screen.wait(lambda s: "'x'" in s.text and asks("step>")(s))
    screen.send("9")
    screen.wait(lambda s: "there is no row 9" in s.text and "'x'" not in s.text and asks("step>")(s))
    screen.send("\x7f")
    screen.wait(lambda s: "no step to take back" in s.text and asks("step>")(s))
    screen.send("γ")
    screen.wait(lambda s: "1-8 pick" in s.text and text(s) == "γ" and asks("step>")(s))
    assert screen.text.count("\n") == top


def test_a_slash_begins_a_command(terminal: Start, model: Path) -> None:
    screen = stepping(terminal, model)
    screen.send("γ/temp 0.25\r")
    screen.wait(lambda s: "temperature 0.25" in s.text and asks("step>")(s))
    assert text(screen) == "γ"
    screen.send("/step\r")
    screen.wait(lambda s: prompted(s) and "temp 0.25 · 1 chars" in s.text)


@pytest.mark.parametrize("key", ["\x1b", "\x04", "\x03"])
def test_keys_that_end_it(terminal: Start, model: Path, key: str) -> None:
    screen = stepping(terminal, model)
    screen.send("ββ")
    screen.wait(lambda s: text(s) == "ββ" and asks("step>")(s))
    screen.send(key)
    screen.wait(lambda s: prompted(s) and "2 chars" in s.text)
    assert re.search("^ββ$", screen.text, re.MULTILINE)
    screen.send("\x04")
    assert screen.end() == 0


def test_lines_on_a_terminal_that_cannot_be_painted(terminal: Start, model: Path) -> None:
    screen = started(terminal, model, TERM="dumb")
    screen.send("/step\r")
    screen.wait(lambda s: asks("step>")(s) and "a number picks" in s.text.replace("\n", " "))
    screen.send("γγ\r")
    screen.wait(lambda s: "γγ▁" in s.text and asks("step>")(s))
    screen.send("9\r")
    screen.wait(lambda s: "there is no row 9" in s.text and asks("step>")(s))
    screen.send("/undo\r")
    screen.wait(lambda s: "the text is empty" in s.text and asks("step>")(s))
    screen.send("/step\r")
    screen.wait(prompted)


def test_an_error_names_settings_as_the_console_does(terminal: Start, model: Path) -> None:
    screen = stepping(terminal, model)
    screen.send("q")
    screen.wait(lambda s: "character 'q'" in s.text and asks("step>")(s))
    assert "pass on-unknown skip or replace" in screen.text.replace("\n", " ")
    assert "`" not in screen.text
