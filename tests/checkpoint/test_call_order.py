"""System calls of a save, as ``strace`` sees them from outside."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.promise(5)

SCRIPT = """
from pathlib import Path
from charlm.checkpoint import atomic_file
Path("begins here").exists()
with atomic_file(Path("x").resolve()) as file:
    file.write(b"new")
"""


def traced(folder: Path) -> list[str] | None:
    """Return the system calls of a save, temporary names made equal; None where they cannot be had."""
    if not shutil.which("strace"):
        return None
    calls = "trace=openat,open,write,fsync,fdatasync,rename,renameat,renameat2,stat,newfstatat,statx"
    done = subprocess.run(
        ["strace", "-f", "-e", calls, "-o", "calls", sys.executable, "-c", SCRIPT],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
    )
    if done.returncode:
        return None
    lines = (folder / "calls").read_text("utf-8", "replace").split("begins here", 1)[1].splitlines()[1:]
    return [re.sub(r"^\d+ +", "", line) for line in lines]


def test_in_this_order(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"old")
    lines = traced(tmp_path)
    if lines is None:
        pytest.skip("no strace that may trace; the order is held by patched calls in test_atomic.py")
    folder = re.escape(str(tmp_path))
    steps = [
        rf'open(at)?\(.*"({folder}/\.charlm-\w+\.tmp)", (?=.*O_EXCL)(?=.*O_NOFOLLOW).*O_CREAT.*\) = (\d+)',
        r'write\(\d+, "new", 3\) += 3',
        r"fsync\(\d+\) += 0",
        rf'rename\w*\(.*"{folder}/\.charlm-\w+\.tmp", .*"{folder}/x".*\) = 0',
        rf'open(at)?\(.*"{folder}", .*\) = \d+',
        r"fsync\(\d+\) += 0",
    ]
    kinds = ("open", "write", "fsync", "fdatasync", "rename")
    calls = [line for line in lines if line.startswith(kinds) and " = -1 " not in line]
    assert len(calls) >= len(steps)
    for call, step in zip(calls, steps, strict=False):
        assert re.match(step, call), (step, call)
    synced = [re.search(r"fsync\((\d+)\)|= (\d+)$", call) for call in calls[:3]]
    assert synced[0]
    assert synced[2]
    assert synced[0][2] == synced[2][1]  # what is synced is the temporary file
    assert (tmp_path / "x").read_bytes() == b"new"
