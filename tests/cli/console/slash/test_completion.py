from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from charlm.cli.console.slash import completions


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("/und", ["/undo"]),
        ("/se", ["/set ", "/seed "]),
        ("/set top", ["/set top-k ", "/set top-p "]),
        ("/set on-unknown ", [f"/set on-unknown {value}" for value in ("error", "skip", "replace")]),
        ("/set length ", ["/set length 5"]),
        ("/temperat", ["/temperature "]),
        ("/length ", ["/length 5"]),
        ("/on-unknown s", ["/on-unknown skip"]),
        ("/set nope ", []),
        ("/set stop ", []),
        ("/show m", ["/show model"]),
        ("/seed ", []),
        ("/nope x", []),
        ("text", ["text\t"]),
        ("//text", ["//text\t"]),
        ("", ["\t"]),
    ],
)
def test_what_a_line_may_become(desk: Any, line: str, expected: list[str]) -> None:
    assert completions(line, desk.talk) == expected


def test_branches(desk: Any) -> None:
    desk.shown("/branch left"), desk.shown("/branch right")
    assert completions("/return l", desk.talk) == ["/return left"]


def test_files(desk: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("two words.npz", "two.npz", ".hidden", "bad\x1b[31m", "bad\u202e"):
        (tmp_path / name).touch()
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "inner").touch()
    monkeypatch.chdir(tmp_path)
    assert completions("/load ", desk.talk) == ["/load folder/", "/load two words.npz", "/load two.npz"]
    assert completions("/load two w", desk.talk) == ["/load two words.npz"]
    assert completions("/save folder/i", desk.talk) == ["/save folder/inner"]
    assert completions("/save --force folder/i", desk.talk) == ["/save --force folder/inner"]
    assert completions(f"/load {tmp_path}/.h", desk.talk) == [f"/load {tmp_path}/.hidden"]
    assert completions("/load nowhere/", desk.talk) == []
    assert completions("/load bad", desk.talk) == []


def test_models(desk: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "checkpoints" / "two").mkdir(parents=True)
    for name in ("checkpoints/two/last.npz", "two.npz", "two.txt"):
        (tmp_path / name).touch()
    monkeypatch.chdir(tmp_path)
    assert completions("/model tw", desk.talk) == ["/model two", "/model two.npz"]
    assert completions("/model checkpoints/t", desk.talk) == ["/model checkpoints/two/"]


def test_patterns(desk: Any) -> None:
    assert completions("/regex @w", desk.talk) == ["/regex @word"]
