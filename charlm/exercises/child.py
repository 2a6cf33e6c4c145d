"""Checking of a learner's file in a separate process, with a time limit."""

from __future__ import annotations

import contextlib
import dataclasses
import io
import os
import sys
import threading
from pathlib import Path

from charlm.child import messages, receive, send, start_child
from charlm.errors import UsageError
from charlm.exercises.checking import CheckedSheet, check_source
from charlm.exercises.sheet import Sheet, sheet

__all__ = ["check_file", "main"]

LIMIT_S = 5.0  # for the file
START_S = 20.0  # for the start of Python and NumPy
PRINTED = 2000  # characters of its output that are shown


def check_file(exercise: Sheet, file: Path, *, limit_s: float = LIMIT_S) -> tuple[CheckedSheet, str]:
    """Check a learner's file.

    Parameters
    ----------
    exercise : Sheet
    file : Path
    limit_s : float
        Time limit in seconds.

    Returns
    -------
    verdict : CheckedSheet
    printed : str
        The beginning of its output.

    Raises
    ------
    UsageError
        If the file cannot be read.
    """
    try:
        source = file.read_bytes()
    except OSError as error:
        raise UsageError(f"cannot read {str(file)!r}: {error.strerror}; name a file of the exercise") from error
    process = start_child("charlm.exercises.child")
    with process:
        timer = threading.Timer(START_S + limit_s, process.kill)
        timer.start()
        try:
            request = {"name": exercise.name, "source": source.hex(), "path": str(file), "limit_s": limit_s}
            send(process.stdin, request)
            answer = receive(process.stdout)
        finally:
            late = not timer.is_alive()
            timer.cancel()
            process.kill()
    if answer is None:
        why = f"did not end within {limit_s:g} s" if late else "ended Python itself"
        return CheckedSheet(0, len(exercise.gaps()), f"your file {why}; it should only compute"), ""
    return CheckedSheet(**answer["verdict"]), answer["printed"]


class _Head(io.StringIO):
    """A buffer of the beginning of the output."""

    def write(self, text: str) -> int:
        super().write(text[: max(PRINTED - self.tell(), 0)])
        return len(text)


def main() -> None:
    """Check the file that the parent process sends."""
    stdout = sys.stdout.fileno()
    answers = os.fdopen(os.dup(stdout), "wb")
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, stdout)
    os.dup2(null, sys.stderr.fileno())
    request = next(messages())
    sys.stdin, printed = io.StringIO(), _Head()
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
        verdict = check_source(
            sheet(request["name"]), bytes.fromhex(request["source"]), request["path"], limit_s=request["limit_s"]
        )
    answer = {"verdict": dataclasses.asdict(verdict), "printed": printed.getvalue()}
    send(answers, answer)
    os._exit(0)  # also ends threads of the file
