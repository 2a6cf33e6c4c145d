"""A canvas of Braille dots in a terminal: eight dots a character, with whole characters as marks.

Demonstration: ``python -m charlm.ui.plot.braille``.
"""

from __future__ import annotations

import math

from rich.text import Text

__all__ = ["Braille"]

_BLANK = 0x2800
# the bit of each dot in its cell, row by row: ISO/IEC 10646, Braille Patterns
_BITS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))


class Braille:
    """A canvas of ``width`` × ``height`` characters; points are (x, y) from 0 to 1, y upwards.

    Parameters
    ----------
    width, height : int
        In characters; at least 1.
    """

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width, height
        self._cells = [[0] * width for _ in range(height)]
        self._styles = [[""] * width for _ in range(height)]
        self._marks: dict[tuple[int, int], tuple[str, str]] = {}

    def line(self, x0: float, y0: float, x1: float, y1: float, style: str = "") -> None:
        """Draw a line, both ends included, clipped to the canvas."""
        (a, b), (c, d) = self._dot(x0, y0), self._dot(x1, y1)
        steps = max(abs(c - a), abs(d - b), 1)
        for k in range(steps + 1):
            self._set(a + round((c - a) * k / steps), b + round((d - b) * k / steps), style)

    def level(self, y: float, style: str = "") -> None:
        """Draw a dotted horizontal line in empty cells."""
        for x in range(0, 2 * self.width, 4):
            row = self._dot(0, y)[1]
            if 0 <= row < 4 * self.height and not self._cells[row // 4][x // 2]:
                self._set(x, row, style)

    def mark(self, x: float, y: float, character: str, style: str = "") -> None:
        """Draw a character of one column over the dots."""
        column, row = self._dot(x, y)
        if 0 <= column < 2 * self.width and 0 <= row < 4 * self.height:
            self._marks[row // 4, column // 2] = character, style

    def row(self, y: float) -> int:
        """Return the row of characters at a height, counted from the top."""
        return self._dot(0, y)[1] // 4

    def column(self, x: float) -> int:
        """Return the column of characters at x."""
        return self._dot(x, 0)[0] // 2

    def rows(self) -> list[Text]:
        """Return the drawing, a `Text` for each row."""
        return [
            Text.assemble(*(self._cell(row, column) for column in range(self.width))) for row in range(self.height)
        ]

    def _cell(self, row: int, column: int) -> tuple[str, str]:
        dots = self._cells[row][column]
        plain = chr(_BLANK + dots) if dots else " "
        return self._marks.get((row, column), (plain, self._styles[row][column]))

    def _dot(self, x: float, y: float) -> tuple[int, int]:
        across, down = 2 * self.width - 1, 4 * self.height - 1
        return math.floor(x * across + 0.5), math.floor((1 - y) * down + 0.5)

    def _set(self, x: int, y: int, style: str) -> None:
        if 0 <= x < 2 * self.width and 0 <= y < 4 * self.height:
            self._cells[y // 4][x // 2] |= _BITS[y % 4][x % 2]
            self._styles[y // 4][x // 2] = style


if __name__ == "__main__":
    from itertools import pairwise

    from rich.console import Console

    canvas = Braille(60, 10)
    waves = [(k / 200, 0.5 + 0.45 * math.sin(k / 12)) for k in range(201)]
    for (x0, y0), (x1, y1) in pairwise(waves):
        canvas.line(x0, y0, x1, y1, "cyan")
    canvas.level(0.5, "dim")
    Console().print(*canvas.rows(), sep="\n")
