r'''What a person enters at the console: a command, or a text of one line or several.

=====================  =====================================================================
what is entered        what it is
=====================  =====================================================================
``/word …``            a command
``//…``                a text that begins with one slash
``text\``              goes on in the next line; ``\\`` at an end is one backslash
``"""``                begins a text that ends with the next ``"""``; nothing in it is special
a paste of many lines  a text as it stands, where readline tells a paste from typing
=====================  =====================================================================

A line feed right behind the opening quotes does not count, as in TOML.
'''

from __future__ import annotations

from typing import Literal, NamedTuple

from charlm.cli.console.line_reader import LineSource
from charlm.errors import UsageError

__all__ = ["Entries", "Entry"]

GOES_ON = "| "
_FENCE = '"""'


class Entry(NamedTuple):
    """A command or a text.

    Parameters
    ----------
    kind : {"command", "line", "quoted"}
        A text is quoted where nothing in it has another meaning.
    text : str
    shown : str
        What stands on the screen for it, prompts included; empty where nothing does.
    """

    kind: Literal["command", "line", "quoted"]
    text: str
    shown: str


class Entries:
    """Puts lines together.

    Parameters
    ----------
    lines : LineSource
    """

    def __init__(self, lines: LineSource) -> None:
        self._lines = lines

    def read(self, prompt: str, begun: str = "") -> Entry | None:
        """Return the next entry, the beginning of which may stand there; None when there are no more.

        Raises
        ------
        UsageError
            If the input ends within quotes.
        CorpusError
            For bytes that are no text.
        """
        line = self._lines.read(prompt, begun)
        if line is None:
            return None
        shown = [self._lines.shown]
        if "\n" in line:
            return Entry("quoted", line, shown[0])
        if line.startswith(_FENCE):
            text = self._block(line.removeprefix(_FENCE), shown)
            return Entry("quoted", text, _joined(shown))
        if line.startswith("/") and not line.startswith("//"):
            return Entry("command", line, shown[0])
        text = self._continued(line.removeprefix("/"), shown)
        return Entry("line", text, _joined(shown))

    def _block(self, line: str, shown: list[str]) -> str:
        """Read on up to the closing quotes."""
        parts = [line]
        while _FENCE not in parts[-1]:
            more = self._more(shown)
            if more is None:
                raise UsageError(f"the text that begins with {_FENCE} has no end; close it with {_FENCE}")
            parts.append(more)
        text, _, behind = "\n".join(parts).partition(_FENCE)
        if behind.strip():
            raise UsageError(f"{behind!r} stands behind the closing {_FENCE}; begin a new line for it")
        return text.removeprefix("\n")

    def _continued(self, line: str, shown: list[str]) -> str:
        """Read on as long as a line ends in a backslash."""
        parts = [line]
        while True:
            body = parts[-1].rstrip("\\")
            backslashes = len(parts[-1]) - len(body)
            parts[-1] = body + "\\" * (backslashes // 2)
            more = self._more(shown) if backslashes % 2 else None
            if more is None:
                return "\n".join(parts)
            parts.append(more)

    def _more(self, shown: list[str]) -> str | None:
        line = self._lines.read(GOES_ON)
        if line is not None:
            shown.append(self._lines.shown)
        return line


def _joined(shown: list[str]) -> str:
    return "\n".join(shown) if shown[0] else ""
