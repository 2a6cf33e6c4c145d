"""The totals of a score as tables, the likeliest characters under each, and two models side by side."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from rich.box import SIMPLE
from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, Group, RenderResult
from rich.table import Table
from rich.text import Text

from charlm.analysis.candidates import Candidate
from charlm.analysis.totals import Totals
from charlm.ui.heat import Heat, Scale, heat_style, with_base
from charlm.ui.sanitize import visible_line

__all__ = ["DIFFERENCE", "LikeliestHeat", "difference_heat", "totals_view"]


def _sign(bits: float) -> str:
    return "·" if math.isnan(bits) else "+" if bits >= 0.5 else "-" if bits <= -0.5 else " "


DIFFERENCE = Scale(
    "Bits more for the other model",
    (
        (-math.inf, "white on #b2182b"),
        (-2.0, "black on #fdae61"),
        (-0.5, ""),
        (0.5, "black on #67a9cf"),
        (2.0, "white on #2166ac"),
    ),
    _sign,
    "Under each character: + where the other model is surprised by half a bit more, - by half a bit less.",
)
"""Blue if the first model is better, red if the other is."""


def difference_heat(
    pieces: Sequence[str], bits: Sequence[float], other: Sequence[float], names: Sequence[str]
) -> Heat:
    """Return a text, each piece coloured by the difference of the models' surprisals."""
    difference = [b - a for a, b in zip(bits, other, strict=True)]
    known = [(a, b) for a, b in zip(bits, other, strict=True) if not math.isnan(a + b)]
    if known:
        first, second = (math.fsum(values) / len(known) for values in zip(*known, strict=True))
        better = sum(a < b for a, b in known) / len(known)
        summary = f"{names[0]} {first:.3f} bits, {names[1]} {second:.3f}; {names[0]} is better at {better:.0%}"
    else:
        summary = "nothing was predicted"
    return Heat(pieces, difference, scale=DIFFERENCE, summary=summary)


class LikeliestHeat:
    """A renderable: a text coloured by surprisal, the likeliest characters in rows under each.

    Parameters
    ----------
    scored : sequence of tuple
        Symbol, bits and candidates, as `charlm.analysis.likeliest` yields them.

    References
    ----------
    .. [1] Karpathy (2015), "The Unreasonable Effectiveness of Recurrent Neural Networks".
    """

    def __init__(self, scored: Sequence[tuple[str, float, Sequence[Candidate]]]) -> None:
        self.scored = scored

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        count = max((len(candidates) for _, _, candidates in self.scored), default=0)
        for row in self._rows(options.max_width):
            yield _joined((with_base(symbol), heat_style(bits), width) for symbol, bits, _, width in row)
            for rank in range(count):
                yield _joined(
                    (_name(candidates[rank].symbol), _strength(candidates[rank].probability), width)
                    if rank < len(candidates)
                    else ("", "", width)
                    for _, _, candidates, width in row
                )
            yield Text()
        yield Text("Under each character: the likeliest in its place; bold from 1/2, dim below 1/10.")

    def _rows(self, width: int) -> Iterator[list[tuple[str, float, Sequence[Candidate], int]]]:
        row: list[tuple[str, float, Sequence[Candidate], int]] = []
        taken = 0
        for symbol, bits, candidates in self.scored:
            own = max(cell_len(with_base(symbol)), *(cell_len(_name(one.symbol)) for one in candidates), 0)
            if row and taken + own > width:
                yield row
                row, taken = [], 0
            row.append((symbol, bits, candidates, own))
            taken += own
            if symbol.endswith("\n"):
                yield row
                row, taken = [], 0
        if row:
            yield row


def _name(symbol: str) -> str:
    return "␠" if symbol == " " else with_base(symbol)


def _joined(cells: Iterator[tuple[str, str, int]]) -> Text:
    line = Text(no_wrap=True, overflow="crop")
    for shown, style, width in cells:
        line.append(shown, style).append(" " * (width - cell_len(shown)))
    return line


def _strength(probability: float) -> str:
    return "bold" if probability >= 0.5 else "dim" if probability < 0.1 else ""


def totals_view(totals: Totals) -> Group:
    """Return surprisal by class, the most surprising lines, and the most surprising places with what was likely."""
    classes = _table("By class", "", "count", "bits each")
    for name, share in totals.classes().items():
        classes.add_row(name, f"{share.count:,}", f"{share.bits:.2f}")
    lines = _table("The most surprising lines", "line", "bits each", "")
    for line in totals.lines():
        lines.add_row(f"{line.number:,}", f"{line.bits / line.characters:.2f}", Text(visible_line(line.text)))
    places = _table("The most surprising places", "line", "bits", "", "", "likely")
    for place in totals.places():
        likely = "  ".join(f"{_name(one.symbol)} {one.probability:.0%}" for one in place.candidates)
        shown = Text(visible_line(place.before[-16:])).append(with_base(place.symbol), "bold reverse")
        places.add_row(f"{place.line:,}", f"{place.bits:.1f}", shown, Text("←" if likely else ""), Text(likely))
    mean = "nothing was predicted" if math.isnan(totals.bits) else f"{totals.bits:.3f} bits on average"
    return Group(classes, Text(), lines, Text(), places, Text(), Text(mean))


def _table(title: str, *columns: str) -> Table:
    table = Table(
        title=title, title_justify="left", box=SIMPLE, show_edge=False, pad_edge=False, collapse_padding=True
    )
    for column in columns:
        numbers = column in ("count", "bits each", "line", "bits")
        table.add_column(column, justify="right" if numbers else "left", no_wrap=numbers, overflow="fold")
    return table
