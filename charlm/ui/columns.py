"""Several texts side by side, numbered: in columns where there is room, else one below the other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import Console, ConsoleOptions, RenderResult
from rich.segment import Segment
from rich.text import Text

from charlm.ui.heat import heated

__all__ = ["Columns"]

_NARROWEST = 24
_GAP = 2
_TAB = 4


class Columns:
    """A renderable: the texts, each under its number.

    Parameters
    ----------
    texts : sequence of str
    heat : sequence of sequence of float
        How much each character of each text surprised the model, where that is to be seen.
    stacked : bool
        One below the other, whatever the room.
    tails : int, optional
        Show no more than the last so many rows of each; for texts that are still growing.
    """

    def __init__(
        self,
        texts: Sequence[str],
        heat: Sequence[Sequence[float]] = (),
        *,
        stacked: bool = False,
        tails: int | None = None,
    ) -> None:
        self.texts = texts
        self.heat = heat or [()] * len(texts)
        self.stacked = stacked
        self.tails = tails

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        room = 1 if self.stacked else (options.max_width + _GAP) // (_NARROWEST + _GAP)
        across = max(1, min(len(self.texts), room))
        across = -(-len(self.texts) // -(-len(self.texts) // across))  # as many in each row of them as may be
        width = (options.max_width - _GAP * (across - 1)) // across
        blocks = [list(self._block(console, options, k, width)) for k in range(len(self.texts))]
        for first in range(0, len(blocks), across):
            row = blocks[first : first + across]
            for line in range(max(map(len, row))):
                for column, block in enumerate(row):
                    cells = block[line] if line < len(block) else []
                    last = column == len(row) - 1
                    yield from cells if last else Segment.adjust_line_length(cells, width + _GAP)
                yield Segment.line()

    def _block(self, console: Console, options: ConsoleOptions, k: int, width: int) -> Iterator[list[Segment]]:
        number = Text(f"── {k + 1} " + "─" * max(0, width - 4 - len(str(k + 1))), "dim")
        yield from console.render_lines(number, options.update(width=width, height=None), pad=False)
        text = heated(self.texts[k], self.heat[k])
        if self.tails is not None:
            text = text[-self.tails * width :]
        if text.plain.endswith("\n"):
            text.right_crop(1)
        text.overflow, text.tab_size = "fold", _TAB
        lines = console.render_lines(text, options.update(width=width, height=None), pad=False)
        yield from lines if self.tails is None else lines[-self.tails :]
