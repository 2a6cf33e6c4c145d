"""Keys typed while text streams: not echoed, and kept for the next reader.

A terminal echoes each key at the cursor, so echo is switched off while the program writes. Keys stay in the
terminal's buffer, for the console's next prompt or for the shell. The terminal's settings are restored however the
``with`` block ends, also before the program is suspended (Ctrl-Z) or ended by a signal.

Windows echoes keys only while a line is read, so nothing is switched off.
"""

from __future__ import annotations

import atexit
import contextlib
import importlib
import importlib.util
import os
import signal
from types import FrameType, TracebackType
from typing import Any, TextIO

__all__ = ["HiddenKeys"]

_ENDING = ("SIGTERM", "SIGHUP", "SIGQUIT")


class HiddenKeys:
    """Terminal without echo while entered; Ctrl-C discards neither keys nor text.

    Parameters
    ----------
    stream : TextIO
        The output; nothing happens if it is not a terminal, or the program is in the background.
    by_lines : bool
        Whether the terminal still buffers lines; a line editor needs single keys.
    """

    def __init__(self, stream: TextIO, *, by_lines: bool) -> None:
        self._stream = stream
        self._by_lines = by_lines
        self._termios: Any = None
        self._before: list[Any] | None = None  # the terminal's settings before the change
        self._wanted = False

    def __enter__(self) -> HiddenKeys:
        """Switch echo off."""
        self._held = contextlib.ExitStack()
        if importlib.util.find_spec("termios") and self._stream.isatty():
            self._termios = importlib.import_module("termios")
            self._wanted = True
            for name in _ENDING:
                self._take_over(name, self._end)
            self._take_over("SIGTSTP", self._suspend)
            self._take_over("SIGCONT", self._continue)
            atexit.register(self.show)
            self._held.callback(atexit.unregister, self.show)
            self._hide()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Restore the terminal."""
        self._wanted = False
        try:
            self.show()
        finally:
            self.show()  # if Ctrl-C interrupted the first
            self._held.close()

    def _take_over(self, name: str, handler: Any) -> None:
        number = getattr(signal, name)
        if signal.getsignal(number) == signal.SIG_DFL:
            self._held.callback(signal.signal, number, signal.signal(number, handler))

    def _hide(self) -> None:
        if not self._wanted or not self._in_foreground():
            return
        termios = self._termios
        with contextlib.suppress(termios.error):  # a closed terminal
            before = self._before or termios.tcgetattr(self._stream.fileno())
            hidden = [*before]
            hidden[3] &= ~(termios.ECHO | termios.ECHONL)  # the local flags
            hidden[3] |= termios.NOFLSH
            if not self._by_lines:
                hidden[3] &= ~(termios.ICANON | termios.IEXTEN)
                hidden[6] = [*before[6]]
                hidden[6][termios.VMIN], hidden[6][termios.VTIME] = 1, 0
            self._before = before
            termios.tcsetattr(self._stream.fileno(), termios.TCSANOW, hidden)

    def show(self) -> None:
        """Restore the terminal; may be called in any thread, also just before the program is ended."""
        if self._before is None:
            return
        if self._in_foreground():
            with contextlib.suppress(self._termios.error, ValueError):
                self._termios.tcsetattr(self._stream.fileno(), self._termios.TCSANOW, self._before)
        self._before = None

    def _in_foreground(self) -> bool:
        """Return whether this program is in the foreground: otherwise a change would suspend it."""
        try:
            return os.tcgetpgrp(self._stream.fileno()) == os.getpgrp()
        except (OSError, ValueError):  # not the controlling terminal
            return True

    def _end(self, number: int, _frame: FrameType | None) -> None:
        self.show()
        signal.signal(number, signal.SIG_DFL)
        signal.raise_signal(number)

    def _suspend(self, number: int, _frame: FrameType | None) -> None:
        self.show()
        signal.signal(number, signal.SIG_DFL)
        signal.raise_signal(number)  # returns when the program is continued
        signal.signal(number, self._suspend)
        self._hide()

    def _continue(self, _number: int, _frame: FrameType | None) -> None:
        if not self._in_foreground():
            self._before = None  # the shell's settings are in force
        self._hide()
