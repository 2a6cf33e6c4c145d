"""A run writes into its folder alone, whatever is in it and whatever the names are."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from charlm.checkpoint import atomic, load_checkpoint
from charlm.cli.entry import run
from tests.figures import figure

pytestmark = [
    pytest.mark.promise(15),
    pytest.mark.skipif(os.name == "nt", reason="symbolic links and names that POSIX allows"),
]

SMALL = ["--hidden-size", "4", "--batch-size", "4", "--seq-length", "9", "--shards", "1", "--quiet"]
NAMES = [
    "plain",
    "a/b/c",
    "../beside",
    "x/../y",
    "./here",
    " spaces ",
    "new\nline",
    "\x1b[31mred",
    "-dash",
    "é\u202e",
    "a" * 200,
    "[bold]",
    "%s",
    "$HOME",
    "~",
    "last.npz",
]
FILES = ["last.npz", "best.npz", "log.jsonl", "config.json"]


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, no_fsync: None) -> None:
    (tmp_path / "home").mkdir()
    monkeypatch.chdir(tmp_path / "home")
    Path("t.txt").write_text("the cat sat on the mat and ran far off to see the dog " * 9)
    Path("precious").write_bytes(b"precious")


def train(out: str | Path, *flags: str) -> int:
    return run(["train", str(Path("t.txt").absolute()), "--steps", "3", "--out", str(out), *SMALL, *flags])


def tree(root: Path) -> dict[str, bytes | str]:
    """Return everything below a folder: contents, and where links lead."""
    found: dict[str, bytes | str] = {}
    for path in sorted(root.rglob("*")):
        name = str(path.relative_to(root))
        found[name] = (
            str(path.readlink()) if path.is_symlink() else path.read_bytes() if path.is_file() else "folder"
        )
    return found


@pytest.mark.parametrize("name", figure(NAMES[::3], NAMES), ids=ascii)
def test_nothing_is_written_elsewhere(tmp_path: Path, name: str) -> None:
    if name == "x/../y":
        Path("x").mkdir()
    before = tree(tmp_path)
    out = f"./{name}" if name.startswith("-") else name
    assert train(out) == 0
    folder = Path(os.path.normpath(Path(out).absolute())).relative_to(tmp_path)
    new = {path for path in tree(tmp_path) if path not in before}
    allowed = {str(parent) for parent in folder.parents} | {str(folder)}
    assert {path for path in new if path not in allowed} == {f"{folder}/{file}" for file in [*FILES, ".lock"]}
    assert {path: content for path, content in tree(tmp_path).items() if path in before} == before
    assert run(["resume", out, "--steps", "4", "--quiet"]) == 0
    assert {path for path in tree(tmp_path) if path not in before} == new


@pytest.mark.parametrize("flags", [[], ["--force"]])
def test_a_run_folder_that_is_a_link_is_refused(tmp_path: Path, flags: list[str]) -> None:
    (tmp_path / "elsewhere").mkdir()
    Path("link").symlink_to(tmp_path / "elsewhere")
    before = tree(tmp_path)
    assert train("link", *flags) == 2
    assert tree(tmp_path) == before


@pytest.mark.parametrize("command", ["train", "resume"])
@pytest.mark.parametrize("file", [*FILES, ".lock", ".charlm-0.tmp"])
def test_a_link_planted_in_it_is_not_followed(tmp_path: Path, file: str, command: str) -> None:
    assert train("r") == 0
    target = tmp_path / "outside"
    planted = Path("r", file)
    target.write_bytes(planted.read_bytes() if planted.exists() else b"x")
    planted.unlink(missing_ok=True)
    planted.symlink_to(target)
    before = target.read_bytes()
    code = train("r", "--force") if command == "train" else run(["resume", "r", "--steps", "6", "--quiet"])
    # a lock or a log that is a link is refused, where it is not replaced; everything else is written beside it
    assert code == (5 if file == ".lock" or (file, command) == ("log.jsonl", "resume") else 0)
    assert target.read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["home", "outside"]


def test_temporary_files_cannot_be_foreseen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(atomic.secrets, "token_hex", lambda _n: "guessed")
    Path("r").mkdir()
    (tmp_path / "outside").write_bytes(b"precious")
    assert train("r", "--force") == 0  # what lay there of that name before the lock would be swept away
    Path("r", f"{atomic._PREFIX}guessed{atomic._SUFFIX}").symlink_to(tmp_path / "outside")
    monkeypatch.setattr("charlm.checkpoint.run_folder.remove_temporary_files", lambda _folder: None)
    assert run(["resume", "r", "--steps", "6", "--quiet"]) == 5
    assert (tmp_path / "outside").read_bytes() == b"precious"


def test_overwriting_needs_force() -> None:
    assert train("r") == 0
    before = tree(Path("r"))
    assert train("r") == 2
    assert tree(Path("r")) == before
    assert train("r", "--seed", "5", "--force") == 0
    assert load_checkpoint("r/last.npz").training["train"]["seed"] == 5


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="an administrator may write anywhere")
@pytest.mark.parametrize("command", ["train", "resume"])
def test_a_folder_that_may_only_be_read(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert train("r") == 0
    before = tree(Path("r"))
    Path("r").chmod(0o500)
    try:
        code = train("r", "--force") if command == "train" else run(["resume", "r", "--steps", "6", "--quiet"])
    finally:
        Path("r").chmod(0o700)
    assert code == 5
    assert "choose a writable folder" in capsys.readouterr().err
    assert tree(Path("r")) == before
