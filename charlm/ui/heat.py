"""Heat maps of texts: each piece is coloured by its surprisal.

Without colours, digits under each line show the surprisal.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from operator import itemgetter
from typing import NamedTuple

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult
from rich.text import Text

from charlm.ui.sanitize import visible, visible_line

__all__ = ["SURPRISAL", "Heat", "Scale", "coloured", "heat_style", "legend", "surprisal_line", "with_base"]


class _Cell(NamedTuple):
    """A displayed piece, and its surprisal."""

    shown: str
    bits: float


@dataclass(frozen=True, slots=True)
class Scale:
    """A scale of colours for one value a character.

    Parameters
    ----------
    name : str
        Name and unit of the value, at the start of the legend.
    bands : sequence of tuple
        The lower end of each band and its style, the lowest first; readable on light and on dark terminals.
    mark : callable
        A character for a value, without colours.
    note : str
        The meaning of these characters.
    """

    name: str
    bands: Sequence[tuple[float, str]]
    mark: Callable[[float], str]
    note: str

    def style(self, value: float) -> str:
        """Return the style of a character with this value; an underline for nan."""
        if math.isnan(value):
            return _UNPREDICTED
        return self.bands[max(bisect_right(self.bands, value, key=itemgetter(0)) - 1, 0)][1]

    def legend(self) -> Text:
        """Return the colours with the ends of their bands."""
        found = Text(f"{self.name}: ")
        for (low, style), (high, _) in pairwise((*self.bands, (math.inf, ""))):
            if math.isinf(low) or math.isinf(high):
                label = f" below {high:g} " if math.isinf(low) else f" {low:g}+ "
            else:
                label = f" {low:g} to {high:g} " if low < 0 else f" {low:g}–{high:g} "
            found.append(label, style).append(" ")
        return found


_UNPREDICTED = "underline"


def _digit(bits: float) -> str:
    if math.isnan(bits):
        return "·"
    return "+" if bits >= 9.5 else str(round(max(bits, 0.0)))


SURPRISAL = Scale(
    "Surprisal in bits",
    (
        (0.0, ""),
        (1.0, "black on #fef0d9"),
        (2.0, "black on #fdcc8a"),
        (4.0, "black on #fc8d59"),
        (6.0, "white on #d7301f"),
        (8.0, "bold white on #7f0000"),
    ),
    _digit,
    "Under each character: its surprisal in bits, rounded; + is 10 and more, · not predicted.",
)


def heat_style(bits: float) -> str:
    """Return the style of a character by its bits; nan if it was not predicted."""
    return SURPRISAL.style(bits)


def coloured(text: str, bits: Sequence[float]) -> Text:
    """Sanitise a text and colour each character; plain if the numbers of characters and bits differ."""
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
        The pieces of the text that have a surprisal.
    bits : sequence of float
        Surprisal of each piece, or another value; nan for none.
    scale : Scale
        The colours of the values.
    summary : str, optional
        The last line; by default mean and maximum of a surprisal.
    foot : bool
        Whether legend and summary follow; not under a part of a text.
    """

    def __init__(
        self,
        pieces: Sequence[str],
        bits: Sequence[float],
        *,
        scale: Scale = SURPRISAL,
        summary: str | None = None,
        foot: bool = True,
    ) -> None:
        self.pieces, self.bits = pieces, bits
        self.scale, self.summary, self.foot = scale, summary, foot

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        colour = console.color_system is not None and not console.no_color
        for row in self._rows(options.max_width):
            if colour:
                yield _line(*((cell.shown, self.scale.style(cell.bits)) for cell in row))
            else:
                yield _line(*((cell.shown, "") for cell in row))
                yield _line(*((self.scale.mark(cell.bits).ljust(cell_len(cell.shown)), "") for cell in row))
        if self.foot:
            yield Text()
            yield _legend(self.scale, self.bits) if colour else Text(self.scale.note)
            yield Text(surprisal_line(self.bits) if self.summary is None else self.summary)

    def _rows(self, width: int) -> Iterator[list[_Cell]]:
        """Split the text into rows: after each line feed, and at the width."""
        row: list[_Cell] = []
        taken = 0
        for piece, bits in zip(self.pieces, self.bits, strict=True):
            shown = with_base(piece)
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


def surprisal_line(bits: Iterable[float]) -> str:
    """Return mean and maximum of a surprisal; nan where nothing was predicted."""
    count, total, largest = 0, 0.0, 0.0
    for value in bits:
        if not math.isnan(value):
            count, total, largest = count + 1, total + value, max(largest, value)
    if not count:
        return "nothing was predicted"
    return f"{total / count:.3f} bits on average, {largest:.1f} at most; {count:,} predicted"


def with_base(piece: str) -> str:
    """Sanitise a piece of a text for display alone: a combining mark gets a base character."""
    shown = visible_line(piece)
    return shown if cell_len(shown) else "◌" + shown


def _line(*parts: tuple[str, str]) -> Text:
    return Text.assemble(*parts, no_wrap=True, overflow="crop")


def legend() -> Text:
    """Return the colours of surprisal."""
    return _legend(SURPRISAL, [math.nan])


def _legend(scale: Scale, values: Sequence[float]) -> Text:
    found = scale.legend()
    shown = scale is SURPRISAL or any(map(math.isnan, values))
    return found.append("not predicted", _UNPREDICTED) if shown else found
