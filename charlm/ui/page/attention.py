"""Attention maps as a picture and as a page, self-contained, for light and dark screens."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from rich.cells import cell_len

from charlm.ui.attention import symbol_mark
from charlm.ui.page.frame import framed
from charlm.ui.sanitize import markup_text

__all__ = ["Attended", "attention_to_page", "attention_to_picture"]

_CELL, _CHARACTER, _MARGIN, _TITLE = 22, 9, 16, 30  # pixels
_FONT = "ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', monospace"

_SVG = """\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img">
<title>{title}</title>
<style>
.page {{ fill: #ffffff; }} .ink {{ fill: #1b1f24; }} .weight {{ fill: #00687a; }} .grid {{ fill: #eef0f2; }}
text {{ font-family: {font}; font-size: 14px; }}
@media (prefers-color-scheme: dark) {{
.page {{ fill: #16191d; }} .ink {{ fill: #e3e6ea; }} .weight {{ fill: #5fd7ff; }} .grid {{ fill: #22272d; }}
}}
</style>
<rect class="page" width="100%" height="100%"/>
{shapes}
</svg>
"""

_STYLE = f"""\
:root {{ color-scheme: light dark; --weight: 0 104 122; --grid: #eef0f2; }}
@media (prefers-color-scheme: dark) {{ :root {{ --weight: 95 215 255; --grid: #22272d; }} }}
h1 {{ font-size: 1.3em; }}
body {{ margin: 2em auto; max-width: 60em; padding: 0 1em; font-family: {_FONT}; }}
table {{ display: block; overflow-x: auto; margin-bottom: 2em; border-spacing: 1px; }}
th {{ font-weight: normal; padding: 0 0.3em; text-align: right; white-space: pre; }}
tr:first-child th {{ text-align: center; }}
td {{ min-width: 1.5em; height: 1.5em; padding: 0; background: var(--grid); }}
span {{ display: block; height: 1.5em; background: rgb(var(--weight) / var(--w)); }}
pre {{ white-space: pre-wrap; overflow-wrap: anywhere; font-family: inherit; font-weight: bold; }}"""


class Attended(NamedTuple):
    """A source, its target, and the attention weights (T, S) of their symbols."""

    source: str
    text: str
    source_symbols: Sequence[str]
    symbols: Sequence[str]
    weights: NDArray[np.floating[Any]]

    @property
    def title(self) -> str:
        """Source and target in a line, for markup."""
        return markup_text(f"{self.source} → {self.text}")


def attention_to_picture(maps: Sequence[Attended], *, title: str) -> str:
    """Return maps as SVG, one below the other.

    Parameters
    ----------
    maps : sequence of Attended
    title : str
        One line.
    """
    shapes: list[str] = []
    y, widest = _MARGIN, 0
    for one in maps:
        shapes.append(_text(_MARGIN, y + 14, one.title, bold=True))
        y += _TITLE
        targets, sources = ([*map(symbol_mark, some)] for some in (one.symbols, one.source_symbols))
        left = _MARGIN + max(map(cell_len, targets), default=0) * _CHARACTER + _CHARACTER
        widths = [max(_CELL, cell_len(symbol) * _CHARACTER + 4) for symbol in sources]
        lefts = [left + sum(widths[:k]) for k in range(len(widths) + 1)]
        for symbol, x, width in zip(sources, lefts, widths, strict=False):
            shapes.append(_text(x + width / 2, y + 14, markup_text(symbol), anchor="middle"))
        y += _CELL
        for target, row in zip(targets, one.weights, strict=True):
            shapes.append(_text(left - _CHARACTER, y + 16, markup_text(target), anchor="end"))
            for source, weight, x, width in zip(sources, row.tolist(), lefts, widths, strict=False):
                box = f'x="{x}" y="{y}" width="{width - 1}" height="{_CELL - 1}"'
                hint = markup_text(f"{target} ← {source}: {weight:.3f}")
                shapes.append(f'<rect class="grid" {box}/>')
                shapes.append(
                    f'<rect class="weight" {box} fill-opacity="{weight:.3f}"><title>{hint}</title></rect>'
                )
            y += _CELL
        widest = max(widest, lefts[-1], _MARGIN + cell_len(f"{one.source} → {one.text}") * _CHARACTER)
        y += _MARGIN
    return _SVG.format(
        width=widest + _MARGIN, height=y, title=markup_text(title), font=_FONT, shapes="\n".join(shapes)
    )


def attention_to_page(maps: Sequence[Attended], *, title: str) -> str:
    """Return maps as a page of HTML, also well-formed XML.

    Parameters
    ----------
    maps : sequence of Attended
    title : str
        One line.
    """
    heading = markup_text(title)
    return framed(f"<h1>{heading}</h1>\n" + "\n".join(map(_table, maps)), title=heading, style=_STYLE)


def _table(one: Attended) -> str:
    sources = [markup_text(symbol_mark(symbol)) for symbol in one.source_symbols]
    rows = ["<tr><th></th>" + "".join(f"<th>{symbol}</th>" for symbol in sources) + "</tr>"]
    for symbol, weights in zip(one.symbols, one.weights.tolist(), strict=True):
        target = markup_text(symbol_mark(symbol))
        cells = (
            f'<td title="{target} ← {source}: {weight:.3f}"><span style="--w:{weight:.3f}"></span></td>'
            for source, weight in zip(sources, weights, strict=True)
        )
        rows.append(f"<tr><th>{target}</th>{''.join(cells)}</tr>")
    return f"<pre>{one.title}</pre>\n<table>\n" + "\n".join(rows) + "\n</table>"


def _text(x: float, y: float, text: str, *, anchor: str = "start", bold: bool = False) -> str:
    """Return a text at its baseline; markup in it is escaped."""
    weight = ' font-weight="bold"' if bold else ""
    return f'<text class="ink" x="{x:g}" y="{y:g}" text-anchor="{anchor}"{weight}>{text}</text>'
