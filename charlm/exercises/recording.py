"""`Recorder`: a run of a learner's function that records the value of every assignment."""

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
    """The time limit is reached; not an `Exception`, so that a learner's ``except`` seldom catches it."""

    def __init__(self, line: int) -> None:
        super().__init__()
        self.line = line


@dataclass(frozen=True, slots=True)
class Recorded:
    """A value immediately after the line that assigned it."""

    value: Any
    line: int


def assignments(tree: ast.AST) -> dict[int, list[ast.Name]]:
    """Return the names that the statement on each line assigns."""
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
    """A tracer of the code of one file, with a time limit.

    Parameters
    ----------
    tree : ast.Module
        The file.
    path : str
        The name with which the file was compiled.
    limit_s : float
        Time limit of the whole check, in seconds.

    Attributes
    ----------
    values : dict of str to Recorded
        Last value of each name in ``step``, of the last call.
    """

    def __init__(self, tree: ast.Module, path: str, limit_s: float) -> None:
        self.values: dict[str, Recorded] = {}
        self._names = assignments(tree)
        self._path = path
        self._end_s = time.monotonic() + limit_s
        self._line = 0  # the current line of ``step``

    def run(self, function: Callable[..., Any], *arguments: Any, **named: Any) -> None:
        """Call a function of the file.

        Raises
        ------
        TimeUpError
            At the time limit.
        BaseException
            Of the function.
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
        frame.f_trace_opcodes = True  # a loop on a single line has no line events
        return self._trace

    def _trace(self, frame: FrameType, event: str, _argument: Any) -> Any:
        if time.monotonic() > self._end_s:
            raise TimeUpError(frame.f_lineno)
        if _is_step(frame.f_code) and event in ("line", "return"):
            values = frame.f_locals
            for name in self._names.get(self._line, ()):
                if name.id in values:
                    value = values[name.id]
                    copied = value.copy() if isinstance(value, np.ndarray) else value
                    self.values[name.id] = Recorded(copied, name.lineno)
            self._line = frame.f_lineno
        return self._trace


def _is_step(code: CodeType) -> bool:
    return code.co_qualname == "step"
