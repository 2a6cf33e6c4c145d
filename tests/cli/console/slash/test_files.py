from __future__ import annotations

import os
from pathlib import Path
from typing import Any
from xml.dom import minidom

import pytest

from charlm.errors import CheckpointError, DiskError, UsageError


def test_save_and_load(desk: Any, tmp_path: Path) -> None:
    desk.turn("ab")
    file = tmp_path / "a talk with blanks.npz"
    assert desk.shown(f"/save {file}") == f"saved in {str(file)!r}\n"
    text, going_on = desk.talk.text, desk.turn("b")
    desk.shown("/clear")
    desk.shown("/seed 99")
    assert desk.shown(f"/load {file}").startswith("the text ends:")
    assert (desk.talk.text, desk.talk.seed) == (text, 3)
    assert desk.turn("b") == going_on


def test_another_models_conversation_is_read_anew_and_that_is_told(desk: Any, tmp_path: Path) -> None:
    desk.turn("ab")
    desk.shown("/branch x")
    text = desk.talk.text
    desk.shown(f"/save {tmp_path / 'talk'}")
    desk.shown("/model a good one.npz")
    assert "without 1 of the branches" in desk.shown(f"/save {tmp_path / 'other'}")
    assert desk.shown(f"/load {tmp_path / 'talk'}").startswith("another model wrote it")
    assert desk.talk.text == text


@pytest.mark.parametrize("command", ["/save", "/export"])
def test_overwriting_needs_force(desk: Any, tmp_path: Path, command: str) -> None:
    file = tmp_path / "it.txt"
    file.write_text("mine")
    with pytest.raises(UsageError, match=rf"exists; choose another name, or replace it with {command} --force"):
        desk.run(f"{command} {file}")
    assert file.read_text() == "mine"
    desk.shown(f"{command} --force {file}")
    desk.shown(f"{command} {file} --force")
    assert file.read_bytes() != b"mine"
    assert [left.name for left in tmp_path.iterdir()] == ["it.txt"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
@pytest.mark.parametrize("command", ["/save", "/export"])
def test_what_is_no_regular_file_is_never_replaced(desk: Any, tmp_path: Path, command: str) -> None:
    os.mkfifo(tmp_path / "pipe.txt")
    for name in ("pipe.txt", "."):
        with pytest.raises(UsageError, match="no regular file"):
            desk.run(f"{command} --force {tmp_path / name}")


def test_a_symbolic_link_is_not_followed(desk: Any, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    (tmp_path / "link.txt").symlink_to(tmp_path / "mine.txt")
    with pytest.raises(UsageError, match="exists"):
        desk.run(f"/export {tmp_path / 'link.txt'}")
    desk.shown(f"/export --force {tmp_path / 'link.txt'}")
    assert (tmp_path / "mine.txt").read_text() == "mine"


def test_exports(desk: Any, tmp_path: Path) -> None:
    desk.turn("ab \x1b")
    for suffix in ("html", "svg", "TXT"):
        desk.shown(f"/export {tmp_path}/out.{suffix}")
    assert (tmp_path / "out.TXT").read_text() == desk.talk.text.replace("\x1b", "␛")
    minidom.parseString((tmp_path / "out.html").read_bytes())
    minidom.parseString((tmp_path / "out.svg").read_bytes())
    assert "<b>ab ␛</b>" in (tmp_path / "out.html").read_text()


def test_what_cannot_be_done_is_told(desk: Any, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"tells no format; let the name end in .html, .svg, .txt$"):
        desk.run(f"/export {tmp_path}/talk.docx")
    with pytest.raises(CheckpointError, match="there is no conversation"):
        desk.run(f"/load {tmp_path}/talk")
    for command in ("/save", "/export"):
        with pytest.raises(DiskError, match="create the folder first"):
            desk.run(f"{command} {tmp_path}/nowhere/talk.txt")


def test_a_home_folder(desk: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    desk.shown("/save ~/talk")
    assert (tmp_path / "talk").is_file()
    with pytest.raises(CheckpointError):
        desk.run("/load ~nobody-by-this-name/talk")


def test_settings_that_a_beam_has_no_use_for_come_from_a_file(desk: Any, tmp_path: Path) -> None:
    desk.shown("/set temp 0.5")
    desk.shown(f"/save {tmp_path / 'warm'}")
    desk.shown("/set temp 0.8")
    desk.shown(f"/save {tmp_path / 'usual'}")
    desk.shown("/beam 4")
    assert "beam off" not in desk.shown(f"/load {tmp_path / 'usual'}")
    assert "beam off" in desk.shown(f"/load {tmp_path / 'warm'}")
    assert (desk.context.beam, desk.talk.config.temperature) == (0, 0.5)
