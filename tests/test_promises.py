"""The table of promises in CONTRIBUTING names the tests that there are, all of them and no others."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text("utf-8")


def test_the_table_names_the_marked_tests() -> None:
    rows = re.findall(r"^\| (\d+) \| (.*)$", CONTRIBUTING, re.MULTILINE)
    named = {(int(number), file) for number, row in rows for file in re.findall(r"`(tests/[\w/]+\.py)`", row)}
    marked = {
        (int(number), path.relative_to(ROOT).as_posix())
        for path in (ROOT / "tests").rglob("test_*.py")
        for number in re.findall(
            r"^(?: *@|pytestmark = |    )pytest\.mark\.promise\((\d+)\)", path.read_text("utf-8"), re.MULTILINE
        )
    }
    assert named == marked
    numbers = {number for number, _ in named}
    assert numbers == set(range(1, len(numbers) + 1))


def test_the_command_is_the_one_that_counts() -> None:
    assert "CHARLM_TESTS=full python -m pytest -q -m promise\n" in CONTRIBUTING
    assert 'os.environ.get("CHARLM_TESTS") == "full"' in (ROOT / "tests" / "figures.py").read_text("utf-8")
