"""What a model looked at while it wrote: the attention of each symbol of a target to each of its source.

The source stands along the top and the target down the side. The greater a weight, the more ink its cell has, so
that the map reads the same on light and on dark terminals, and without colours. Where there are colours, the
greatest weight of each row has one.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult
from rich.text import Text

from charlm.ui.heat import seated

__all__ = ["AttentionMap", "symbol_mark"]

_LEVELS = ((0.0, "·"), (0.05, "░"), (0.25, "▒"), (0.5, "▓"), (0.75, "█"))
"""From little ink to much: each level's least weight and its mark."""
_LOWS = [low for low, _ in _LEVELS]
_GREATEST = "cyan"
_LEGEND = "Weight: · below 0.05  ░ 0.05+{}▒ 0.25+  ▓ 0.5+  █ 0.75+"
_GAP = 1  # column between the target and the cells


def symbol_mark(symbol: str) -> str:
    """Return a symbol as it stands beside a map: harmless, and visible; nothing at all is the end of a target.

    Examples
    --------
    >>> symbol_mark("a"), symbol_mark(" "), symbol_mark("")
    ('a', '␣', 'end')
    """
    return {" ": "␣", "": "end"}.get(symbol) or seated(symbol)


class AttentionMap:
    """A renderable: the weights of attention as a map.

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
        """Yield where each band of columns begins that fits into a width, and how wide its columns are."""
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
