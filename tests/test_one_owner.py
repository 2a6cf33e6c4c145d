"""One file alone owns each: exit codes, control sequences, standard input that may be closed."""

from __future__ import annotations

import ast
import signal
from collections.abc import Iterator
from pathlib import Path

import charlm
from charlm.errors import INTERRUPTED, signal_exit_code

PACKAGE = Path(charlm.__file__).parent
SIGNALLED = {signal_exit_code(number) for number in (signal.SIGINT, signal.SIGTERM)} | {129}
DEMO = PACKAGE / "ui" / "run" / "demo.py"  # a sample that a terminal must not obey


def constants(kind: type) -> Iterator[tuple[Path, ast.Constant]]:
    for module in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(module.read_text("utf-8"))):
            if isinstance(node, ast.Constant) and type(node.value) is kind:
                yield module, node


def test_exit_codes_of_signals_are_in_errors() -> None:
    assert INTERRUPTED == 130
    parts = ("cli", "exercises", "training")
    found = {(p, node.lineno) for p, node in constants(int) if node.value in SIGNALLED}
    assert not [place for place in found if place[0].relative_to(PACKAGE).parts[0] in parts]


def test_exits_have_no_numbers_but_0() -> None:
    exits = {"Exit", "exit", "_exit", "SystemExit"}
    for module in (PACKAGE / "cli").rglob("*.py"):
        for node in ast.walk(ast.parse(module.read_text("utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] in exits:
                assert not any(isinstance(a, ast.Constant) and a.value for a in node.args), (module, node.lineno)


def test_rich_writes_the_control_sequences() -> None:
    assert [(path, node.lineno) for path, node in constants(str) if "\x1b[" in node.value and path != DEMO] == []


def test_standard_input_is_asked_for_in_one_place() -> None:
    owners = {"streams.py", "keys.py"}  # the second reads keys of a terminal, so there is one
    modules = [module for module in (PACKAGE / "cli").rglob("*.py") if module.name not in owners]
    assert [module for module in modules if "sys.stdin" in module.read_text("utf-8")] == []
