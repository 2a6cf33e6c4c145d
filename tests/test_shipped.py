"""A model and exercises come with charlm beside its code, wherever it is installed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
MODEL = Path("pretrained", "tales", "best.npz")


def test_a_built_package_brings_it_along(tmp_path: Path) -> None:
    source, built, empty = (tmp_path / name for name in ("source", "built", "empty"))
    empty.mkdir()
    shutil.copytree(ROOT / "charlm", source / "charlm", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "checkpoints" / "pretrained", source / "checkpoints" / "pretrained")
    for name in ("pyproject.toml", "setup.py", "MANIFEST.in", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    build = [sys.executable, "-W", "ignore", "setup.py", "-q", "build_py", "--build-lib", str(built)]
    subprocess.run(build, cwd=source, check=True, capture_output=True)
    assert (built / "charlm" / MODEL).read_bytes() == (ROOT / "checkpoints" / MODEL).read_bytes()

    sheets = [
        {file.name for file in (root / "charlm" / "exercises" / "sheets").iterdir()} for root in (ROOT, built)
    ]
    assert sheets[0] == sheets[1]
    assert "lstm.txt" in sheets[1]

    done = subprocess.run(
        [sys.executable, "-m", "charlm", "sample", "--length", "40"],
        cwd=empty,
        env={**os.environ, "PYTHONPATH": str(built)},
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode == 0, done.stderr
    assert len(done.stdout) == 40
    assert "model pretrained/tales, which came with charlm\n" in done.stderr


def test_it_is_small() -> None:
    assert (ROOT / "checkpoints" / MODEL).stat().st_size < 2_000_000
