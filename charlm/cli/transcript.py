"""Where the console's text goes: standard output, harmless, the person's part set off from the model's."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TextIO

from rich.console import Console, RenderableType
from rich.text import Text

from charlm.cli.lines import rows_taken
from charlm.cli.turns import Run
from charlm.cli.writing import TextWriter
from charlm.ui.console_view import TYPED
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
        self._writer = TextWriter(stream, clean=clean)
        self._last = "\n"
        self._rows_above = 0

    def typed(self, text: str) -> None:
        """Write what the person has added."""
        if not text or not self._echo:
            return
        if self.screen is None:
            self._writer.write(text)
        else:
            self._writer.flush()
            self.screen.print(Text(visible(text), TYPED), end="", soft_wrap=True)
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

    def generated(self, piece: str) -> None:
        """Write what the model has added."""
        if piece:
            self._writer.write(piece)
            self._last = piece[-1]

    def written(self, runs: Iterable[Run]) -> None:
        """Write what both have added."""
        for run in runs:
            if run.typed:
                self.typed(run.text)
            else:
                self.generated(run.text)
        self.pause()

    def pause(self) -> None:
        """Let all be seen, and on a terminal go to the start of a row."""
        if self.screen is not None and self._last != "\n":
            self._writer.write("\n")
            self._last = "\n"
        self._writer.flush()

    def above(self, what: RenderableType) -> None:
        """Show something that stands above the prompt until `taken`."""
        if self.screen is None or not self.paints:
            return
        with self.screen.capture() as capture:
            self.screen.print(what)
        painted = capture.get()
        self._rows_above = painted.count("\n")
        self._stream.write(painted)
        self._stream.flush()

    def ordered(self, shown: str) -> None:
        """Let an entered command stay on the screen, without what stands above it."""
        if self._rows_above and self.paints and shown:
            self.taken(shown)
            self._stream.write(visible(shown) + "\n")
            self._stream.flush()

    def taken(self, shown: str) -> None:
        """Take an entry off the screen, and what stands above it; `shown` is the entry with its prompt."""
        # a window of another width breaks them no less: this never takes away more than they are
        rows, self._rows_above = self._rows_above, 0
        if self.screen is None or not self.paints or not shown:
            return
        self._stream.write(f"\x1b[{rows + rows_taken(shown, self.screen.width)}A\r\x1b[J")
