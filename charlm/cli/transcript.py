"""Where the console's text goes: standard output, harmless, the person's part set off from the model's."""

from __future__ import annotations

from collections.abc import Callable
from typing import TextIO

from rich.console import Console
from rich.text import Text

from charlm.cli.lines import rows_taken
from charlm.cli.writing import TextWriter
from charlm.ui.sanitize import visible

__all__ = ["Transcript"]


class Transcript:
    """Writes a text as it grows.

    Parameters
    ----------
    stream : TextIO
        Standard output.
    screen : Console, optional
        The same as a terminal with styles; None writes the bare text, and nothing but the text.
    echo : bool
        Whether the person's part is written too.
    clean : callable
        Makes a text harmless.
    """

    def __init__(
        self,
        stream: TextIO,
        screen: Console | None = None,
        *,
        echo: bool = True,
        clean: Callable[[str], str] = visible,
    ) -> None:
        self._stream = stream
        self._screen = screen
        self._echo = echo
        self._writer = TextWriter(stream, clean=clean)
        self._last = "\n"

    def typed(self, text: str) -> None:
        """Write what the person has added."""
        if not text or not self._echo:
            return
        if self._screen is None:
            self._writer.write(text)
        else:
            self._screen.print(Text(visible(text), "bold cyan"), end="", soft_wrap=True)
        self._last = text[-1]

    def entered(self, line: str, text: str) -> None:
        """Write what the person has added at a prompt; on a terminal it takes the place of the prompt.

        Parameters
        ----------
        line : str
            As it was entered, and stands on the screen.
        text : str
            What it adds to the text.
        """
        screen = self._screen
        if screen is not None:
            if screen.is_dumb_terminal or screen.legacy_windows:
                return  # the line stays where it was entered
            self._stream.write(f"\x1b[{rows_taken(line, screen.width)}A\r\x1b[J")
        self.typed(text)

    def generated(self, piece: str) -> None:
        """Write what the model has added."""
        self._writer.write(piece)
        self._last = piece[-1]

    def pause(self) -> None:
        """Let all be seen, and on a terminal go to the start of a row."""
        if self._screen is not None and self._last != "\n":
            self._writer.write("\n")
            self._last = "\n"
        self._writer.flush()
