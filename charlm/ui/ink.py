"""`Ink`: styled text as terminal codes, fast enough for a stream."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Console
from rich.text import Text

from charlm.ui.wrapping import PLAIN, Codes, Wrapping

__all__ = ["Ink"]


class Ink:
    """Converter of styled parts of a text to terminal codes.

    Parameters
    ----------
    screen : Console
        Source of the width and the styles.
    wrapping : Wrapping, optional
        The position in the row, if a part of the text is already written without styles.

    Attributes
    ----------
    colours : bool
        Whether the terminal shows colours.
    wrapping : Wrapping
        The position in the row.
    """

    def __init__(self, screen: Console, wrapping: Wrapping | None = None) -> None:
        self._screen = screen
        self.colours = screen.color_system is not None and not screen.no_color and not screen.legacy_windows
        self._codes: dict[str, Codes] = {"": PLAIN}
        self.wrapping = wrapping or Wrapping(
            lambda: screen.width, by_words=not (screen.is_dumb_terminal or screen.legacy_windows)
        )

    def paint(self, parts: Iterable[tuple[str, str]]) -> str:
        """Return the output for parts, each a sanitised text and its style."""
        return "".join(self.wrapping.write(text, self._codes_of(style)) for text, style in parts)

    def _codes_of(self, style: str) -> Codes:
        if style not in self._codes:
            with self._screen.capture() as capture:
                self._screen.print(Text("x", style), end="")
            on, _, off = capture.get().partition("x")
            filled = self.colours and self._screen.get_style(style).bgcolor is not None
            self._codes[style] = Codes(on, off, filled)
        return self._codes[style]
