"""`Ink`: text in styles that change within a row, as a terminal takes it, quickly enough for a stream."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Console
from rich.text import Text

from charlm.ui.wrapping import PLAIN, Codes, Wrapping

__all__ = ["Ink"]


class Ink:
    """Turns styled parts of a text into what is written to a terminal.

    Parameters
    ----------
    screen : Console
        Tells the width, and which styles there are.
    wrapping : Wrapping, optional
        Where the text stands, if some of it has been written without styles.

    Attributes
    ----------
    colours : bool
        Whether styles can be told by their colours.
    wrapping : Wrapping
        Where the text stands in its row.
    """

    def __init__(self, screen: Console, wrapping: Wrapping | None = None) -> None:
        self._screen = screen
        self.colours = screen.color_system is not None and not screen.no_color and not screen.legacy_windows
        self._codes: dict[str, Codes] = {"": PLAIN}
        self.wrapping = wrapping or Wrapping(
            lambda: screen.width, by_words=not (screen.is_dumb_terminal or screen.legacy_windows)
        )

    def paint(self, parts: Iterable[tuple[str, str]]) -> str:
        """Return what writes the parts, each a text that is harmless, and its style."""
        return "".join(self.wrapping.write(text, self._codes_of(style)) for text, style in parts)

    def _codes_of(self, style: str) -> Codes:
        if style not in self._codes:
            with self._screen.capture() as capture:
                self._screen.print(Text("x", style), end="")
            on, _, off = capture.get().partition("x")
            filled = self.colours and self._screen.get_style(style).bgcolor is not None
            self._codes[style] = Codes(on, off, filled)
        return self._codes[style]
