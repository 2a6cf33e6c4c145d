"""A text as a heat map: each piece coloured by how much it surprised a model.

Where there is no colour, the digits under a line say the same.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import groupby, pairwise
from typing import NamedTuple

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult
from rich.text import Text

from charlm.ui.sanitize import visible, visible_line

__all__ = ["Heat", "heat_style", "heated", "legend", "seated"]


class _Cell(NamedTuple):
    """A piece as it is shown, and its surprisal."""

    shown: str
    bits: float


# from pale to dark: each band's lower end in bits and its style, readable on light and on dark terminals
_BANDS = (
    (0.0, ""),
    (1.0, "black on #fef0d9"),
    (2.0, "black on #fdcc8a"),
    (4.0, "black on #fc8d59"),
    (6.0, "white on #d7301f"),
    (8.0, "bold white on #7f0000"),
)
_LOWS = [low for low, _ in _BANDS]
_UNPREDICTED = "underline"


def heat_style(bits: float) -> str:
    """Return how a character of so many bits is painted.

    Parameters
    ----------
    bits : float
        Its surprisal; nan where nothing was predicted.
    """
    if math.isnan(bits):
        return _UNPREDICTED
    return _BANDS[max(bisect_right(_LOWS, bits) - 1, 0)][1]


def heated(text: str, bits: Sequence[float]) -> Text:
    """Return a text, harmless, of which each character is painted; plain where there is no surprisal for each."""
    if len(bits) != len(text):
        return Text(visible(text))
    styled = zip(text, map(heat_style, bits), strict=True)
    runs = groupby(styled, key=lambda one: one[1])
    return Text.assemble(*((visible("".join(character for character, _ in run)), style) for style, run in runs))


class Heat:
    """A renderable: a text, coloured, with a legend.

    Parameters
    ----------
    pieces : sequence of str
        The text, cut into what has a surprisal of its own.
    bits : sequence of float
        Surprisal of each piece; nan where nothing was predicted.
    """

    def __init__(self, pieces: Sequence[str], bits: Sequence[float]) -> None:
        self.pieces = pieces
        self.bits = bits

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        colour = console.color_system is not None and not console.no_color
        for row in self._rows(options.max_width):
            if colour:
                yield _line(*((cell.shown, heat_style(cell.bits)) for cell in row))
            else:
                yield _line(*((cell.shown, "") for cell in row))
                yield _line(*((_digit(cell.bits).ljust(cell_len(cell.shown)), "") for cell in row))
        yield Text()
        yield (
            legend()
            if colour
            else Text("Under each character: its surprisal in bits, rounded; + is 10 and more, · not predicted.")
        )
        yield Text(self._summary())

    def _rows(self, width: int) -> Iterator[list[_Cell]]:
        """Cut the text into rows: after each line feed, and where a row is full."""
        row: list[_Cell] = []
        taken = 0
        for piece, bits in zip(self.pieces, self.bits, strict=True):
            shown = seated(piece)
            if row and taken + cell_len(shown) > width:
                yield row
                row, taken = [], 0
            row.append(_Cell(shown, bits))
            taken += cell_len(shown)
            if piece.endswith("\n"):
                yield row
                row, taken = [], 0
        if row:
            yield row

    def _summary(self) -> str:
        known = [bits for bits in self.bits if not math.isnan(bits)]
        if not known:
            return "nothing was predicted"
        mean = math.fsum(known) / len(known)
        return f"{mean:.3f} bits on average, {max(known):.1f} at most; {len(known):,} predicted"


def seated(piece: str) -> str:
    """Return a piece of a text, harmless, as it stands alone: a combining mark gets a character to sit on."""
    shown = visible_line(piece)
    return shown if cell_len(shown) else "◌" + shown


def _line(*parts: tuple[str, str]) -> Text:
    return Text.assemble(*parts, no_wrap=True, overflow="crop")


def _digit(bits: float) -> str:
    if math.isnan(bits):
        return "·"
    return "+" if bits >= 9.5 else str(round(max(bits, 0.0)))


def legend() -> Text:
    """Tell what the colours mean."""
    bands = Text("Surprisal in bits: ")
    for (low, style), (high, _) in pairwise((*_BANDS, (math.inf, ""))):
        label = f" {low:g}+ " if math.isinf(high) else f" {low:g}–{high:g} "
        bands.append(label, style).append(" ")
    return bands.append("not predicted", _UNPREDICTED)
