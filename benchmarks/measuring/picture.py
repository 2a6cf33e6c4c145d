"""Speeds as bars in SVG, PyTorch's being 1: no library, and legible on light and on dark pages."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape

from measuring.points import CELLS, GROUPS
from measuring.report import figure_text
from measuring.results import Result

__all__ = ["picture"]

WIDTH, MARGIN, LABELS, FIGURES = 760, 16, 170, 132
BAR, GAP, PAD = 13, 3, 10
INK = "#767676"  # mid-grey: contrast above 4 on white and on GitHub's dark page
COLORS = {"charlm": "#2f81f7", "PyTorch": "#d9653b", "JAX": "#2a9d6f", "plain NumPy": "#9a7bc8"}
BASE = "PyTorch"
DRAWN = ("train", "embedding", "online", "layers", "sampling")


def picture(results: Sequence[Result], caption: str) -> str:
    """Return the picture.

    Parameters
    ----------
    results : sequence of Result
        Those without PyTorch's figure, and what is not a speed, are left out.
    caption : str
        The machine, in a line beneath the title.

    Returns
    -------
    str
        An SVG document.
    """
    panels = _panels([r for r in results if r.point.group in DRAWN and r.medians.get(BASE) and r.medians["charlm"]])
    names = [name for name in COLORS if any(name in _ratios(row) for _, rows, _ in panels for row in rows)]
    body = [
        _text(MARGIN, 26, "Characters a second on a CPU, PyTorch = 1", size=17, weight="bold"),
        _text(MARGIN, 45, caption, size=11),
    ]
    x, y = MARGIN, 66.0
    for name in names:
        body += [_rect(x, y - 10, 12, 12, COLORS[name]), _text(x + 17, y, name)]
        x += 17 + 8 * len(name) + 22
    y += 22
    for title, rows, longest in panels:
        drawn, y = _panel(title, rows, longest, y)
        body += drawn
    description = "Bars of characters a second relative to PyTorch; the figures stand beside them."
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {y:.0f}" width="{WIDTH}" height="{y:.0f}" '
        'role="img" '
        f'font-family="system-ui, -apple-system, Segoe UI, Helvetica, Arial, sans-serif" fill="{INK}">\n'
        f"<title>How fast charlm is</title>\n<desc>{escape(description)}</desc>\n" + "\n".join(body) + "\n</svg>\n"
    )


def _ratios(result: Result) -> dict[str, float]:
    """Return each contestant's speed over PyTorch's, of those that have a colour."""
    base = result.medians[BASE]
    assert base
    return {name: v / base for name, v in result.medians.items() if name in COLORS and v is not None}


def _panels(results: list[Result]) -> list[tuple[str, list[Result], float]]:
    """Sort results into panels, each with a title and the ratio that its axis ends at; one axis for a group."""
    panels = []
    for group in DRAWN:
        rows = [row for row in results if row.point.group == group]
        longest = max((ratio for row in rows for ratio in _ratios(row).values()), default=1.0)
        if group in ("train", "embedding"):
            for cell in CELLS:
                of_cell = [row for row in rows if row.point.title.startswith(cell.upper())]
                panels.append((f"{GROUPS[group]}: {cell.upper()} (units, streams, length)", of_cell, longest))
        else:
            panels.append((GROUPS[group], rows, longest))
    return [panel for panel in panels if panel[1]]


def _panel(title: str, rows: list[Result], longest: float, y: float) -> tuple[list[str], float]:
    """Draw a panel from height y down; return it and the height beneath it."""
    left, scale = MARGIN + LABELS, (WIDTH - 2 * MARGIN - LABELS - FIGURES) / max(longest, 1.0)
    drawn = [_text(MARGIN, y + 14, title, size=13, weight="bold")]
    y += 24
    top = y
    for row in rows:
        ratios = _ratios(row)
        height = len(ratios) * (BAR + GAP)
        drawn.append(_text(left - 8, y + height / 2 + 3, row.point.title, anchor="end"))
        for name, ratio in ratios.items():
            value = figure_text(row.point.figure, row.medians[name])
            drawn.append(_rect(left, y, max(1.0, ratio * scale), BAR, COLORS[name]))
            drawn.append(_text(WIDTH - MARGIN - 62, y + BAR - 2.5, value, size=11, anchor="end"))
            drawn.append(_text(WIDTH - MARGIN, y + BAR - 2.5, f"{ratio:.2f} ×", size=11, anchor="end"))
            y += BAR + GAP
        y += PAD - GAP
    for k in _ticks(longest):
        at = left + k * scale
        dash = "" if k == 1 else ' stroke-dasharray="2 4" stroke-opacity=".5"'
        line = f'<line x1="{at:.1f}" y1="{top - 4}" x2="{at:.1f}" y2="{y - 4}" stroke="{INK}"{dash}/>'
        drawn.insert(1, line)  # beneath the bars
    return drawn, y + PAD


def _ticks(longest: float) -> list[int]:
    """Return 1 and the multiples of 1, 2, 5, 10, 20 … up to the end of the axis, about eight of them."""
    decade = 10 ** math.floor(math.log10(max(longest, 1.0)))
    step = next(k for k in (decade // 10, decade // 5, decade // 2, decade, 2 * decade) if k and longest / k <= 8)
    return sorted({1, *range(step, math.floor(longest) + 1, step)})


def _rect(x: float, y: float, width: float, height: float, color: str) -> str:
    return f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height}" rx="2" fill="{color}"/>'


def _text(x: float, y: float, text: str, *, size: int = 12, weight: str = "normal", anchor: str = "start") -> str:
    place = f'x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}"'
    bold = "" if weight == "normal" else f' font-weight="{weight}"'
    return f'<text {place}{bold} xml:space="preserve">{escape(text)}</text>'
