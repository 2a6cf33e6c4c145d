"""`Transcript`: the text of a session on standard output, and temporary messages on a terminal."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Sequence
from itertools import groupby
from typing import TextIO

from rich.cells import cell_len
from rich.console import Console, RenderableType
from rich.control import Control
from rich.segment import ControlType
from rich.text import Text

from charlm.cli.writing.text_writer import TextWriter
from charlm.conversation import Turn
from charlm.ui.console.view import TYPED
from charlm.ui.heat import heat_style
from charlm.ui.ink import Ink
from charlm.ui.sanitize import visible, visible_line
from charlm.ui.wrapping import Wrapping

__all__ = ["Transcript", "rows_taken"]

_TAB = 8
_ERASE_ROW = (ControlType.ERASE_IN_LINE, 2)
_ROW_UP = (ControlType.CURSOR_UP, 1)


class Transcript:
    """A writer of the growing text.

    Parameters
    ----------
    stream : TextIO
        Standard output.
    screen : Console
        The same as a terminal, if it is one.
    show : callable
        Prints a renderable that is not part of the text: to standard error.
    typed_at : bool
        Whether input is typed at the terminal of standard output, so that its contents are known.
    echo : bool
        Whether the typed text is written too.
    clean : callable
        Sanitises a text.

    Attributes
    ----------
    on_terminal : bool
        Whether standard output is a terminal; otherwise only the text is written.
    paints : bool
        Whether rows can be erased.
    colours : bool
        Whether the terminal shows colours.
    """

    def __init__(
        self,
        stream: TextIO,
        screen: Console,
        *,
        show: Callable[[RenderableType], None],
        typed_at: bool = False,
        echo: bool = True,
        clean: Callable[[str], str] = visible,
    ) -> None:
        self.screen = screen
        self._show = show
        self.on_terminal = stream.isatty()
        self.paints = typed_at and self.on_terminal and not (screen.is_dumb_terminal or screen.legacy_windows)
        self._ink = Ink(screen)
        self.colours = self.on_terminal and self._ink.colours
        self._stream = stream
        self._echo = echo
        self._writer = TextWriter(stream, clean=clean, ink=self._ink if self.on_terminal else None)
        self._last = "\n"
        self._open_row: Wrapping | None = None  # of the text, if nothing is shown below it that stays
        self._rows_above = 0
        self._shows_progress = False

    # -- the text --

    def write_typed(self, text: str) -> None:
        """Write typed text."""
        if text and self._echo:
            self._writer.write(text, TYPED)
            self._writer.flush()  # the model may be slow
            self._last, self._open_row = text[-1], None

    def write_generated(self, piece: str, bits: Sequence[float] = ()) -> None:
        """Write generated text.

        Parameters
        ----------
        piece : str
        bits : sequence of float
            Surprisal of each character, to be shown by colours; empty for none.
        """
        if not piece:
            return
        if self.colours and len(bits) == len(piece):
            begin = 0
            for style, run in groupby(map(heat_style, bits)):
                end = begin + sum(1 for _ in run)
                self._writer.write(piece[begin:end], style)
                begin = end
        else:
            self._writer.write(piece)
        self._last, self._open_row = piece[-1], None

    def write_turns(self, turns: Iterable[Turn]) -> None:
        """Write the typed and generated text of turns."""
        for turn in turns:
            self.write_typed(turn.typed)
            self.write_generated(turn.generated, turn.bits)
        self.end_row()

    def end_row(self) -> None:
        """Flush the text, and on a terminal move to the start of a row."""
        self._writer.flush()
        if self.on_terminal and self._last != "\n":
            self._open_row = copy.copy(self._ink.wrapping)
            self._writer.write("\n")
            self._writer.flush()
            self._last = "\n"

    def resume_row(self) -> None:
        """Undo the last `end_row`, if nothing has been shown since that is still there."""
        row, self._open_row = self._open_row, None
        if self.paints and row is not None and not self._rows_above and (back := row.back_from_next_row()):
            self._ink.wrapping = row
            self._stream.write(back)
            self._last = ""

    # -- temporary messages on a terminal --

    def show(self, what: RenderableType) -> None:
        """Show something that is not part of the text."""
        self._open_row = None
        self._show(what)

    def show_progress(self, message: str) -> None:
        """Replace the message in the row below the text; an empty one erases it."""
        if not self.paints or not (message or self._shows_progress):
            return
        column, width = self._ink.wrapping.column, self.screen.width
        if not self._shows_progress and column:
            self._stream.write("\n")
        self.screen.control(Control(ControlType.CARRIAGE_RETURN, _ERASE_ROW))
        self._shows_progress = bool(message)
        if message:
            row = Text(visible_line(message), "dim", no_wrap=True)
            row.truncate(width - 1, overflow="ellipsis")
            self.screen.print(row, end="")
        elif 0 < column < width:
            self.screen.control(Control(_ROW_UP, (ControlType.CURSOR_FORWARD, column)))
        else:
            self._ink.wrapping.column = 0
        self._stream.flush()

    def show_above_prompt(self, what: RenderableType) -> None:
        """Show something above the prompt until `erase_input`."""
        if self.paints:
            if self._rows_above:  # they stay
                self._open_row = None
            with self.screen.capture() as capture:
                self.screen.print(what)
            painted = capture.get()
            self._rows_above = painted.count("\n")
            self._stream.write(painted)
            self._stream.flush()

    def show_prompt(self, prompt: str) -> None:
        """Show a prompt for single keys."""
        self._stream.write(prompt)
        self._stream.flush()

    def replace_input(self, shown: str, text: str) -> None:
        """Write text typed at a prompt; on a terminal it replaces the prompt.

        Without a text, what follows continues the last row.

        Parameters
        ----------
        shown : str
            The input on the terminal, prompt included; empty if it is not shown.
        text : str
            The part added to the text.
        """
        if self.on_terminal and shown and not self.paints:
            return  # the line stays on the screen
        self.erase_input(shown)
        if text:
            self.write_typed(text)
        else:
            self.resume_row()

    def keep_input(self, shown: str) -> None:
        """Let input remain on the screen, without what is shown above it."""
        if self._rows_above and self.paints and shown:
            self.erase_input(shown)
            self._open_row = None
            self._stream.write(visible(shown) + "\n")
            self._stream.flush()

    def erase_input(self, shown: str) -> None:
        """Erase input and the rows above it.

        Parameters
        ----------
        shown : str
            The input with its prompt; empty while the cursor is still in the row of the prompt.
        """
        # a narrower window has more rows, so this never erases too many
        rows, self._rows_above = self._rows_above, 0
        if self.paints:
            rows += rows_taken(shown, self.screen.width) if shown else 0
            self.screen.control(Control(ControlType.CARRIAGE_RETURN, _ERASE_ROW, *rows * (_ROW_UP, _ERASE_ROW)))


def rows_taken(shown: str, width: int) -> int:
    r"""Return the rows of typed lines with their prompts on a terminal.

    Examples
    --------
    >>> rows_taken("> short", 80), rows_taken("> " + "x" * 78, 80), rows_taken("> one\n| two", 80)
    (1, 2, 2)
    """
    return sum(cell_len(line.expandtabs(_TAB)) // width + 1 for line in shown.split("\n"))
