"""Line readers of the console: from a terminal, with editing, or from a pipe."""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
from collections.abc import Callable
from typing import Any, BinaryIO, Protocol

from charlm.cli.console.history import InputHistory
from charlm.errors import CorpusError

__all__ = ["LineReader", "PipedLineReader", "TerminalLineReader"]


class LineReader(Protocol):
    """Reads lines.

    Attributes
    ----------
    shown : str
        The last line on the terminal, prompt included; empty if it is not shown.
    """

    shown: str

    def read(self, prompt: str, begun: str = "") -> str | None:
        """Return the next line without its end; None at the end of the input. `begun` is its editable beginning."""


class TerminalLineReader:
    """A line reader of a terminal, with editing and history if the system has readline.

    Ctrl-C drops the line, Ctrl-D on an empty one ends the input. A pasted text with line feeds is one line.

    Parameters
    ----------
    complete : callable, optional
        Takes the line up to the cursor and returns its completions; bound to the tab key.
    history : InputHistory, optional
        Takes the lines, and has those of earlier sessions.
    """

    def __init__(
        self, complete: Callable[[str], list[str]] | None = None, history: InputHistory | None = None
    ) -> None:
        self.shown = ""
        # its import enables editing in input(); Windows lacks it and edits lines itself
        self._readline: Any = None
        self._history = history
        self._latest = ""
        if importlib.util.find_spec("readline"):
            self._readline = importlib.import_module("readline")
            _set_up(self._readline, complete)
            for line in history.read() if history else []:
                self._readline.add_history(line)

    def read(self, prompt: str, begun: str = "") -> str | None:
        """Prompt for a line and return it; None at the end of the input.

        Raises
        ------
        KeyboardInterrupt
            For Ctrl-C; the cursor is at the start of a row.
        CorpusError
            For undecodable bytes.
        """
        try:
            line = self._input(prompt, begun)
        except KeyboardInterrupt:
            sys.stdout.write("\n")
            raise
        except EOFError:
            sys.stdout.write("\n")
            return None
        except UnicodeDecodeError as damage:
            raise CorpusError(
                f"this line is not {damage.encoding} from byte {damage.start} on; type it again"
            ) from None
        self.shown = prompt + line
        if self._history is not None and line != self._latest:
            self._history.add(line)
            self._latest = line
        return line

    def _input(self, prompt: str, begun: str) -> str:
        if not begun:
            return input(prompt)
        if self._readline is None:
            return begun + input(prompt + begun)
        self._readline.set_startup_hook(lambda: self._readline.insert_text(begun))
        try:
            return input(prompt)
        finally:
            self._readline.set_startup_hook()


def _set_up(readline: Any, complete: Callable[[str], list[str]] | None) -> None:
    """Set up readline: a paste is one line, and the tab key completes."""
    libedit = "libedit" in (readline.__doc__ or "")
    if not libedit and os.environ.get("TERM", "dumb") != "dumb":
        readline.parse_and_bind("set enable-bracketed-paste on")  # not the default of every build
    if complete is not None:
        readline.set_completer_delims(" ")
        readline.set_completer(_Completer(readline, complete))
        readline.parse_and_bind("bind ^I rl_complete" if libedit else "tab: complete")


class _Completer:
    """The completer of readline, which requests completions one by one."""

    def __init__(self, readline: Any, complete: Callable[[str], list[str]]) -> None:
        self._readline, self._complete = readline, complete
        self._found: list[str] = []

    def __call__(self, _word: str, number: int) -> str | None:
        if number == 0:
            before = self._readline.get_line_buffer()[: self._readline.get_endidx()]
            begin = self._readline.get_begidx()
            self._found = [line[begin:] for line in self._complete(before)]
        return self._found[number] if number < len(self._found) else None


class PipedLineReader:
    """A line reader of UTF-8 from a file or pipe, or from a terminal if the output is redirected.

    Parameters
    ----------
    stream : BinaryIO
        Usually standard input.
    ask : callable, optional
        Called with the prompt before each line, if the input is a terminal.
    """

    def __init__(self, stream: BinaryIO, ask: Callable[[str], None] | None = None) -> None:
        self.shown = ""
        self._stream = stream
        self._ask = ask
        self._offset = 0

    def read(self, prompt: str, begun: str = "") -> str | None:
        """Return the next line; None at the end of the input.

        Raises
        ------
        CorpusError
            For bytes that are not UTF-8.
        """
        if self._ask is not None:
            self._ask(prompt)
        line = self._stream.readline()
        if not line:
            return None
        try:
            text = line.decode("utf-8")
        except UnicodeDecodeError as damage:
            raise CorpusError(
                f"standard input is not UTF-8 at byte {self._offset + damage.start}; "
                f"convert it, for example with iconv"
            ) from None
        self._offset += len(line)
        return begun + text.removesuffix("\n").removesuffix("\r")
