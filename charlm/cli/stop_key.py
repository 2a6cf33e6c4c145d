"""Ctrl-C at the console: it stops the text, not the program."""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import signal
import sys
from collections.abc import Iterator
from types import FrameType, TracebackType

__all__ = ["StopKey"]


class StopKey:
    """Turns Ctrl-C into a question that is asked between two characters, so that nothing is left half done.

    The second Ctrl-C within interrupts at once.

    Parameters
    ----------
    listens : bool
        Whether to take Ctrl-C over; without a person there it ends the program as ever.

    Attributes
    ----------
    pressed : bool
    """

    def __init__(self, *, listens: bool = True) -> None:
        self.pressed = False
        self._listens = listens

    def __enter__(self) -> StopKey:
        """Take Ctrl-C over."""
        self._held = contextlib.ExitStack()
        if self._listens:
            self._held.callback(signal.signal, signal.SIGINT, signal.signal(signal.SIGINT, self._press))
            self._held.enter_context(_output_kept())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Give Ctrl-C back."""
        self._held.close()

    def _press(self, _number: int, _frame: FrameType | None) -> None:
        if self.pressed:
            raise KeyboardInterrupt
        self.pressed = True


@contextlib.contextmanager
def _output_kept() -> Iterator[None]:
    """Let the terminal show what was written before Ctrl-C: by default it throws away what it has not shown yet."""
    if not (importlib.util.find_spec("termios") and sys.stdin.isatty()):  # Windows has no such habit
        yield
        return
    termios = importlib.import_module("termios")
    terminal = sys.stdin.fileno()
    before = termios.tcgetattr(terminal)
    kept = [*before]
    kept[3] |= termios.NOFLSH  # the local flags
    termios.tcsetattr(terminal, termios.TCSANOW, kept)
    try:
        yield
    finally:
        termios.tcsetattr(terminal, termios.TCSANOW, before)
