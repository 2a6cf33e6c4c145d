"""Where the console's text goes: standard output, harmless, the person's part set off from the model's."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import groupby
from typing import TextIO

from rich.console import Console, RenderableType
from rich.text import Text

from charlm.cli.console.line_reader import rows_taken
from charlm.cli.writing import TextWriter
from charlm.conversation.turns import Turn
from charlm.ui.console.view import TYPED
from charlm.ui.heat import heat_style
from charlm.ui.ink import Ink
from charlm.ui.sanitize import visible, visible_line

__all__ = ["Transcript"]


class Transcript:
    """Writes a text as it grows.

    Parameters
    ----------
    stream : TextIO
        Standard output.
    screen : Console, optional
        The same as a terminal with styles; None writes the bare text, and nothing but the text.
    typed_at : bool
        Whether the person types at that terminal, so that what stands on it is known.
    echo : bool
        Whether the person's part is written too.
    clean : callable
        Makes a text harmless.

    Attributes
    ----------
    paints : bool
        Whether what was shown can be taken back: `above` and `taken` do something.
    colours : bool
        Whether there are colours.
    """

    def __init__(
        self,
        stream: TextIO,
        screen: Console | None = None,
        *,
        typed_at: bool = False,
        echo: bool = True,
        clean: Callable[[str], str] = visible,
    ) -> None:
        self._stream = stream
        self.screen = screen
        still = screen is None or screen.is_dumb_terminal or screen.legacy_windows
        self.paints = typed_at and not still
        self._echo = echo
        self._ink = None if screen is None else Ink(screen)
        self.colours = self._ink is not None and self._ink.colours
        self._writer = TextWriter(stream, clean=clean, ink=self._ink)
        self._last = "\n"
        self._rows_above = 0
        self._has_aside = False

    def typed(self, text: str) -> None:
        """Write what the person has added."""
        if not text or not self._echo:
            return
        self._writer.write(text, TYPED)
        self._writer.flush()  # the model may take its time
        self._last = text[-1]

    def entered(self, shown: str, text: str) -> None:
        """Write what the person has added at a prompt; on a terminal it takes the place of the prompt.

        Parameters
        ----------
        shown : str
            What stands on the screen for it, the prompt included.
        text : str
            What it adds to the text.
        """
        if self.screen is not None and shown and not self.paints:
            return  # the line stays where it was entered
        self.taken(shown)
        self.typed(text)

    def generated(self, piece: str, bits: Sequence[float] = ()) -> None:
        """Write what the model has added.

        Parameters
        ----------
        piece : str
        bits : sequence of float
            How much each character surprised the model, where that is to be seen.
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
        self._last = piece[-1]

    def written(self, turns: Iterable[Turn]) -> None:
        """Write what both have added."""
        for turn in turns:
            self.typed(turn.typed)
            self.generated(turn.generated, turn.bits)
        self.pause()

    def pause(self) -> None:
        """Let all be seen, and on a terminal go to the start of a row."""
        if self.screen is not None and self._last != "\n":
            self._writer.write("\n")
            self._last = "\n"
        self._writer.flush()

    def aside(self, message: str) -> None:
        """Show a word in the row below the text, in place of the one before; an empty one takes it away."""
        if self._ink is None or self.screen is None or not self.paints or not (message or self._has_aside):
            return
        column, width = self._ink.wrapping.column, self.screen.width
        if not self._has_aside and column:
            self._stream.write("\n")
        self._stream.write("\r\x1b[K")
        self._has_aside = bool(message)
        if message:
            word = Text(visible_line(message), "dim", no_wrap=True)
            word.truncate(width - 1, overflow="ellipsis")
            self.screen.print(word, end="")
        elif 0 < column < width:
            self._stream.write(f"\x1b[A\x1b[{column}C")
        else:
            self._ink.wrapping.column = 0
        self._stream.flush()

    def above(self, what: RenderableType, prompt: str = "") -> None:
        """Show something that stands above the prompt until `taken`, and the prompt, if nobody else does."""
        if self.screen is None or not self.paints:
            return
        with self.screen.capture() as capture:
            self.screen.print(what)
        painted = capture.get()
        self._rows_above = painted.count("\n")
        self._stream.write(painted + prompt)
        self._stream.flush()

    def ordered(self, shown: str) -> None:
        """Let an entered command stay on the screen, without what stands above it."""
        if self._rows_above and self.paints and shown:
            self.taken(shown)
            self._stream.write(visible(shown) + "\n")
            self._stream.flush()

    def taken(self, shown: str) -> None:
        """Take an entry off the screen, and what stands above it; `shown` is the entry with its prompt.

        Nothing is shown where the cursor still stands in the row of the prompt.
        """
        # a window of another width breaks them no less: this never takes away more than they are
        rows, self._rows_above = self._rows_above, 0
        if self.screen is None or not self.paints:
            return
        rows += rows_taken(shown, self.screen.width) if shown else 0
        self._stream.write((f"\x1b[{rows}A" if rows else "") + "\r\x1b[J")
