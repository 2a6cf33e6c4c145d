r'''Typed input: a command, or a text of one or several lines.

=====================  =====================================================================
input                  meaning
=====================  =====================================================================
``/word …``            a command
``//…``                a text that begins with one slash
``text\``              continues in the next line; ``\\`` at an end is one backslash
``"""``                begins a text that ends with the next ``"""``; nothing in it is special
a paste of many lines  the text itself, where readline tells a paste from typing
=====================  =====================================================================

A line feed right behind the opening quotes does not count, as in TOML.
'''

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, NamedTuple

from charlm.cli.console.line_reader import LineReader
from charlm.errors import UsageError

__all__ = ["TypedInput", "read_input"]

CONTINUATION_PROMPT = "| "
_QUOTES = '"""'


class TypedInput(NamedTuple):
    """A command or a text.

    Parameters
    ----------
    kind : {"command", "line", "quoted"}
        In step mode a line of digits is a number, a quoted one text.
    text : str
    shown : str
        The input on the terminal, prompts included; empty if it is not shown.
    """

    kind: Literal["command", "line", "quoted"]
    text: str
    shown: str


def read_input(lines: LineReader, prompt: str, begun: str = "") -> TypedInput | None:
    """Read a command or text; return None at the end of the input.

    Parameters
    ----------
    lines : LineReader
    prompt : str
    begun : str
        Editable beginning of the line.

    Raises
    ------
    UsageError
        If the input ends within quotes.
    CorpusError
        For undecodable bytes.
    """
    line = lines.read(prompt, begun)
    if line is None:
        return None
    shown = [lines.shown]

    def more() -> str | None:
        following = lines.read(CONTINUATION_PROMPT)
        if following is not None:
            shown.append(lines.shown)
        return following

    kind: Literal["command", "line", "quoted"]
    if "\n" in line:
        kind, text = "quoted", line
    elif line.startswith(_QUOTES):
        kind, text = "quoted", _quoted(line.removeprefix(_QUOTES), more)
    elif line.startswith("/") and not line.startswith("//"):
        kind, text = "command", line
    else:
        kind, text = "line", _continued(line.removeprefix("/"), more)
    return TypedInput(kind, text, "\n".join(shown) if shown[0] else "")


def _quoted(line: str, more: Callable[[], str | None]) -> str:
    """Read up to the closing quotes."""
    lines = [line]
    while _QUOTES not in lines[-1]:
        following = more()
        if following is None:
            raise UsageError(f"the text that begins with {_QUOTES} has no end; close it with {_QUOTES}")
        lines.append(following)
    text, _, behind = "\n".join(lines).partition(_QUOTES)
    if behind.strip():
        raise UsageError(f"{behind!r} stands behind the closing {_QUOTES}; begin a new line for it")
    return text.removeprefix("\n")


def _continued(line: str, more: Callable[[], str | None]) -> str:
    """Read further lines while a line ends in a backslash."""
    lines: list[str] = []
    following: str | None = line
    while following is not None:
        body = following.rstrip("\\")
        backslashes = len(following) - len(body)
        lines.append(body + "\\" * (backslashes // 2))
        following = more() if backslashes % 2 else None
    return "\n".join(lines)
