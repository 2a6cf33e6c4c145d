"""The library names settings, and the command line shows their flags."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import charlm
from charlm.cli.app import build
from charlm.cli.entry import run
from charlm.ui.flags import as_flags, setting_names

ROOT = Path(charlm.__file__).parent
PROGRAMS = {"cli", "examples", "exercises"}
LIBRARY = [path for path in sorted(ROOT.rglob("*.py")) if path.relative_to(ROOT).parts[0] not in PROGRAMS]
UNFLAGGED = {"dynamic.clip_norm", "finish_line", "init"}  # of Python only; --length left out finishes the line


def literals(path: Path) -> Iterator[str]:
    """Return the strings of a module, with a 0 for each value in them, and without docstrings and declarations."""
    tree = ast.parse(path.read_text("utf-8"))
    docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    declared = [
        node for node in ast.walk(tree) if isinstance(node, ast.AnnAssign) and isinstance(node.value, ast.Call)
    ]
    docstrings |= {id(part) for node in declared for part in ast.walk(node) if path.parent.name == "config"}
    parts = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            yield "".join(part.value if isinstance(part, ast.Constant) else "0" for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings | parts:
            yield node.value


MESSAGES = [(path.relative_to(ROOT).as_posix(), text) for path in LIBRARY for text in literals(path)]
NAMED = [(path, name) for path, text in MESSAGES for name in re.findall(r"`([a-z][a-z_.]*)[`=]", text)]


def flags() -> set[str]:
    commands = list(build().commands.values())
    commands += [inner for outer in commands for inner in getattr(outer, "commands", {}).values()]
    return {name for command in commands for option in command.params for name in option.opts}


def test_there_is_something_to_check() -> None:
    assert len(NAMED) > 40
    assert ("checkpoint/run_folder.py", "force") in NAMED


def test_the_library_names_no_flag() -> None:
    library = ((path, text) for path, text in MESSAGES if not path.startswith("ui/"))  # screens of the program
    assert [(path, text) for path, text in library if re.search(r"(?<![-\w])--[a-z]", text)] == []


@pytest.mark.parametrize("name", sorted({name for _, name in NAMED}))
def test_every_setting_that_a_message_names_has_a_flag(name: str) -> None:
    assert name in setting_names()
    assert as_flags(f"`{name}`") in flags()


@pytest.mark.parametrize("name", sorted(setting_names() - UNFLAGGED))
def test_every_setting_has_a_flag(name: str) -> None:
    assert as_flags(f"`{name}`") in flags()


@pytest.mark.parametrize(
    ("arguments", "in_python", "at_the_command_line"),
    [
        (
            {"hidden_size": 0},
            "`hidden_size` is 0; it must be at least 1",
            "--hidden-size is 0; it must be at least 1",
        ),
        ({"cell": "gpt"}, "`cell` is 'gpt'; choose", "--model is 'gpt'; choose"),
        (
            {"momentum": 0.5},
            '`momentum` is for sgd, not adagrad; add `optimizer="sgd"`',
            "--momentum is for sgd, not adagrad; add --optimizer sgd",
        ),
        (
            {"steps": 1, "epochs": 1},
            "`epochs` and `steps` are two budgets; give one of them",
            "--epochs and --steps are two budgets; give one of them",
        ),
        ({"seq_length": 0}, "`seq_length` is 0; it must be at least 1", "--seq-length is 0; it must be at least 1"),
    ],
)
def test_each_reader_gets_the_name_that_he_can_use(
    arguments: dict[str, object],
    in_python: str,
    at_the_command_line: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    config = charlm.ModelConfig if arguments.keys() & {"hidden_size", "cell"} else charlm.TrainConfig
    with pytest.raises(charlm.UsageError) as error:
        config(**arguments)
    assert str(error.value).startswith(in_python)
    monkeypatch.chdir(tmp_path)
    Path("corpus.txt").write_text("the cat sat on the mat\n" * 9, "utf-8")
    given = [word for name, value in arguments.items() for word in (as_flags(f"`{name}`"), str(value))]
    assert run(["train", "corpus.txt", *given]) == 2
    assert capsys.readouterr().err.startswith(f"charlm: {at_the_command_line}")


def test_a_folder_that_exists(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("corpus.txt").write_text("the cat sat on the mat\n" * 9, "utf-8")
    assert run(["train", "corpus.txt", "--steps", "0", "--out", "x`rm`"]) == 0
    capsys.readouterr()
    assert run(["train", "corpus.txt", "--steps", "0", "--out", "x`rm`"]) == 2
    assert capsys.readouterr().err == "charlm: 'x`rm`' exists; give another --out, or --force to replace it\n"
