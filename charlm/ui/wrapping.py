r"""`Wrapping`: word wrapping of a text that streams to a terminal.

A word is written at once, character by character. At the edge its part in this row is erased and written again at
the start of the next row. Spaces at the edge are not drawn. The terminal wraps words longer than the window, and
scripts of wide characters without spaces. Only the display changes, not the text.

A terminal that scrolls fills the new row with the current background, and text may wrap in the middle of a style.
So a style with a background ends before a line feed, and after the first character of a wrapped row the rest of the
row is erased.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from rich.cells import cell_len
from rich.control import Control
from rich.segment import ControlType

__all__ = ["PLAIN", "Codes", "Wrapping"]

_TAB = 8
_ERASE_TO_THE_RIGHT = str(Control((ControlType.ERASE_IN_LINE, 0)))
_PARTS = re.compile(r"[^ \t\n]+|[ \t\n]")


class Codes(NamedTuple):
    """The codes that switch a style on and off, and whether it has a background."""

    on: str
    off: str
    filled: bool


PLAIN = Codes("", "", filled=False)


class Wrapping:
    """The position of a text in its row, and the output for its next part.

    Parameters
    ----------
    width : callable
        Returns the columns of the terminal. A change in the middle of a row begins a new row: terminals treat the
        old one differently.
    by_words : bool
        Whether words stay whole; a terminal that cannot move the cursor back splits them.
    """

    def __init__(self, width: Callable[[], int], *, by_words: bool = True) -> None:
        self._columns = width
        self._by_words = by_words
        self._width = 0
        self._out: list[str] = []
        self.column = 0

    @property
    def column(self) -> int:
        """Cells taken in the current row; the width if the next character wraps."""
        return self._column

    @column.setter
    def column(self, column: int) -> None:
        self._column = column
        self._begin_word()

    def _begin_word(self) -> None:
        self._begin = self._column
        self._word: list[tuple[str, Codes]] = []
        self._wide = False

    def write(self, text: str, codes: Codes = PLAIN) -> str:
        """Return the output for the next part of the text, which is sanitised and has one style."""
        self._out = []
        width = self._columns()
        if width != self._width and self._column:
            self._new_row()
        self._width = width
        if width < 2:  # unknown
            return text
        self._out.append(codes.on)
        for part in _PARTS.findall(text):
            if part == "\n":
                self._out.append(codes.off)
                self._new_row()
                self._out.append(codes.on)
            elif part in " \t":
                self._blank(part, codes)
            elif part.isascii() and self._column + len(part) <= width and not self._wide:
                self._letters(part, len(part), codes)
            else:
                for character in part:
                    self._character(character, codes)
        self._out.append(codes.off)
        written = "".join(self._out)
        # drop a style without text
        return written.replace(codes.on + codes.off, "") if codes.on else written

    def back_from_next_row(self) -> str:
        """Return the output that moves the cursor from the start of the next row to the end of this one."""
        last, forward = "", self._column
        if self._column == self._width:  # the last character is written again: only behind it the terminal wraps
            letters, codes = self._word[-1] if self._word else ("", PLAIN)
            if cell_len(letters[-1:]) == 0:
                return ""
            forward -= cell_len(letters[-1])
            last = f"{codes.on}{letters[-1]}{codes.off}"
        forwards = [(ControlType.CURSOR_FORWARD, forward)] if forward else []  # 0 would be taken for 1
        return f"{Control((ControlType.CURSOR_UP, 1), *forwards)}{last}"

    def _new_row(self) -> None:
        self._out.append("\n")
        self.column = 0

    def _blank(self, blank: str, codes: Codes) -> None:
        if blank == "\t":
            self._out.append(blank)
            self.column = min((self._column // _TAB + 1) * _TAB, self._width - 1)
        elif self._column < self._width:
            self._out.append(blank)
            self.column += 1
        elif self._by_words:
            self._begin_word()  # the blank is not drawn
        else:
            self._wrapped(blank, 1, codes)

    def _character(self, character: str, codes: Codes) -> None:
        cells = cell_len(character)
        if cells == 2 or (cells and self._wide):  # a row may end between two wide characters
            self._begin_word()
        if self._column + cells <= self._width:
            self._letters(character, cells, codes)
        elif self._by_words and self._word and self._begin:
            self._move_word(codes)
            self._letters(character, cells, codes)
        else:
            self._wrapped(character, cells, codes)
        self._wide = cells == 2 or (not cells and self._wide)

    def _letters(self, letters: str, cells: int, codes: Codes) -> None:
        self._out.append(letters)
        self._word.append((letters, codes))
        self._column += cells

    def _wrapped(self, character: str, cells: int, codes: Codes) -> None:
        """Write a character that does not fit into this row."""
        if self._column < self._width:  # a wide one at the last column, where terminals differ
            self._out.append(f"{codes.off}\n{codes.on}{character}")
        else:
            self._out.append(character)
            if codes.filled:
                self._out.append(f"{codes.off}{_ERASE_TO_THE_RIGHT}{codes.on}")
        self._column = cells
        self._begin, self._word = 0, []

    def _move_word(self, codes: Codes) -> None:
        """Move the current word to the next row; the current style stays."""
        begin, word = self._begin, self._word
        back = Control(ControlType.CARRIAGE_RETURN, (ControlType.CURSOR_FORWARD, begin))
        self._out.append(f"{codes.off}{back}{_ERASE_TO_THE_RIGHT}\n")
        self._out += [f"{style.on}{letters}{style.off}" for letters, style in word]
        self._out.append(codes.on)
        self._column -= begin
        self._begin = 0
