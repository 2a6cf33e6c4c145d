"""Where the console's lines come from: a person at a terminal who edits them, or a pipe."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Callable
from typing import BinaryIO, Protocol

from rich.cells import cell_len

from charlm.errors import CorpusError

__all__ = ["LineSource", "PipedLines", "TypedLines", "rows_taken"]

PROMPT = "> "
TAB = 8


class LineSource(Protocol):
    """Gives lines, one after the other."""

    def read(self) -> str | None:
        """Return the next line without its end; None when there are no more."""


class TypedLines:
    """Lines that a person types at a terminal, edited and with a history where the system has readline.

    Ctrl-C clears the line, Ctrl-D on an empty one ends the input.
    """

    def __init__(self) -> None:
        # its import is what makes input() edit; Windows lacks it, and has editing of its own
        if importlib.util.find_spec("readline"):
            importlib.import_module("readline")

    def read(self) -> str | None:
        """Prompt for a line and return it; None at the end of the input."""
        while True:
            try:
                return input(PROMPT)
            except KeyboardInterrupt:
                sys.stdout.write("\n")
            except EOFError:
                sys.stdout.write("\n")
                return None
            except UnicodeDecodeError as damage:
                raise CorpusError(
                    f"this line is not {damage.encoding} from byte {damage.start} on; type it again"
                ) from None


class PipedLines:
    """Lines of UTF-8 from a file or pipe, or from a person whose output goes to one.

    Parameters
    ----------
    stream : BinaryIO
        Usually ``sys.stdin.buffer``.
    prompt : callable, optional
        Called before each line, where somebody is there to be prompted.
    """

    def __init__(self, stream: BinaryIO, prompt: Callable[[], None] | None = None) -> None:
        self._stream = stream
        self._prompt = prompt
        self._offset = 0

    def read(self) -> str | None:
        """Return the next line, or None.

        Raises
        ------
        CorpusError
            For bytes that are not UTF-8.
        """
        if self._prompt is not None:
            self._prompt()
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
        return text.removesuffix("\n").removesuffix("\r")


def rows_taken(line: str, width: int) -> int:
    r"""Count the rows that a typed line takes on a terminal together with its prompt.

    Examples
    --------
    >>> rows_taken("short", 80), rows_taken("x" * 78, 80), rows_taken("one\ntwo", 80)
    (1, 2, 2)
    """
    return sum(cell_len(part.expandtabs(TAB)) // width + 1 for part in (PROMPT + line).split("\n"))
