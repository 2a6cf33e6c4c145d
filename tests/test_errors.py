"""Errors are one line with cause and remedy; and every one that there is has been seen."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import charlm.errors
from tests.figures import FULL

pytestmark = pytest.mark.promise(18)

ROOT = Path(__file__).parents[1]
SEEN = "CHARLM_TESTS_ERRORS"  # names a file that takes where each error was made; conftest.py writes it
PLACES = ("checkpoint", "cli", "text", "training", "ui")
CLASSES = {name for name in charlm.errors.__all__ if name.endswith("Error")}


def raised(module: Path) -> Iterator[ast.Call]:
    """Find the errors that a module raises by name."""
    for node in ast.walk(ast.parse(module.read_text("utf-8"))):
        error = node.exc if isinstance(node, ast.Raise) else None
        if isinstance(error, ast.Call) and isinstance(error.func, ast.Name) and error.func.id in CLASSES:
            yield error


def words(node: ast.expr) -> str:
    """Return the literal text of a message, with an ellipsis for every value."""
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr(values=parts):
            return "".join(map(words, parts))
        case ast.BinOp(left=left, right=right):
            return words(left) + words(right)
    return "…"


SITES = [
    (module.relative_to(ROOT).as_posix(), call)
    for place in PLACES
    for module in sorted((ROOT / "charlm" / place).rglob("*.py"))
    for call in raised(module)
]


def test_there_are_some() -> None:
    assert len(SITES) > 60


@pytest.mark.parametrize(("module", "call"), SITES, ids=lambda value: getattr(value, "lineno", value))
def test_each_says_what_to_do(module: str, call: ast.Call) -> None:
    message = words(call.args[0])
    assert "\n" not in message
    # what is put together elsewhere begins with a value; what tells nothing but the remedy begins with it
    assert "; " in message or message.startswith(("…", "give ")), message


@pytest.mark.skipif(not FULL, reason="runs half of the suite: CHARLM_TESTS=full")
def test_each_is_raised_by_a_test(tmp_path: Path) -> None:
    record = tmp_path / "seen"
    folders = [f"tests/{place}" for place in PLACES]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", *folders],
        cwd=ROOT,
        env={**os.environ, SEEN: str(record), "CHARLM_TESTS": "quick"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout
    seen = {tuple(line.rsplit(":", 1)) for line in record.read_text("utf-8").splitlines()}
    never = [
        f"{module}:{call.lineno}"
        for module, call in SITES
        if not any((module, str(line)) in seen for line in range(call.lineno, (call.end_lineno or 0) + 1))
    ]
    assert never == []
