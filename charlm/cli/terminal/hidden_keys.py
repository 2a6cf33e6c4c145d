"""Keys typed while text streams: not echoed, and kept for the next reader.

A terminal shows each key at once, wherever the cursor stands. So that is switched off while the program writes. The
keys wait in the terminal, for the console's next prompt or for the shell. The terminal is put back however the
``with`` block ends: also before the program is suspended (Ctrl-Z) or ended by a signal.

Windows shows keys only while a line is read; there is nothing to switch off.
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
        Written to; where it is no terminal, or one that another program has in the foreground, nothing happens.
    by_lines : bool
        Whether the terminal goes on to put lines together, as for a program that reads lines; a line editor wants
        each key as it is.
    """

    def __init__(self, stream: TextIO, *, by_lines: bool) -> None:
        self._stream = stream
        self._by_lines = by_lines
        self._termios: Any = None
        self._before: list[Any] | None = None  # the terminal's settings, while they are changed
        self._wanted = False

    def __enter__(self) -> HiddenKeys:
        """Hide the keys."""
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
            self.show()  # where Ctrl-C interrupted the first
            self._held.close()

    def _take_over(self, name: str, handler: Any) -> None:
        number = getattr(signal, name)
        if signal.getsignal(number) == signal.SIG_DFL:
            self._held.callback(signal.signal, number, signal.signal(number, handler))

    def _hide(self) -> None:
        if not self._wanted or not self._in_foreground():
            return
        termios = self._termios
        with contextlib.suppress(termios.error):  # a terminal that was closed
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
        """Tell whether this program is in the foreground: otherwise a change would suspend it."""
        try:
            return os.tcgetpgrp(self._stream.fileno()) == os.getpgrp()
        except (OSError, ValueError):  # not the terminal that the program was started from
            return True

    def _end(self, number: int, _frame: FrameType | None) -> None:
        self.show()
        signal.signal(number, signal.SIG_DFL)
        signal.raise_signal(number)

    def _suspend(self, number: int, _frame: FrameType | None) -> None:
        self.show()
        signal.signal(number, signal.SIG_DFL)
        signal.raise_signal(number)  # which lasts until the program is continued
        signal.signal(number, self._suspend)
        self._hide()

    def _continue(self, _number: int, _frame: FrameType | None) -> None:
        if not self._in_foreground():
            self._before = None  # the settings are the shell's now
        self._hide()
