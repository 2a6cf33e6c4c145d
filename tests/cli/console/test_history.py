from __future__ import annotations

import importlib.util
import json
import os
import stat
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from charlm.cli.console import history
from charlm.cli.console.history import InputHistory, history_file
from tests.cli.console.world import decided, prompted, saved

Start = Callable[..., Any]
POSIX = pytest.mark.skipif(sys.platform == "win32", reason="Windows has other rights and no such files")


@pytest.mark.parametrize(
    ("platform", "environment", "folder"),
    [
        ("linux", {}, ".local/state"),
        ("linux", {"XDG_STATE_HOME": "{home}/state"}, "state"),
        ("linux", {"XDG_STATE_HOME": "relative"}, ".local/state"),  # which the convention forbids
        ("darwin", {"XDG_STATE_HOME": "{home}/state"}, "Library/Application Support"),
        ("win32", {"LOCALAPPDATA": "{home}/local"}, "local"),
        ("win32", {}, "AppData/Local"),
        ("linux", {"CHARLM_HISTORY": "on"}, ".local/state"),
    ],
)
def test_the_place_of_each_system(
    platform: str, environment: dict[str, str], folder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    given = {name: value.format(home=tmp_path) for name, value in environment.items()}
    assert history_file(given, platform) == tmp_path / folder / "charlm" / "console_history.jsonl"


@pytest.mark.parametrize("value", ["off", "0", "OFF", "no", "false"])
def test_it_can_be_switched_off(value: str) -> None:
    assert history_file({"CHARLM_HISTORY": value}, "linux") is None
    nothing = InputHistory(None)
    nothing.add("a")
    assert nothing.read() == []


def test_a_user_without_a_home_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    def homeless() -> Path:
        raise RuntimeError

    monkeypatch.setattr(Path, "home", homeless)
    assert history_file({}, "linux") is None


def test_entries_come_back_in_order(tmp_path: Path) -> None:
    file = tmp_path / "new" / "folder" / "history"
    for entry in ("one", "  ", "zwei Zeilen,\nüber die Länge", "", "drei"):
        InputHistory(file).add(entry)
    assert InputHistory(file).read() == ["one", "zwei Zeilen,\nüber die Länge", "drei"]


@POSIX
def test_only_its_user_can_read_it(tmp_path: Path) -> None:
    file = tmp_path / "charlm" / "history"
    before = os.umask(0)
    try:
        InputHistory(file).add("a")
        assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        file.chmod(0o666)
        file.write_bytes(b'"b"\n' * 3 * history.MOST)
        InputHistory(file).read()
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    finally:
        os.umask(before)


def test_its_size_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "history"
    file.write_text("".join(f'"{k}"\n' for k in range(5 * history.MOST)), "utf-8")
    kept = InputHistory(file).read()
    assert kept == [str(k) for k in range(4 * history.MOST, 5 * history.MOST)]
    assert len(file.read_bytes().splitlines()) == history.MOST
    InputHistory(file).add("x" * (history.LONGEST + 1))
    assert InputHistory(file).read() == kept
    monkeypatch.setattr(history, "_LARGEST_BYTES", 1000)
    assert InputHistory(file).read() == kept[-len(InputHistory(file).read()) :]
    assert file.stat().st_size <= 1000


@pytest.mark.parametrize(
    "damage", [b"\xff\x00\n", b'{"a": 1}\n', b"[" * 9999 + b"\n", b'"\\u001b[2J"\n', b"5\n", b"\n"]
)
def test_what_is_damaged_is_left_out(damage: bytes, tmp_path: Path) -> None:
    file = tmp_path / "history"
    file.write_bytes(b'"a"\n' + damage + b'"b"\n"cut of')
    assert InputHistory(file).read() == ["a", "b"]


@POSIX
def test_what_cannot_be_read_or_written_is_no_history(tmp_path: Path) -> None:
    target, link, fifo, folder = tmp_path / "target", tmp_path / "link", tmp_path / "fifo", tmp_path / "folder"
    target.write_bytes(b'"a"\n')
    link.symlink_to(target)
    os.mkfifo(fifo)
    folder.mkdir()
    for path in (link, fifo, folder, target / "below", Path("/proc/charlm/history")):
        InputHistory(path).add("b")
        assert InputHistory(path).read() == []
    assert target.read_bytes() == b'"a"\n'


def test_what_could_control_a_terminal_is_not_kept(tmp_path: Path) -> None:
    for entry in ("a\x1b[2J", "\x9b", "\u202e", "\udcff", "a\0"):
        InputHistory(tmp_path / "history").add(entry)
    assert InputHistory(tmp_path / "history").read() == []


@pytest.mark.skipif(not importlib.util.find_spec("readline"), reason="needs readline")
def test_lines_of_an_earlier_session(terminal: Start, tmp_path: Path) -> None:
    model = saved(tmp_path, decided())
    where = {"XDG_STATE_HOME": str(tmp_path / "state"), "HOME": str(tmp_path), "CHARLM_HISTORY": "on"}
    for _ in range(2):
        screen = terminal("-m", "charlm", "console", model, "--length", "3", **where)
        screen.wait(prompted)
        screen.send("/temp 0.5\r")
        screen.wait(lambda s: "temperature 0.5" in s.text and prompted(s))
        screen.send("ββ\rββ\r")
        screen.wait(lambda s: "10 chars" in s.text and prompted(s))
        screen.send("\x04")
        assert screen.end() == 0
    (file,) = tmp_path.rglob("console_history.jsonl")
    assert [json.loads(line) for line in file.read_text("utf-8").splitlines()] == ["/temp 0.5", "ββ"] * 2
    screen = terminal("-m", "charlm", "console", model, **where)
    screen.wait(prompted)
    screen.send("\x1b[A\x1b[A")
    screen.wait("> /temp 0.5")
    screen.send("\x03")
    screen.wait(prompted)


@POSIX
def test_a_folder_that_cannot_be_written_is_no_hindrance(terminal: Start, tmp_path: Path) -> None:
    screen = terminal(
        *("-m", "charlm", "console", saved(tmp_path, decided())),
        CHARLM_HISTORY="on",
        XDG_STATE_HOME="/proc/nowhere",
    )
    screen.wait(prompted)
    screen.send("/temp\r")
    screen.wait(lambda s: "temperature" in s.text and prompted(s))
    screen.send("\x04")
    assert screen.end() == 0
    assert "charlm:" not in screen.text
