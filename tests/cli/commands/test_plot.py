"""``charlm plot`` as its user sees it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from xml.dom import minidom

import pytest

from charlm.cli.entry import run
from tests.runs.curves import events, falling

EVIL = "a [bold]\u202e<b>&\x1b[31m"


def write_run(folder: Path, end: float = 1.5) -> None:
    folder.mkdir(parents=True)
    lines = (json.dumps(event) for event in events(falling(end), falling(end + 0.1)))
    (folder / "log.jsonl").write_text("\n".join(lines), "ascii")


@pytest.fixture(autouse=True)
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    for k, name in enumerate(("one", "two")):
        write_run(Path("runs") / name, 1.5 + k)


def test_curves_on_stdout_and_nothing_else(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["plot", "runs/one", "runs/two"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert "1 ● one  train 1.5" in out
    assert "2 ○ two  train 2.5" in out
    assert "\x1b" not in out


def test_pictures_beside_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["plot", "runs/one", "--svg", "a.svg", "--html", "a.html", "--x", "epochs"]) == 0
    for name in ("a.svg", "a.html"):
        assert minidom.parse(name).getElementsByTagName("polyline")
    assert "epochs" in capsys.readouterr().out


@pytest.mark.parametrize("flag", ["--svg", "--html", "--png"])
def test_nothing_is_written_over(flag: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path("mine").write_text("mine", "utf-8")
    assert run(["plot", "runs/one", flag, "mine"]) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert f"'mine' exists; choose another {flag}, or replace it with --force" in err
    assert Path("mine").read_text("utf-8") == "mine"


def test_unless_it_is_asked_for() -> None:
    Path("mine").write_text("mine", "utf-8")
    assert run(["plot", "runs/one", "--svg", "mine", "--force"]) == 0
    minidom.parse("mine")


def test_a_missing_extra_is_told_before_anything_is_written(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "PIL.Image", None)
    assert run(["plot", "runs/one", "--png", "a.png", "--svg", "a.svg"]) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert 'pip install "charlm-toolkit[png]"' in err
    assert not Path("a.svg").exists()


def test_png_where_the_extra_is_there() -> None:
    pytest.importorskip("PIL.Image", reason="the extra png")
    assert run(["plot", "runs/one", "--png", "a.png"]) == 0
    assert Path("a.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.skipif(sys.platform == "win32", reason="such a name cannot be there")
def test_a_name_can_do_no_harm(capsys: pytest.CaptureFixture[str]) -> None:
    write_run(Path(EVIL))
    assert run(["plot", EVIL, "--svg", "a.svg", "--html", "a.html"]) == 0
    out = capsys.readouterr().out
    assert "[bold]" in out
    assert "\x1b" not in out
    assert "\u202e" not in out
    for name in ("a.svg", "a.html"):
        assert not minidom.parse(name).getElementsByTagName("b")


@pytest.mark.parametrize(
    ("arguments", "code", "word"),
    [
        (["none"], 4, "there is no checkpoint 'none'"),
        (["runs"], 4, "holds neither"),
        (["runs/one", "--x", "miles"], 2, "choose one of steps, chars, minutes, epochs"),
        (["runs/one", "--from", "1e9"], 2, "give a smaller --from"),
        (["runs/one", "--svg", "no/such/a.svg"], 5, "create the folder first"),
    ],
)
def test_refusals_are_one_line(
    arguments: list[str], code: int, word: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["plot", *arguments]) == code
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert word in err


@pytest.mark.usefixtures("nothing_shipped")
def test_no_run_at_all(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["plot"]) == 4
    assert "train one first" in capsys.readouterr().err


def test_the_shipped_model_where_there_is_no_other(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in ([], ["pretrained/tales"]):
        assert run(["plot", *arguments]) == 0
        assert "tales" in capsys.readouterr().out


def test_on_a_terminal_of_forty_columns(terminal) -> None:  # type: ignore[no-untyped-def]
    screen = terminal("-m", "charlm", "plot", "runs/one", "runs/two", columns=40, rows=30)
    assert screen.end() == 0
    rows = screen.rows
    assert rows[0] == "nats"
    assert "└" in screen.text
    assert "1 ● one" in rows
    assert b"\x1b[36m" in screen.raw
    plain = terminal("-m", "charlm", "plot", "runs/one", "--no-color", columns=40, rows=30)
    assert plain.end() == 0
    assert b"\x1b[36m" not in plain.raw


def test_a_reader_that_has_enough_ends_it_quietly() -> None:
    command = f'"{sys.executable}" -m charlm plot runs/one | head -n 1'
    done = subprocess.run(command, shell=True, capture_output=True, text=True, check=False)
    assert done.stderr == ""
