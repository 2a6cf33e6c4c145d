"""Single keys of a terminal, without Enter: what `/step` goes by."""

from __future__ import annotations

import codecs
import importlib
import os
import select
import sys
from collections.abc import Callable
from typing import Protocol

__all__ = ["Keys", "SingleKeys"]

_ESCAPE_S = 0.05  # the rest of a key that is sent as several bytes comes at once
_NAMED = {
    **dict.fromkeys("\r\n", "enter"),
    **dict.fromkeys("\x7f\x08", "backspace"),
    "\x03": "escape",  # where Ctrl-C is a key like others
    "\x04": "escape",
    "\x16": "literal",
    "\x1b": "escape",
}
_ARROWS = {"C": "enter", "D": "backspace"}
_WINDOWS_ARROWS = {"M": "enter", "K": "backspace"}


class Keys(Protocol):
    """Gives keys, one after the other."""

    def read(self) -> str:
        """Wait for a key: a character, or one of the names in `SingleKeys.read`."""


class SingleKeys:
    """Keys from standard input, a terminal that neither puts lines together nor shows them (`HiddenKeys`)."""

    def read(self) -> str:
        """Wait for a key and return its character, or its name.

        Names are ``enter`` (also the right arrow), ``backspace`` (also the left arrow), ``escape`` (also Ctrl-C,
        Ctrl-D and the end of the input), ``literal`` (Ctrl-V) and ``other``.
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
    if "\ud800" <= key < "\udc00":  # half of a character
        return (key + getwch()).encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return key
