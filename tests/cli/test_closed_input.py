"""Commands whose standard input was closed before they began, as by ``<&-``: Python has none then."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import charlm
from charlm.cli.entry import run

COMMANDS = [
    ["eval", "m.npz", "t.txt"],
    ["score", "m.npz", "t.txt"],
    ["corpus", "stats", "t.txt"],
    ["sample", "m.npz", "--length", "5"],
    ["console", "m.npz"],
    ["console", "m.npz", "--prompt", "ab", "--length", "5"],
    ["info"],
    ["resume"],
    ["train", "t.txt", "--steps", "1", "--hidden-size", "3", "--out", "r"],
]


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("t.txt").write_text("abc " * 50, "utf-8")
    charlm.save(charlm.CharModel(charlm.ModelConfig(hidden_size=3), charlm.Vocabulary.from_text("abc ")), "m.npz")


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_what_needs_none_does_without(
    words: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    assert run(words) == (4 if words == ["resume"] else 0)
    assert "AttributeError" not in capsys.readouterr().err


@pytest.mark.parametrize(
    "words",
    [["eval", "m.npz", "-"], ["score", "m.npz", "-"], ["corpus", "stats", "-"], ["train", "-"]],
    ids=" ".join,
)
def test_what_needs_it_says_so(
    words: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    assert run(words) == 2
    assert capsys.readouterr().err == "charlm: there is no standard input to read here; give a file\n"


@pytest.mark.skipif(sys.platform == "win32", reason="a shell of POSIX closes it")
def test_a_shell_that_closes_it() -> None:
    command = f'"{sys.executable}" -m charlm eval m.npz t.txt --json <&-'
    done = subprocess.run(command, shell=True, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
