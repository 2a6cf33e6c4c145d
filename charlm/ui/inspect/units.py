"""A text coloured by one unit, and tables of units, gates and neighbours."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np
from rich.box import SIMPLE
from rich.table import Table
from rich.text import Text

from charlm.analysis.inspection.neighbours import Neighbour
from charlm.analysis.inspection.saturation import CLOSED, GATES, OPEN, GateSaturation
from charlm.analysis.inspection.search import TrackingUnit
from charlm.ui.heat import Heat, Scale, with_base

__all__ = ["ACTIVATION", "found_table", "neighbour_table", "saturation_table", "unit_heat"]


def _ninth(value: float) -> str:
    return str(round((min(max(value, -1.0), 1.0) + 1) * 4.5))


ACTIVATION = Scale(
    "Activation",
    (
        (-math.inf, "white on #2166ac"),
        (-0.75, "black on #67a9cf"),
        (-0.25, ""),
        (0.25, "black on #fdae61"),
        (0.75, "white on #b2182b"),
    ),
    _ninth,
    "Under each character: the activation after it, from 0 for −1 to 9 for 1.",
)
"""Blue below and red above zero, distinguishable with colour blindness."""


def unit_heat(pieces: Sequence[str], values: Sequence[float], name: str) -> Heat:
    """Return a text, each piece coloured by a unit's activation after it."""
    mean = math.fsum(values) / len(values) if values else 0.0
    summary = f"unit {name}: {mean:+.3f} on average, from {min(values):+.3f} to {max(values):+.3f}"
    return Heat(pieces, values, scale=ACTIVATION, summary=summary)


def found_table(found: Iterable[TrackingUnit], name: Callable[[int], str]) -> Table:
    """Return a row for each feature: the unit that tracks it best on held-out text, and the level of chance."""
    table = _table("Units that track a property of the text, measured on the half that did not choose them")
    table.add_column("property")
    table.add_column("unit", justify="right")
    for column, width in (("r", 5), ("chance", 6), ("AUC", 4), ("", 3)):
        table.add_column(column, justify="right", no_wrap=True, min_width=width)
    for one in found:
        table.add_row(
            one.feature,
            name(one.unit),
            f"{one.correlation:+.2f}",
            f"±{one.baseline:.2f}",
            "" if one.auc is None else f"{one.auc:.2f}",
            Text("yes", style="green") if one.tracks else Text("no", style="dim"),
        )
    table.caption = (
        "r: correlation; chance: the largest of any unit with the property shifted; AUC: how well the unit tells "
        "one side from the other, 0.5 for a guess; yes: the unit tracks the property"
    )
    table.caption_justify = "left"
    return table


def saturation_table(gates: Iterable[GateSaturation]) -> Table:
    """Return a row for each gate: the share of closed and open, and the units that almost always are."""
    table = _table(f"Gates below {CLOSED} (closed) and above {OPEN} (open), in per cent of the text")
    table.add_column("layer", justify="right")
    table.add_column("gate", overflow="fold")
    for column in ("closed", "open", "always closed", "always open"):
        table.add_column(column, justify="right", overflow="fold")
    for one in gates:
        always = (f"{int(np.sum(share > OPEN))}/{share.size}" for share in (one.closed, one.opened))
        table.add_row(
            str(one.layer + 1), GATES[one.gate], f"{one.closed.mean():.1%}", f"{one.opened.mean():.1%}", *always
        )
    table.caption = "always: the units whose gate is so in more than nine tenths of the text"
    table.caption_justify = "left"
    return table


def neighbour_table(found: Mapping[str, Sequence[Neighbour]]) -> Table:
    """Return a row for each symbol: the symbols with the most similar input vectors, and the cosines."""
    table = _table("Symbols with similar input vectors, and the cosine of their angle")
    table.add_column("symbol", no_wrap=True)
    table.add_column("neighbours")
    for symbol, others in found.items():
        row = "  ".join(f"{with_base(other.symbol)} {other.cosine:.2f}" for other in others)
        table.add_row(Text(with_base(symbol)), Text(row))
    return table


def _table(title: str) -> Table:
    return Table(
        title=title, title_justify="left", box=SIMPLE, show_edge=False, pad_edge=False, collapse_padding=True
    )
