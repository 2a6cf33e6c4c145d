"""Single keys: Ctrl-C while text is generated, and the keys of step mode."""

from __future__ import annotations

import codecs
import contextlib
import importlib
import os
import select
import signal
import sys
from collections.abc import Callable, Iterator
from types import FrameType

__all__ = ["StopKey", "read_key", "stop_key"]

_ESCAPE_S = 0.05  # the bytes of one key arrive together
_NAMED = {
    **dict.fromkeys("\r\n", "enter"),
    **dict.fromkeys("\x7f\x08", "backspace"),
    "\x03": "escape",  # if Ctrl-C is not a signal
    "\x04": "escape",
    "\x16": "literal",
    "\x1b": "escape",
}
_ARROWS = {"C": "enter", "D": "backspace"}
_WINDOWS_ARROWS = {"M": "enter", "K": "backspace"}


class StopKey:
    """The state of Ctrl-C.

    Attributes
    ----------
    pressed : bool
    """

    pressed = False

    def press(self, _number: int, _frame: FrameType | None) -> None:
        """Handle the signal: the first one sets `pressed`, the second one interrupts."""
        if self.pressed:
            raise KeyboardInterrupt
        self.pressed = True


@contextlib.contextmanager
def stop_key(*, listens: bool = True) -> Iterator[StopKey]:
    """Make Ctrl-C set a flag that is checked between two characters, so that no operation stays incomplete.

    Parameters
    ----------
    listens : bool
        Whether to replace the handler of Ctrl-C; without a person at the terminal it ends the program as usual.
    """
    key = StopKey()
    if not listens:
        yield key
        return
    handler = signal.signal(signal.SIGINT, key.press)
    try:
        yield key
    finally:
        signal.signal(signal.SIGINT, handler)


def read_key() -> str:
    """Wait for a key of the terminal, which neither buffers lines nor echoes (`HiddenKeys`).

    Returns
    -------
    str
        The character; or ``enter`` (also the right arrow), ``backspace`` (also the left arrow), ``escape`` (also
        Ctrl-C, Ctrl-D and the end of the input), ``literal`` (Ctrl-V) or ``other``.
    """
    try:
        key = _windows_key() if sys.platform == "win32" else _posix_key()
    except KeyboardInterrupt:
        return "escape"
    if key in _NAMED:
        return _NAMED[key]
    return "other" if len(key) == 1 and key < " " and key != "\t" else key


def _posix_key() -> str:
    descriptor = sys.stdin.fileno()
    decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def character() -> str:
        found = ""
        while not found:
            byte = os.read(descriptor, 1)
            found = decoder.decode(byte, final=not byte)
            if not byte:
                return "\x04"
        return found

    def more() -> bool:
        return bool(select.select([descriptor], [], [], _ESCAPE_S)[0])

    key = character()
    if key != "\x1b" or not more():
        return key
    if character() not in "[O":
        return "other"
    final = "["
    while more() and not "@" <= (final := character()) <= "~":
        pass
    return _ARROWS.get(final, "other")


def _windows_key() -> str:
    getwch: Callable[[], str] = importlib.import_module("msvcrt").getwch
    key = getwch()
    if key in "\0\xe0":
        return _WINDOWS_ARROWS.get(getwch(), "other")
    if "\ud800" <= key < "\udc00":  # a lone surrogate
        return (key + getwch()).encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return key
