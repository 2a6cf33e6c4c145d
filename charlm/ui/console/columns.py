"""Several numbered texts in columns, or one below the other if columns do not fit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import Console, ConsoleOptions, RenderResult
from rich.segment import Segment
from rich.text import Text

from charlm.ui.heat import coloured

__all__ = ["Columns"]

_NARROWEST = 24
_GAP = 2
_TAB = 4


class Columns:
    """A renderable: texts, each below its number.

    Parameters
    ----------
    texts : sequence of str
    heat : sequence of sequence of float
        Surprisal of each character of each text, to colour it; empty for none.
    stacked : bool
        Whether the texts are always one below the other.
    first : int
        Number of the first text.
    height : int, optional
        Rows for all texts. Longer texts are cut, with a mark at the end. With less than two rows for each, a text
        has one, behind its number.
    growing : bool
        Whether longer texts are cut at their beginning, because they grow at the end.
    """

    def __init__(
        self,
        texts: Sequence[str],
        heat: Sequence[Sequence[float]] = (),
        *,
        stacked: bool = False,
        first: int = 1,
        height: int | None = None,
        growing: bool = False,
    ) -> None:
        self.texts = texts
        self.heat = heat or [()] * len(texts)
        self.stacked = stacked
        self.first = first
        self.height = height
        self.growing = growing

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        count = len(self.texts)
        room = 1 if self.stacked else (options.max_width + _GAP) // (_NARROWEST + _GAP)
        bands = -(-count // max(1, min(count, room)))
        rows = None if self.height is None else self.height // bands - 1  # without that of the number
        short = rows is not None and rows < 1
        if short:
            bands = min(bands, max(1, self.height or 1))
        across = -(-count // bands)  # texts in a row
        width = max(1, (options.max_width - _GAP * (across - 1)) // across)
        within = options.update(width=width, height=None)
        if short:
            blocks = [[self._row(console, within, k)] for k in range(count)]
        else:
            blocks = [list(self._block(console, within, k, rows)) for k in range(count)]
        for begin in range(0, count, across):
            row = blocks[begin : begin + across]
            for line in range(max(map(len, row))):
                for column, block in enumerate(row):
                    cells = block[line] if line < len(block) else []
                    last = column == len(row) - 1
                    yield from cells if last else Segment.adjust_line_length(cells, width + _GAP)
                yield Segment.line()

    def _block(
        self, console: Console, options: ConsoleOptions, k: int, rows: int | None
    ) -> Iterator[list[Segment]]:
        width = options.max_width
        number = f"── {k + self.first} "
        line = Text(number + "─" * max(0, width - len(number)), "dim")
        yield from console.render_lines(line, options, pad=False)
        text = coloured(self.texts[k], self.heat[k])
        if self.growing and rows is not None:
            text = text[-rows * width :]
        if text.plain.endswith("\n"):
            text.right_crop(1)
        text.overflow, text.tab_size = "fold", _TAB
        lines = console.render_lines(text, options, pad=False)
        most = len(lines) if rows is None else rows
        if self.growing or len(lines) <= most:
            yield from lines[-most:]
            return
        yield from lines[: most - 1]
        yield [*Segment.adjust_line_length(lines[most - 1], width - 1, pad=False), Segment("…")]

    def _row(self, console: Console, options: ConsoleOptions, k: int) -> list[Segment]:
        number = f"{k + self.first} "
        text = coloured(self.texts[k].expandtabs(1).replace("\n", " "), self.heat[k])
        room = max(1, options.max_width - len(number))
        if self.growing:
            text = text[-room:]
        text.truncate(room, overflow="crop" if self.growing else "ellipsis")
        return console.render_lines(Text.assemble((number, "dim"), text, no_wrap=True), options, pad=False)[0]
