"""A folder with texts, runs and odd names, and the program as a shell finds it."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the current folder: two runs, the newer one ``my run``, texts, a folder named like a command."""
    folder = tmp_path / "here"
    for k, run in enumerate(("poems", "my run")):
        (folder / "checkpoints" / run).mkdir(parents=True)
        (folder / "checkpoints" / run / "last.npz").touch()
        os.utime(folder / "checkpoints" / run / "last.npz", (1000 + k, 1000 + k))
    for name in ("two words.txt", "it's.txt", "a$b.txt", "old.npz", ".hidden", "bad\u202e.txt"):
        (folder / name).touch()
    if sys.platform != "win32":
        (folder / "bad\x1b[31m.txt").touch()
    for name in ("sub", "train"):
        (folder / name).mkdir()
    (folder / "sub" / "x.txt").touch()
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def shell_world(here: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put ``charlm`` on the path, and give a home of one's own, which is returned."""
    program, home = tmp_path / "bin" / "charlm", tmp_path / "home"
    program.parent.mkdir()
    # where this folder exists, fish does not read all manual pages of the machine first
    (home / ".local" / "share" / "fish" / "generated_completions").mkdir(parents=True)
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m charlm "$@"\n')
    program.chmod(0o755)
    for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "ZDOTDIR", "ENV", "BASH_ENV"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT), *filter(None, sys.path)]))
    return home
