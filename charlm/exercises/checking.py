"""Comparison of a learner's file with the right values, line by line up to the first wrong one."""

from __future__ import annotations

import ast
import inspect
import traceback
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from charlm.exercises.expected import cases
from charlm.exercises.recording import Recorded, Recorder, TimeUpError
from charlm.exercises.sheet import Gap, Sheet

__all__ = ["CheckedSheet", "check_source"]

RELATIVE, ABSOLUTE = 1e-9, 1e-12


@dataclass(frozen=True, slots=True)
class CheckedSheet:
    """The result of a check.

    Attributes
    ----------
    right : int
        Right gaps before the first problem.
    gaps : int
        Number of gaps.
    problem : str, optional
        The first wrong line and the cause; None if all are right.
    """

    right: int
    gaps: int
    problem: str | None


def check_source(sheet: Sheet, source: bytes, path: str, *, limit_s: float) -> CheckedSheet:
    """Run and check a learner's file. It may do anything, so the caller is a separate process.

    Parameters
    ----------
    sheet : Sheet
    source : bytes
        The file.
    path : str
        Its name.
    limit_s : float
        Time limit in seconds.
    """
    right, gaps = 0, sheet.gaps()
    problems = _problems(sheet, source, path, limit_s)
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            for found in problems:
                if found is not None:
                    return CheckedSheet(right, len(gaps), found)
                right = min(right + 1, len(gaps))
    except TimeUpError as time_up:
        problem = f"line {time_up.line}: still running after {limit_s:g} s; is there a loop without an end?"
        return CheckedSheet(0, len(gaps), problem)
    return CheckedSheet(len(gaps), len(gaps), None)


def _problems(sheet: Sheet, source: bytes, path: str, limit_s: float) -> Iterator[str | None]:
    """Yield None for each right gap, else the problem."""
    module: dict[str, Any] = {"__name__": "exercise", "__file__": path}
    try:
        tree = ast.parse(source, path)
        code = compile(source, path, "exec")
    except SyntaxError as error:
        yield f"line {error.lineno or 1}: {type(error).__name__}: {error.msg}"
        return
    except ValueError as error:  # a null byte
        yield f"line 1: {error}"
        return
    recorder = Recorder(tree, path, limit_s)
    if failure := _failure(recorder, path, exec, code, module):
        yield failure
        return

    step, takes = module.get("step"), sheet.arguments
    if not inspect.isfunction(step):
        yield f"there is no function step; it has to begin with: def step({', '.join(takes)}):"
        return
    line = step.__code__.co_firstlineno
    if list(inspect.signature(step).parameters) != takes:
        yield f"line {line}: step has other arguments than the exercise; write: def step({', '.join(takes)}):"
        return
    for case in cases(sheet.name, np.random.default_rng(0)):
        given = {
            name: np.copy(value) if isinstance(value, np.ndarray) else value
            for name, value in case.arguments.items()
        }
        failure = _failure(recorder, path, step, **given)
        gaps = {gap.name for gap in sheet.gaps()}
        for name, found in recorder.values.items():
            if name not in case.values or name in gaps:
                continue
            if difference := _difference(f"{name} is no longer what was given; it", found.value, case.values[name]):
                yield f"line {found.line}: {difference}"
        for gap in sheet.gaps():
            yield _judge(gap, recorder.values.get(gap.name), case.values[gap.name], failure, line)
        if failure:
            yield failure


def _failure(recorder: Recorder, path: str, function: Any, *arguments: Any, **named: Any) -> str | None:
    """Call a function of a learner's file; return its exception and line, or None."""
    try:
        recorder.run(function, *arguments, **named)
    except TimeUpError:
        raise
    except BaseException as error:
        lines = [entry.lineno for entry in traceback.extract_tb(error.__traceback__) if entry.filename == path]
        *_, words = traceback.TracebackException.from_exception(error).format_exception_only()
        return f"line {lines[-1] if lines else 1}: {' '.join(words.split())}"
    return None


def _judge(gap: Gap, found: Recorded | None, right: Any, failure: str | None, step_line: int) -> str | None:
    """Return the problem of a gap, or None."""
    expected = f"expected {gap.expression}, by {gap.equation}"
    if found is None:
        return failure or f"line {step_line}: step assigns no {gap.name}; {expected}"
    if found.value is ...:
        return f"line {found.line}: {gap.name} is still a gap, to be found by {gap.equation}"
    difference = _difference(f"{gap.name} is wrong: {expected}; yours", found.value, right)
    return None if difference is None else f"line {found.line}: {difference}"


def _difference(subject: str, found: Any, right: Any) -> str | None:
    """Return the difference of a value from the right one, or None."""
    right = np.asarray(right, np.float64)
    if not isinstance(found, np.ndarray | np.generic | int | float):
        return f"{subject} is no array but of type {type(found).__name__}"
    values: NDArray[Any] = np.asarray(found)
    if values.dtype.kind not in "biuf":
        return f"{subject} holds {values.dtype} instead of numbers"
    if values.shape != right.shape:
        return f"{subject} has shape {values.shape} instead of {right.shape}"
    wrong = ~np.isclose(values.astype(np.float64), right, rtol=RELATIVE, atol=ABSOLUTE)
    if not wrong.any():
        return None
    index = tuple(int(k) for k in np.argwhere(wrong)[0])
    where = f"differs first at [{', '.join(map(str, index))}]:" if index else "is"
    digits = next(d for d in (3, 6, 17) if f"{values[index]:.{d}g}" != f"{right[index]:.{d}g}")
    return f"{subject} {where} {values[index]:.{digits}g} instead of {right[index]:.{digits}g}"
