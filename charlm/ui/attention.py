"""Attention maps: the weight of each source symbol for each target symbol.

The source is along the top, the target down the side. The greater a weight, the more ink its cell has, so that the
map is readable on light and dark terminals and without colours. With colours, the greatest weight of each row has
one.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult
from rich.text import Text

from charlm.ui.heat import with_base

__all__ = ["AttentionMap", "symbol_mark"]

_LEVELS = ((0.0, "·"), (0.05, "░"), (0.25, "▒"), (0.5, "▓"), (0.75, "█"))
"""The least weight and the mark of each level, in order of ink."""
_LOWS = [low for low, _ in _LEVELS]
_GREATEST = "cyan"
_LEGEND = "Weight: · below 0.05  ░ 0.05+{}▒ 0.25+  ▓ 0.5+  █ 0.75+"
_GAP = 1  # columns between the target and the cells


def symbol_mark(symbol: str) -> str:
    """Return the label of a symbol in a map, sanitised and visible; the empty string is the end of a target.

    Examples
    --------
    >>> symbol_mark("a"), symbol_mark(" "), symbol_mark("")
    ('a', '␣', 'end')
    """
    return {" ": "␣", "": "end"}.get(symbol) or with_base(symbol)


class AttentionMap:
    """A renderable: attention weights as a map.

    Parameters
    ----------
    source : sequence of str
        Its S symbols.
    target : sequence of str
        Its T symbols; "" is the stop symbol.
    weights : ndarray, shape (T, S)
    """

    def __init__(self, source: Sequence[str], target: Sequence[str], weights: NDArray[np.floating]) -> None:
        self.source = [*map(symbol_mark, source)]
        self.target = [*map(symbol_mark, target)]
        self.weights = weights

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        colour = console.color_system is not None and not console.no_color
        beside = max(map(cell_len, self.target), default=0) + _GAP
        for begin, widths in self._bands(options.max_width - beside):
            band = slice(begin, begin + len(widths))
            yield _line((" " * beside, ""), *((s, "bold") for s in map(_filled, self.source[band], widths)))
            for symbol, row in zip(self.target, self.weights, strict=True):
                greatest = int(row.argmax()) - begin
                cells = enumerate(map(_cell, row[band].tolist(), widths))
                styled = ((cell, _GREATEST if colour and k == greatest else "") for k, cell in cells)
                yield _line((_filled(symbol, beside), "bold"), *styled)
            yield Text()
        if self.source:
            yield Text(_LEGEND.format("  " if options.max_width > len(_LEGEND) else "\n"))
        else:
            yield Text("The source is empty; there is nothing to attend to.")

    def _bands(self, room: int) -> Iterator[tuple[int, list[int]]]:
        """Yield the bands of columns that fit into a width: the first column and the widths of all."""
        widths = [cell_len(symbol) for symbol in self.source]
        airy = [width + 1 for width in widths]
        if sum(airy) <= room:
            widths = airy
        begin = 0
        while begin < len(widths):
            end, taken = begin + 1, widths[begin]
            while end < len(widths) and taken + widths[end] <= room:
                taken += widths[end]
                end += 1
            yield begin, widths[begin:end]
            begin = end


def _cell(weight: float, width: int) -> str:
    mark = _LEVELS[max(bisect_right(_LOWS, weight) - 1, 0)][1]
    return mark.ljust(width) if mark == _LEVELS[0][1] else mark * width


def _filled(symbol: str, width: int) -> str:
    return symbol + " " * (width - cell_len(symbol))


def _line(*parts: tuple[str, str]) -> Text:
    return Text.assemble(*parts, no_wrap=True, overflow="crop")
