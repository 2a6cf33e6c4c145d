"""Running a learner's function and recording what every line of it assigns."""

from __future__ import annotations

import ast
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from types import CodeType, FrameType
from typing import Any

import numpy as np

__all__ = ["Recorded", "Recorder", "TimeUpError", "assignments"]


class TimeUpError(BaseException):
    """The time is used up; no `Exception`, so that a learner's ``except`` seldom catches it."""

    def __init__(self, line: int) -> None:
        super().__init__()
        self.line = line


@dataclass(frozen=True, slots=True)
class Recorded:
    """A value right after the line that assigned it."""

    value: Any
    line: int


def assignments(tree: ast.AST) -> dict[int, list[ast.Name]]:
    """Return the names that are assigned by the statement on each line."""
    names: dict[int, list[ast.Name]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign | ast.AugAssign | ast.AnnAssign | ast.For):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            last = node.lineno if isinstance(node, ast.For) else node.end_lineno or node.lineno
            found = [name for target in targets for name in ast.walk(target) if isinstance(name, ast.Name)]
            for line in range(node.lineno, last + 1):
                names.setdefault(line, []).extend(found)
    return names


class Recorder:
    """Traces the code of one file, against a time limit.

    Parameters
    ----------
    tree : ast.Module
        The file.
    path : str
        The file's name, as it was compiled with.
    limit_s : float
        Seconds for all of it.

    Attributes
    ----------
    values : dict of str to Recorded
        Value of each name of ``step`` after the last line that assigned it, of the last call.
    """

    def __init__(self, tree: ast.Module, path: str, limit_s: float) -> None:
        self.values: dict[str, Recorded] = {}
        self._names = assignments(tree)
        self._path = path
        self._end_s = time.monotonic() + limit_s
        self._line = 0  # of ``step``, being executed

    def run(self, function: Callable[..., Any], *arguments: Any, **named: Any) -> None:
        """Call a function of the file.

        Raises
        ------
        TimeUpError
            If the time ends.
        BaseException
            Any that the function raises.
        """
        self.values.clear()
        self._line = 0
        before = sys.gettrace()
        sys.settrace(self._enter)
        try:
            function(*arguments, **named)
        finally:
            sys.settrace(before)

    def _enter(self, frame: FrameType, _event: str, _argument: Any) -> Any:
        if frame.f_code.co_filename != self._path:
            return None
        frame.f_trace_opcodes = True  # a loop on a single line may have no more line events
        return self._trace

    def _trace(self, frame: FrameType, event: str, _argument: Any) -> Any:
        if time.monotonic() > self._end_s:
            raise TimeUpError(frame.f_lineno)
        if _is_step(frame.f_code) and event in ("line", "return"):
            values = frame.f_locals
            for name in self._names.get(self._line, ()):
                if name.id in values:
                    value = values[name.id]
                    kept = value.copy() if isinstance(value, np.ndarray) else value
                    self.values[name.id] = Recorded(kept, name.lineno)
            self._line = frame.f_lineno
        return self._trace


def _is_step(code: CodeType) -> bool:
    return code.co_qualname == "step"
