"""`Ink`: text in styles that change within a row, as a terminal takes it, quickly enough for a stream.

A terminal that runs out of rows paints the new one in the background that is in force, and a text that wraps
does so in the middle of a style. So a style with a background ends before a line feed, and after the first
character of a row that began by wrapping the rest of the row is erased again.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

__all__ = ["Ink"]

_TAB = 8
_ERASE_TO_THE_RIGHT = "\x1b[K"


class _Codes(NamedTuple):
    """What switches a style on and off, and whether it has a background."""

    on: str
    off: str
    filled: bool


class Ink:
    """Turns styled parts of a text into what is written to a terminal.

    Parameters
    ----------
    screen : Console
        Tells the width, and which styles there are.

    Attributes
    ----------
    colours : bool
        Whether styles can be told by their colours.
    column : int
        Cells taken in the present row; as many as it has where the next character will wrap.
    """

    def __init__(self, screen: Console) -> None:
        self._screen = screen
        self.colours = screen.color_system is not None and not screen.no_color and not screen.legacy_windows
        self._codes: dict[str, _Codes] = {"": _Codes("", "", filled=False)}
        self.column = 0

    def paint(self, parts: Iterable[tuple[str, str]]) -> str:
        """Return what writes the parts, each a text that is harmless, and its style."""
        width = self._screen.width
        return "".join(self._run(text, self._codes_of(style), width) for text, style in parts)

    def _codes_of(self, style: str) -> _Codes:
        if style not in self._codes:
            with self._screen.capture() as capture:
                self._screen.print(Text("x", style), end="")
            on, _, off = capture.get().partition("x")
            filled = self.colours and self._screen.get_style(style).bgcolor is not None
            self._codes[style] = _Codes(on, off, filled)
        return self._codes[style]

    def _run(self, text: str, codes: _Codes, width: int) -> str:
        lines = text.split("\n")
        painted = [self._line(lines[0], codes, width)]
        for line in lines[1:]:
            self.column = 0
            painted.append(self._line(line, codes, width))
        return "\n".join(painted)

    def _line(self, line: str, codes: _Codes, width: int) -> str:
        """Paint what stands in one line, and note where it ends."""
        if not line:
            return ""
        cells = cell_len(line)
        if "\t" not in line and self.column + cells <= width:
            self.column += cells
            return f"{codes.on}{line}{codes.off}"
        erased = f"{codes.off}{_ERASE_TO_THE_RIGHT}{codes.on}" if codes.filled else ""
        painted = []
        for character in line:
            painted.append(character)
            if character == "\t":
                self.column = min((self.column // _TAB + 1) * _TAB, width - 1)
                continue
            cells = cell_len(character)
            self.column += cells
            if self.column > width:
                self.column = cells
                painted.append(erased)
        return f"{codes.on}{''.join(painted)}{codes.off}"
