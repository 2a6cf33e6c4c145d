"""The two streams: stdout for text and JSON, stderr for talk."""

from __future__ import annotations

import io
import os
import sys

from rich.console import Console

__all__ = ["prepare_streams", "silence_stdout", "stderr_console", "stdout_console"]


def prepare_streams() -> None:
    """Make both streams UTF-8 on every system, and leave line ends as they are."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace", newline="\n")


def stderr_console(no_color: bool = False) -> Console:
    """Return a console on stderr; ``NO_COLOR`` and ``TERM=dumb`` are honoured by rich."""
    return Console(stderr=True, highlight=False, markup=False, emoji=False, no_color=no_color or None)


def stdout_console(no_color: bool = False) -> Console:
    """Return a console on stdout, for tables that were asked for."""
    return Console(highlight=False, markup=False, emoji=False, no_color=no_color or None)


def silence_stdout() -> None:
    """Point stdout at nothing, so that the flush at exit does not find the closed pipe again."""
    with open(os.devnull, "wb") as nothing:  # noqa: PTH123
        os.dup2(nothing.fileno(), sys.stdout.fileno())
