"""Where the console's lines come from: a person at a terminal who edits them, or a pipe."""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol, cast

from rich.cells import cell_len

from charlm.cli.console.history import History
from charlm.errors import CorpusError

if TYPE_CHECKING:
    import io

__all__ = ["LineSource", "PipedLines", "TypedLines", "lines_at_once", "rows_taken"]

TAB = 8
CHUNK = 65536  # bytes


class LineSource(Protocol):
    """Gives lines, one after the other.

    Attributes
    ----------
    shown : str
        What stands on the screen for the last line, prompt included; empty where nothing does.
    """

    shown: str

    def read(self, prompt: str, begun: str = "") -> str | None:
        """Return the next line without its end; None when there are no more. `begun` stands in it to be edited."""


class TypedLines:
    """Lines that a person types at a terminal, edited and with a history where the system has readline.

    Ctrl-C drops the line, Ctrl-D on an empty one ends the input. A text that is pasted with its line feeds comes as
    one line.

    Parameters
    ----------
    complete : callable, optional
        Takes the line up to the cursor and returns what it may become; bound to the tab key.
    history : History, optional
        Lines of earlier sessions, and where those of this one go.
    """

    def __init__(self, complete: Callable[[str], list[str]] | None = None, history: History | None = None) -> None:
        self.shown = ""
        # its import is what makes input() edit; Windows lacks it, and has editing of its own
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
            For bytes that are no text.
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
    """Let readline take a paste as it stands, and the tab key complete a line."""
    libedit = "libedit" in (readline.__doc__ or "")
    if not libedit and os.environ.get("TERM", "dumb") != "dumb":
        readline.parse_and_bind("set enable-bracketed-paste on")  # which not every build does by itself
    if complete is not None:
        readline.set_completer_delims(" ")
        readline.set_completer(_Completer(readline, complete))
        readline.parse_and_bind("bind ^I rl_complete" if libedit else "tab: complete")


class _Completer:
    """Gives readline one completion after the other, each from the begun word on."""

    def __init__(self, readline: Any, complete: Callable[[str], list[str]]) -> None:
        self._readline, self._complete = readline, complete
        self._found: list[str] = []

    def __call__(self, _word: str, number: int) -> str | None:
        if number == 0:
            before = self._readline.get_line_buffer()[: self._readline.get_endidx()]
            begin = self._readline.get_begidx()
            self._found = [line[begin:] for line in self._complete(before)]
        return self._found[number] if number < len(self._found) else None


class PipedLines:
    """Lines of UTF-8 from a file or pipe, or from a person whose output goes to one.

    Parameters
    ----------
    stream : BinaryIO
        Usually ``sys.stdin.buffer``.
    ask : callable, optional
        Called with the prompt before each line, where somebody is there to be prompted.
    """

    def __init__(self, stream: BinaryIO, ask: Callable[[str], None] | None = None) -> None:
        self.shown = ""
        self._stream = stream
        self._ask = ask
        self._offset = 0

    def read(self, prompt: str, begun: str = "") -> str | None:
        """Return the next line, or None.

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


def lines_at_once(stream: BinaryIO, most: int) -> Iterator[list[bytes]]:
    r"""Yield the lines of a stream without their ends, those together that have come together.

    So a line is answered as soon as it is there, and many lines are answered many at a time.

    Parameters
    ----------
    stream : BinaryIO
        One that gives what there is, such as ``sys.stdin.buffer``.
    most : int
        Lines at once.

    Examples
    --------
    >>> import io
    >>> list(lines_at_once(io.BytesIO(b"one\ntwo\r\n\nfour"), 2))
    [[b'one', b'two'], [b''], [b'four']]
    """
    begun: list[bytes] = []  # pieces of a line that has no end yet
    while chunk := cast("io.BufferedReader", stream).read1(CHUNK):
        *whole, rest = chunk.split(b"\n")
        if whole:
            whole[0] = b"".join([*begun, whole[0]])
            begun = []
            for k in range(0, len(whole), most):
                yield [line.removesuffix(b"\r") for line in whole[k : k + most]]
        begun.append(rest)
    if last := b"".join(begun):
        yield [last]


def rows_taken(shown: str, width: int) -> int:
    r"""Count the rows that typed lines take on a terminal together with their prompts.

    Examples
    --------
    >>> rows_taken("> short", 80), rows_taken("> " + "x" * 78, 80), rows_taken("> one\n| two", 80)
    (1, 2, 2)
    """
    return sum(cell_len(line.expandtabs(TAB)) // width + 1 for line in shown.split("\n"))
