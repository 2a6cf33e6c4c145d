"""The console with a beam: answers are searched for, and come as a whole."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import charlm
from charlm.cli.entry import run
from charlm.generation import beam_search

from .world import Start, below_greeting, decided, greek, prompted, saved, started


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return saved(tmp_path_factory.mktemp("beam"), decided())


@pytest.mark.parametrize("columns", [80, 40])
def test_the_answer_is_the_likeliest_text(terminal: Start, model: Path, columns: int) -> None:
    screen = started(terminal, model, "--length", "60", columns=columns)
    screen.send("/set beam 7\r")
    screen.wait(lambda s: "beam 7 ·" in s.text and prompted(s))
    found = beam_search(charlm.load(model), width=7, prompt="βα", length=60)[0].text
    screen.send("βα\r")
    screen.wait(lambda s: "62 chars" in s.text and prompted(s))
    assert greek(screen) == "βα" + found
    screen.send("/retry\r")
    screen.wait(lambda s: len(greek(s)) == 124 and prompted(s))
    assert greek(screen) == 2 * ("βα" + found)
    screen.send("\r")  # goes on from where the answer ends
    screen.wait(lambda s: "122 chars" in s.text and prompted(s))
    more = beam_search(charlm.load(model), width=7, prompt="βα" + found, length=60)[0].text
    assert greek(screen).endswith(more)
    screen.send("/undo\r")
    screen.wait(lambda s: "the text ends" in s.text and "62 chars" in s.text.split("the text ends")[1])
    screen.send("/beam off\r")
    screen.wait(lambda s: "text is sampled" in s.text and prompted(s))


def test_ctrl_c_ends_the_search_and_keeps_the_console(terminal: Start, model: Path) -> None:
    screen = started(terminal, model, "--length", "100000000", "--beam", "50")
    screen.send("βββ\r")
    screen.wait(
        lambda s: re.search(r"^searching: [\d,]+ of 100,000,000; the text appears as a whole$", s.text, re.M)
    )
    assert screen.rows[below_greeting(screen)] == "βββ"
    screen.send("\x03")
    screen.wait(lambda s: "the search was ended" in s.text and "3 chars" in s.text and prompted(s))
    assert "searching:" not in screen.text
    screen.send("/set length 4\r")
    screen.wait(lambda s: "length 4 " in s.text and prompted(s))
    screen.send("/retry\r")
    screen.wait(lambda s: "7 chars" in s.text and prompted(s))
    screen.send("/bye\r")
    assert screen.end() == 0


def test_the_word_below_leaves_the_text_in_its_place(terminal: Start, model: Path) -> None:
    screen = started(terminal, model, "--length", "160", "--beam", "300")
    screen.send("βββ\r")
    screen.wait("searching:")
    screen.wait(lambda s: "163 chars" in s.text and prompted(s))
    found = beam_search(charlm.load(model), width=300, prompt="βββ", length=160)[0].text
    top = below_greeting(screen)
    rows = screen.rows[top : top + 3]
    assert "".join(rows) == "βββ" + found
    assert [len(row) for row in rows] == [80, 80, 3]


def test_several_answers(terminal: Start, model: Path) -> None:
    screen = started(terminal, model, "--length", "9", "--beam", "6", "--count", "2")
    screen.send("β\r")
    screen.wait(lambda s: s.text.endswith("1-2>"))
    found = [one.text for one in beam_search(charlm.load(model), width=6, count=2, prompt="β", length=9)]
    assert all(text in screen.text for text in found)
    screen.send("2\r")
    screen.wait(lambda s: "10 chars" in s.text and prompted(s))
    assert greek(screen) == "β" + found[1]


def test_step_mode_draws(terminal: Start, model: Path) -> None:
    screen = started(terminal, model, "--length", "9", "--beam", "6")
    screen.send("/step\r")
    screen.wait(lambda s: s.text.endswith("step>"))
    screen.send("\r")
    screen.wait(lambda s: re.search("^[α-ε]▁", s.text, re.MULTILINE))
    screen.send("\x04")
    screen.wait(lambda s: "1 chars" in s.text and prompted(s))


def test_found_text_is_coloured(terminal: Start, model: Path) -> None:
    screen = started(terminal, model, "--length", "30", "--beam", "2", COLORTERM="truecolor")
    screen.send("/heat on\r")
    screen.wait(lambda s: "heat · beam 2 ·" in s.text)
    screen.send("\r")
    screen.wait(lambda s: "30 chars" in s.text and prompted(s))
    assert re.search(rb"\x1b\[[\d;]*48;2;", screen.raw.split(b"heat")[-1] + screen.raw.split(b"not predicted")[-1])


@pytest.mark.parametrize(
    "flags",
    [
        ["--beam", "0"],
        ["--beam", "10001"],
        ["--beam", "2", "--count", "3"],
        ["--beam", "2", "--temp", "0.5"],
        ["--beam", "2", "--top-k", "3"],
        ["--beam", "2", "--regex", "a+"],
        ["--beam", "2", "--template", "a{x:b}"],
    ],
)
def test_the_rules_are_those_of_sample(model: Path, capsys: pytest.CaptureFixture[str], flags: list[str]) -> None:
    said = []
    for command in ("sample", "console"):
        assert run([command, str(model), *flags]) == 2
        said.append(capsys.readouterr().err)
    assert said[0].replace("charlm sample", "charlm console") == said[1]
    assert said[0].count("\n") == 1
