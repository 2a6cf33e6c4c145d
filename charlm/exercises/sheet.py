"""`Sheet`: an exercise, with its solution and its gaps."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from functools import cache
from importlib import resources

from charlm.errors import UsageError

__all__ = ["NAMES", "Gap", "Sheet", "sheet"]

NAMES = ("rnn", "lstm", "gru", "gru_before", "softmax", "attention", "adagrad", "adam")
START = re.compile(r"(Backward: r|R)eplace every \.\.\.")


@dataclass(frozen=True, slots=True)
class Gap:
    """A line to find, `name` ``=`` `expression`, by an equation with a number such as (4′)."""

    name: str
    expression: str
    equation: str
    line: int


@dataclass(frozen=True, slots=True)
class Sheet:
    """An exercise: a function ``step``, whose assignments below the line "Replace every ..." are gaps.

    Parameters
    ----------
    name : str
    solved : str
        The source of the solution.
    """

    name: str
    solved: str

    @property
    def title(self) -> str:
        """First line of the docstring, without "Exercise"."""
        title = self.solved.partition("\n")[0].partition(": ")[2]
        return title[0].upper() + title[1:].rstrip(".")

    @property
    def arguments(self) -> list[str]:
        """Argument names of ``step``."""
        return [argument.arg for argument in self._step().args.args]

    def gaps(self) -> list[Gap]:
        """Return the gaps in their order."""
        lines = self.solved.splitlines()
        start = next(k for k, line in enumerate(lines, 1) if START.search(line))
        gaps, equation = [], ""
        for number, line in enumerate(lines[start:], start + 1):
            if found := re.match(r" +# (\(.*?\))(?= [^(])", line):
                equation = found[1]
            elif found := re.fullmatch(r" +(\w+) = (.+)", line):
                gaps.append(Gap(found[1], found[2], equation, number))
        return gaps

    def stub(self) -> str:
        """Return the source with gaps."""
        lines = self.solved.splitlines(keepends=True)
        for gap in self.gaps():
            lines[gap.line - 1] = f"    {gap.name} = ...\n"
        return "".join(lines)

    def _step(self) -> ast.FunctionDef:
        return next(node for node in ast.parse(self.solved).body if isinstance(node, ast.FunctionDef))


@cache
def sheet(name: str) -> Sheet:
    """Return an exercise by its name.

    Raises
    ------
    UsageError
        If there is no exercise of this name.
    """
    if name not in NAMES:
        raise UsageError(f"there is no exercise {name!r}; choose one of {', '.join(NAMES)}")
    file = resources.files("charlm.exercises").joinpath("sheets", f"{name}.txt")
    return Sheet(name, file.read_text("utf-8"))
