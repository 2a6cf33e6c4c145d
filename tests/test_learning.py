"""Everything that docs/learning.md names exists: files, tests, examples, commands with their flags, exercises."""

from __future__ import annotations

import ast
import re
import shlex
from pathlib import Path

import pytest

import charlm.nn
from charlm.cli.app import build
from charlm.exercises.sheet import NAMES as EXERCISES

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "learning.md").read_text("utf-8")
EXAMPLES = {path.stem for path in (ROOT / "charlm" / "examples").glob("*.py")} - {"__init__"}
HEADER = ["what", "equation", "file", "test", "example", "command", "exercise"]
PROGRAM = build()

ROWS = [
    [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
    for line in PAGE.splitlines()
    if line.startswith("| ") and not line.startswith("| what |")
]


def links(text: str) -> list[tuple[str, str]]:
    return re.findall(r"\[`([^`]+)`\]\(([^)]+)\)", text)


def names(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def test_there_is_a_row_for_each_equation() -> None:
    assert len(ROWS) > 30
    assert len({row[0] for row in ROWS}) == len(ROWS)
    assert PAGE.count("| what | equation | file | test | example | command | exercise |\n") == 4


def test_every_part_and_every_optimiser_is_there() -> None:
    classes = {"RNN", "LSTM", "GRU", "Stack", "Bidirectional", "SGD", "Adagrad", "RMSprop", "Adam", "AdamW"}
    assert classes <= set(charlm.nn.__all__)
    for name in classes:
        assert name.lower() in PAGE.lower()


@pytest.mark.parametrize("row", ROWS, ids=[row[0] for row in ROWS])
def test_what_a_row_names_exists(row: list[str]) -> None:
    assert len(row) == len(HEADER)
    _, equation, files, tests, examples, commands, exercises = row
    assert equation
    assert links(files)
    assert links(tests)
    assert names(examples) or names(commands)  # each is shown somewhere
    for name, target in links(files):
        assert (ROOT / "docs" / target).is_file()
        assert target.endswith("/" + name)
    for name, target in links(tests):
        tree = ast.parse((ROOT / "docs" / target).read_text("utf-8"))
        assert name in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    assert set(names(examples)) <= EXAMPLES
    assert set(names(exercises)) <= set(EXERCISES)
    for call in names(commands):
        charlm, command, *words = shlex.split(call)
        assert charlm == "charlm"
        found = PROGRAM.commands[command]
        known = {name for option in found.params for name in (*option.opts, *option.secondary_opts)}
        assert {word for word in words if word.startswith("-")} <= known


def test_every_example_and_every_exercise_is_on_the_page() -> None:
    assert {name for row in ROWS for name in names(row[4])} == EXAMPLES
    assert {name for row in ROWS for name in names(row[6])} == set(EXERCISES)


def test_links_and_programs_in_the_text_exist() -> None:
    for target in re.findall(r"\]\(([^)]+)\)", PAGE):
        assert (ROOT / "docs" / target).is_file()
    for package, name in re.findall(r"python -m charlm\.(examples\.|exercises )(\w+)", PAGE):
        assert name in (EXAMPLES if package == "examples." else EXERCISES)
    for path in re.findall(r"python -m pytest -q (\S+?)`", PAGE):
        assert (ROOT / path).exists()
