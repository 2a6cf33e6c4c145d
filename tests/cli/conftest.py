"""A terminal for the commands to run in: keys go in, screens come out."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

WITHIN_S = 20  # generous: other work may share the machine; only a failing test waits so long


class Terminal:
    """A program in a pseudo-terminal, and the screen that it paints.

    Parameters
    ----------
    arguments : sequence of str
        For the Python interpreter.
    columns, rows : int
    environment : dict
        Beside the inherited one.
    """

    def __init__(self, arguments: list[str], columns: int, rows: int, environment: dict[str, str]) -> None:
        import pexpect
        import pyte

        self._pexpect = pexpect
        inherited = {
            k: v for k, v in os.environ.items() if k not in ("COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR")
        }
        self.child = pexpect.spawn(
            sys.executable,
            arguments,
            dimensions=(rows, columns),
            env={**inherited, "TERM": "xterm-256color", **environment},
            timeout=WITHIN_S,
            preexec_fn=_heed_keys,
        )
        self.raw = b""
        self._screen: Any = pyte.Screen(columns, rows)
        self._stream: Any = pyte.ByteStream(self._screen)

    @property
    def rows(self) -> list[str]:
        """The screen, blanks at the ends of rows removed."""
        return [row.rstrip() for row in self._screen.display]

    @property
    def text(self) -> str:
        """The rows down to the last that is not empty."""
        return "\n".join(self.rows).rstrip("\n")

    def style(self, word: str) -> Any:
        """Return how the first character of the first appearance of a word is painted."""
        for k, row in enumerate(self._screen.display):
            if word in row:
                return self._screen.buffer[k][row.index(word)]
        raise AssertionError(f"{word!r} is not on the screen:\n{self.text}")

    def send(self, keys: str) -> None:
        """Press keys."""
        self.child.send(keys)

    def resize(self, columns: int, rows: int) -> None:
        """Make the window another size."""
        self._screen.resize(rows, columns)
        self.child.setwinsize(rows, columns)

    def wait(self, what: str | Callable[[Terminal], bool]) -> None:
        """Read until something is on the screen, or fail."""

        def seen(terminal: Terminal) -> bool:
            return what(terminal) if callable(what) else what in terminal.text

        until = time.monotonic() + WITHIN_S
        while not seen(self):
            if time.monotonic() > until or not self._read():
                raise AssertionError(f"waited in vain for {what!r}; the screen is:\n{self.text}")

    def end(self) -> int:
        """Read to the end and return the exit code."""
        until = time.monotonic() + 3 * WITHIN_S
        while self._read():
            if time.monotonic() > until:
                raise AssertionError(f"it does not end; the screen is:\n{self.text}")
        self.child.close()
        return int(self.child.exitstatus if self.child.exitstatus is not None else -self.child.signalstatus)

    def _read(self) -> bool:
        try:
            data = self.child.read_nonblocking(65536, timeout=0.1)
        except self._pexpect.TIMEOUT:
            return True
        except self._pexpect.EOF:
            return False
        self.raw += data
        self._stream.feed(data)
        return True


def _heed_keys() -> None:
    """Let the keys of the terminal have their signals, which tests in the background of a script ignore."""
    for number in (signal.SIGINT, signal.SIGQUIT):
        signal.signal(number, signal.SIG_DFL)


@pytest.fixture
def terminal() -> Iterator[Callable[..., Terminal]]:
    """Return a function that starts Python with arguments in a terminal of a size."""
    if sys.platform == "win32":
        pytest.skip("needs a pseudo-terminal")
    started: list[Terminal] = []

    def start(*arguments: str | Path, columns: int = 80, rows: int = 24, **environment: str) -> Terminal:
        started.append(Terminal([str(a) for a in arguments], columns, rows, environment))
        return started[-1]

    yield start
    for one in started:
        one.child.close(force=True)
