"""Every wrong line of every exercise is named; whatever a learner's file does gets one clear line."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from charlm.exercises import child
from charlm.exercises.__main__ import main
from charlm.exercises.checking import CheckedSheet, check_source
from charlm.exercises.child import check_file
from charlm.exercises.expected import cases
from charlm.exercises.sheet import NAMES, Gap, sheet

GAPS = [pytest.param(name, gap, id=f"{name}-{gap.name}") for name in NAMES for gap in sheet(name).gaps()]


def check(name: str, source: str, limit_s: float = 30) -> CheckedSheet:
    return check_source(sheet(name), source.encode(), "mine.py", limit_s=limit_s)


def with_line(name: str, gap: Gap, line: str) -> str:
    lines = sheet(name).solved.splitlines()
    lines[gap.line - 1] = f"    {line}"
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("name", NAMES)
def test_solved_is_right_and_the_stub_has_the_gaps(name: str) -> None:
    exercise = sheet(name)
    gaps = exercise.gaps()
    assert check(name, exercise.solved) == CheckedSheet(len(gaps), len(gaps), None)
    stub = exercise.stub()
    assert [line for line in stub.splitlines() if "= ..." in line] == [f"    {gap.name} = ..." for gap in gaps]
    assert all(gap.expression not in stub for gap in gaps)
    assert max(map(len, stub.splitlines())) <= 116
    assert all(gap.equation for gap in gaps)
    ast.parse(stub)
    assert check(name, stub).problem == f"line {gaps[0].line}: {gaps[0].name} is still a gap, to be found by " + (
        gaps[0].equation
    )


@pytest.mark.parametrize(("name", "gap"), GAPS)
def test_every_wrong_line_is_named(name: str, gap: Gap) -> None:
    before = [other.name for other in sheet(name).gaps()].index(gap.name)
    verdict = check(name, with_line(name, gap, f"{gap.name} = 1.5 * ({gap.expression})"))
    assert verdict.right == before
    start = f"line {gap.line}: {gap.name} is wrong: expected {gap.expression}, by {gap.equation}; yours "
    assert (verdict.problem or "").startswith(start)
    assert " instead of " in (verdict.problem or "")

    left = check(name, with_line(name, gap, f"{gap.name} = ...")).problem or ""
    assert left == f"line {gap.line}: {gap.name} is still a gap, to be found by {gap.equation}"

    shape = check(name, with_line(name, gap, f"{gap.name} = ({gap.expression})[None]")).problem or ""
    assert shape.startswith(f"line {gap.line}: {gap.name} is wrong") or "IndexError" in shape
    assert "has shape (1, " in shape or f"line {gap.line}" in shape

    missing = check(name, with_line(name, gap, "pass")).problem or ""
    assert f"assigns no {gap.name}" in missing or f"name '{gap.name}' is not defined" in missing

    failing = check(name, with_line(name, gap, f"{gap.name} = 1 / 0")).problem
    assert failing == f"line {gap.line}: ZeroDivisionError: division by zero"


@pytest.mark.parametrize("name", NAMES)
def test_a_nan_and_a_changed_given_line_are_wrong(name: str) -> None:
    gap = sheet(name).gaps()[0]
    assert "nan instead of" in (
        check(name, with_line(name, gap, f"{gap.name} = {gap.expression} * np.nan")).problem or ""
    )


def test_a_given_line_that_was_changed_is_named() -> None:
    problem = check(
        "lstm", sheet("lstm").solved.replace("c = f * c_before + i * g", "c = f * c_before - i * g")
    ).problem
    assert (problem or "").startswith("line 30: c is no longer what was given; it differs first at [0, 0]: ")


def test_the_message_in_full() -> None:
    gap = next(gap for gap in sheet("lstm").gaps() if gap.name == "df")
    right = next(iter(cases("lstm", np.random.default_rng(0)))).values["df"]
    source = with_line("lstm", gap, "df = dc * c_before; df = df.copy(); df[2, 3] = 9")
    assert check("lstm", source).problem == (
        f"line {gap.line}: df is wrong: expected dc * c_before, by (4′); "
        f"yours differs first at [2, 3]: 9 instead of {right[2, 3]:.3g}"
    )


def test_a_value_counts_as_it_was_after_its_line() -> None:
    gap = next(gap for gap in sheet("lstm").gaps() if gap.name == "dz_i")
    assert check("lstm", with_line("lstm", gap, "dz_i = di; dz_i *= i * (1 - i)")).problem is None
    gap = sheet("rnn").gaps()[0]
    assert check("rnn", with_line("rnn", gap, "dz = (dh\n          * (1 - h**2))")).problem is None
    assert check("rnn", with_line("rnn", gap, "for k in range(3): dz = dh * (1 - h**2)")).problem is None


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("def step(", "def step((", "line LINE: SyntaxError: "),
        ("    z = x @", "  z = x @", "line NEXT: IndentationError: "),
        ("import numpy as np", "import numpi as np", "line LINE: ModuleNotFoundError: No module named 'numpi'"),
        ("def step(", "def stop(", "there is no function step; it has to begin with: def step(x, h_before, "),
        (
            "h_before, W_x",
            "W_x",
            "line LINE: step has other arguments than the exercise; write: def step(x, h_before",
        ),
        ("dz.T @ x", "dz.T @ y", "line LINE: NameError: name 'y' is not defined"),
        ("dz.T @ x", "dz @ x", "line LINE: ValueError: matmul: "),
        (
            "dz.T @ x",
            "'a lot'",
            "line LINE: dW_x is wrong: expected dz.T @ x, by (1′); yours is no array but of type str",
        ),
        (
            "dz.T @ x",
            "x.T @ dz",
            "line LINE: dW_x is wrong: expected dz.T @ x, by (1′); yours has shape (4, 5) instead of",
        ),
        (
            "dz.T @ x",
            "dz.T @ x * 1j",
            "line LINE: dW_x is wrong: expected dz.T @ x, by (1′); yours holds complex128",
        ),
        (
            "    h = np",
            "    while True: pass\n    h = np",
            "line LINE: still running after 0.5 s; is there a loop with",
        ),
        (
            "import numpy",
            "while True: pass\nimport numpy",
            "line LINE: still running after 0.5 s; is there a loop wit",
        ),
        ("import numpy", "raise SystemExit(3)\nimport numpy", "line LINE: SystemExit: 3"),
        ("import numpy", "\0\nimport numpy", "line 1: "),
    ],
)
def test_each_kind_of_failure_has_its_line(old: str, new: str, problem: str) -> None:
    source = sheet("rnn").solved
    assert source.count(old) == 1
    line = source[: source.index(old)].count("\n") + 1
    problem = problem.replace("LINE", str(line)).replace("NEXT", str(line + 1))
    verdict = check("rnn", source.replace(old, new), limit_s=0.5)
    assert (verdict.problem or "").startswith(problem)
    assert "\n" not in (verdict.problem or "")


def test_the_right_values_come_from_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    from charlm.nn import reference

    monkeypatch.setattr(reference, "affine_backward", lambda dz, x, h, p, g: (dz @ p["W_x"], 2 * dz @ p["W_h"]))
    problem = check("lstm", sheet("lstm").solved).problem or ""
    assert ": dW_x is wrong" in problem


def run(file: Path, source: str, **options: float) -> tuple[str | None, str]:
    file.write_text(source, "utf-8")
    verdict, printed = check_file(sheet("adagrad"), file, **options)
    return verdict.problem, printed


def test_what_a_file_does_to_its_process_harms_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file, solved = tmp_path / "mine.py", sheet("adagrad").solved
    assert run(file, solved) == (None, "")
    printing = "import os, sys\nprint('Σ', file=sys.stderr)\nos.write(1, b'loud')\nprint('x' * 10**6)\n"
    problem, printed = run(file, printing + solved)
    assert problem is None
    assert printed == "Σ\n" + "x" * 1998
    assert (
        run(file, "import os; os._exit(0)\n" + solved)[0] == "your file ended Python itself; it should only compute"
    )
    assert (run(file, "input()\n" + solved)[0] or "").startswith("line 1: EOFError")
    monkeypatch.setattr(child, "START_S", 1.0)
    stubborn = "while True:\n  try:\n    while True: pass\n  except BaseException: pass\n"
    assert (
        run(file, stubborn + solved, limit_s=0.5)[0] == "your file did not end within 0.5 s; it should only compute"
    )


def test_the_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    assert main([]) == 0
    listed = capsys.readouterr().out
    assert [line.split()[0] for line in listed.splitlines()[:-1]] == list(NAMES)

    assert main(["softmax"]) == 0
    file = tmp_path / "exercise_softmax.py"
    assert file.read_text("utf-8") == sheet("softmax").stub()
    assert "python -m charlm.exercises softmax\n" in capsys.readouterr().out

    assert main(["softmax"]) == 1  # it is checked, and not overwritten
    assert file.read_text("utf-8") == sheet("softmax").stub()
    assert "dz is still a gap" in capsys.readouterr().out

    gap = sheet("softmax").gaps()[1]
    file.write_text("print('\\x1b[31m')\n" + with_line("softmax", gap, "raise ValueError('\\x1b[2J')"), "utf-8")
    assert main(["softmax", "exercise_softmax.py"]) == 1
    shown = capsys.readouterr().out
    assert "\x1b" not in shown
    assert shown.splitlines()[2:] == ["Right so far: 1 of 4 lines.", f"line {gap.line + 1}: ValueError: ␛[2J"]

    file.write_text(sheet("softmax").solved, "utf-8")
    assert main(["softmax"]) == 0
    assert capsys.readouterr().out == "All 4 lines are right.\n"


def test_errors_of_the_program(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lstn"]) == 2
    assert main(["lstm", str(tmp_path)]) == 2
    assert main(["lstm", str(tmp_path / "no" / "mine.py")]) == 5
    errors = capsys.readouterr().err.splitlines()
    assert len(errors) == 3
    assert errors[0] == "Error: there is no exercise 'lstn'; choose one of " + ", ".join(NAMES)
    assert "cannot read" in errors[1]
    assert "cannot write" in errors[2]


def test_as_a_program(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "charlm.exercises", "rnn"]
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    first, second = (
        subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, env=environment) for _ in range(2)
    )
    assert (first.returncode, second.returncode) == (0, 1)
    assert first.stderr == second.stderr == ""
    assert second.stdout.endswith("to be found by (2\\u2032)\n")
