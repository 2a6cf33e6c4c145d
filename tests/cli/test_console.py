from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import charlm
from charlm.cli.entry import run

Start = Callable[..., Any]
CONTROLS = re.compile(rb"\x1b\[\d+A\r\x1b\[J|\x1b\[(?:\?2004[hl]|[\d;]*m)")  # the console's and readline's own
COLOURS = re.compile(rb"\x1b\[[\d;]*[349]\d[\d;]*m")


def saved(folder: Path, symbols: str) -> Path:
    vocabulary = charlm.Vocabulary.from_text(symbols)
    charlm.save(charlm.CharModel(charlm.ModelConfig(hidden_size=16), vocabulary, seed=1), folder / "model.npz")
    return folder / "model.npz"


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that writes Greek small letters only, so that its text is told from everything else."""
    return saved(tmp_path_factory.mktemp("greek"), "αβγδε")


@pytest.fixture(scope="module")
def nasty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return saved(tmp_path_factory.mktemp("nasty"), "a\x07\x1b[2J\x9b\x9d\r\b\x7f\u202e")


def prompted(screen: Any) -> bool:
    """Tell whether the console waits for a line."""
    return bool(screen.text.split("\n")[-1] == ">")


def greek(screen: Any) -> str:
    return "".join(c for c in screen.text if c in "αβγδε")


def test_a_line_becomes_part_of_the_text_and_the_model_goes_on(terminal: Start, model: Path) -> None:
    screen = terminal("-m", "charlm", "console", model, "--length", "30", "--seed", "5")
    screen.wait(prompted)
    assert screen.rows[0].startswith("lstm 16 · 5 symbols")
    assert "seed 5" in screen.rows[0]
    screen.send("βββ\r")
    screen.wait(lambda s: prompted(s) and len(greek(s)) == 33)
    assert re.fullmatch("βββ[αβγδε]{30}", screen.rows[1])
    assert screen.rows[2] == ">"
    person, machine = screen.style("βββ"), screen._screen.buffer[1][3]
    assert (person.bold, person.fg) == (True, "cyan")
    assert (machine.bold, machine.fg) == (False, "default")
    screen.send("\r")  # an empty line goes on
    screen.wait(lambda s: prompted(s) and len(greek(s)) == 63)
    screen.send("/bye\r")
    assert screen.end() == 0


def test_ctrl_c_stops_the_text_and_not_the_program(terminal: Start, model: Path) -> None:
    screen = terminal("-m", "charlm", "console", model, "--length", "1000000000")
    screen.wait(prompted)
    screen.send("αβγ\r")
    screen.wait(lambda s: len(greek(s)) > 500)
    screen.send("\x03")
    screen.wait(prompted)
    screen.send("/set length 7\r")
    screen.wait("length       7")
    screen.send("/undo\r")
    screen.wait("the text is empty")
    screen.send("\x04")
    assert screen.end() == 0


def test_ctrl_c_at_the_prompt_clears_the_line(terminal: Start, model: Path) -> None:
    screen = terminal("-m", "charlm", "console", model)
    screen.wait(prompted)
    screen.send("unfinished")
    screen.wait("> unfinished")
    screen.send("\x03")
    screen.wait(prompted)
    screen.send("/bye\r")
    assert screen.end() == 0


@pytest.mark.parametrize("keys", ["\x04", "/bye\r"])
def test_leaving(terminal: Start, model: Path, keys: str) -> None:
    screen = terminal("-m", "charlm", "console", model)
    screen.wait(prompted)
    screen.send(keys)
    assert screen.end() == 0


def test_errors_are_shown_and_the_session_goes_on(terminal: Start, model: Path) -> None:
    screen = terminal("-m", "charlm", "console", model, "--length", "9")
    screen.wait(prompted)
    for line, word in [
        ("xyz", "'x'"),
        ("/nonsense", "/help"),
        ("/set top-k many", "whole number"),
        ("/retry", "nothing to try again"),
        ("/model nowhere.npz", "nowhere.npz"),
    ]:
        screen.send(line + "\r")
        screen.wait(lambda s, word=word: word in s.text.replace("\n", " ") and prompted(s))
    screen.send("/bye\r")
    assert screen.end() == 0


@pytest.mark.skipif(not importlib.util.find_spec("readline"), reason="needs readline")
def test_lines_are_edited_and_remembered(terminal: Start, model: Path) -> None:
    screen = terminal("-m", "charlm", "console", model)
    screen.wait(prompted)
    screen.send("/shaw model")
    screen.send("\x1b[D" * 7 + "\x7fo\r")  # back to the a, which becomes an o
    screen.wait(lambda s: s.text.count("lstm 16") == 2 and prompted(s))
    screen.send("\x1b[A\r")
    screen.wait(lambda s: s.text.count("lstm 16") == 3)


def test_narrow(terminal: Start, model: Path) -> None:
    screen = terminal("-m", "charlm", "console", model, "--length", "50", columns=40)
    screen.wait(prompted)
    start = screen.text.count("\n")
    screen.send("β" * 95 + "\r")  # three rows at the prompt
    screen.wait(lambda s: prompted(s) and len(greek(s)) == 145)
    rows = screen.rows[start:]
    assert "".join(rows[:4]).startswith("β" * 95)
    assert [row for row in rows if row.startswith(">")] == [">"]
    screen.send("/help\r")
    screen.wait(lambda s: "/bye" in s.text and prompted(s))


@pytest.mark.parametrize(("flags", "environment"), [([], {"NO_COLOR": "1"}), (["--no-color"], {})])
def test_without_colour(terminal: Start, model: Path, flags: list[str], environment: dict[str, str]) -> None:
    screen = terminal("-m", "charlm", "console", model, "--length", "9", *flags, **environment)
    screen.wait(prompted)
    screen.send("βββ\r")
    screen.wait(lambda s: len(greek(s)) == 12 and prompted(s))
    assert screen.style("βββ").bold
    assert not COLOURS.search(screen.raw)


def test_on_a_dumb_terminal_nothing_is_painted(terminal: Start, model: Path) -> None:
    screen = terminal("-m", "charlm", "console", model, "--length", "9", TERM="dumb")
    screen.wait(prompted)
    screen.send("βββ\r")
    screen.wait(lambda s: len(greek(s)) == 12 and prompted(s))
    assert b"\x1b" not in screen.raw


def test_a_model_cannot_control_the_terminal(terminal: Start, nasty: Path) -> None:
    screen = terminal("-m", "charlm", "console", nasty, "--length", "3000", "--temp", "2")
    screen.wait(prompted)
    screen.send("\r")
    screen.wait(lambda s: prompted(s) and "␛" in s.text)
    screen.send("/show vocab\r")
    screen.wait(lambda s: "12 symbols" in s.text and prompted(s))
    screen.send("/bye\r")
    assert screen.end() == 0
    left = CONTROLS.sub(b"", screen.raw).decode()
    assert not re.findall("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202e]|\r(?!\n|$)", left.replace("\n\r", "\n"))


def test_raw_is_refused_on_a_terminal(terminal: Start, model: Path) -> None:
    screen = terminal("-m", "charlm", "console", model, "--raw")
    assert screen.end() == 2


def piped(model: Path, text: bytes, *flags: str) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "charlm", "console", str(model), *flags]
    return subprocess.run(command, input=text, capture_output=True, timeout=60, check=False)


def test_through_a_pipe_there_is_text_and_nothing_else(model: Path) -> None:
    done = piped(model, "αα\n\n/set length 5\nββ\r\n/bye\nγγ\n".encode(), "--length", "20", "--seed", "1")
    assert done.returncode == 0
    assert re.fullmatch("αα[α-ε]{40}ββ[α-ε]{5}", done.stdout.decode())
    assert b"seed 1" in done.stderr
    assert piped(model, "αα\n\n/set length 5\nββ\n".encode(), "--length", "20", "--seed", "1").stdout == done.stdout


def test_the_prompt_flag_is_the_first_line(model: Path) -> None:
    text = piped(model, b"", "--prompt", "γγγ", "--length", "4", "--seed", "1").stdout.decode()
    assert re.fullmatch("γγγ[α-ε]{4}", text)
    assert piped(model, "γγγ\n".encode(), "--length", "4", "--seed", "1", "--no-echo").stdout.decode() == text[3:]


@pytest.mark.parametrize(("text", "code"), [(b"xyz\n", 3), (b"/nonsense\n", 2), (b"\xce\xb1\n\xff\n", 3)])
def test_through_a_pipe_the_first_error_ends_it(model: Path, text: bytes, code: int) -> None:
    done = piped(model, text, "--length", "2")
    assert done.returncode == code
    assert len(done.stderr.decode().strip().split("\n")) == 2  # the greeting and the error
    assert b"Traceback" not in done.stderr


def test_what_is_piped_is_sanitised_unless_raw(nasty: Path) -> None:
    flags = ("--length", "300", "--seed", "1", "--temp", "2")
    raw, safe = piped(nasty, b"\n", *flags, "--raw").stdout, piped(nasty, b"\n", *flags).stdout
    assert b"\x1b" in raw
    assert "␛" in safe.decode()
    assert not re.findall("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]", safe.decode())


def test_a_seed_below_zero(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["console", str(model), "--seed", "-1"]) == 2
    assert capsys.readouterr().err == "charlm: seed is -1; it must be at least 0\n"
