"""Loss curves in a terminal: dots for training, marks for validation, axes, a legend readable without colour."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from rich.console import Console, ConsoleOptions, RenderResult
from rich.text import Text

from charlm.ui.plot.braille import Braille
from charlm.ui.plot.curves import SMOOTHING, Curves, Ranges, clipping_note, levels, ranges, unit_of
from charlm.ui.plot.ticks import tick_labels
from charlm.ui.wording import VALIDATION

__all__ = ["CurvePlot", "draw_curves", "mark_of", "style_of", "validation_style"]

STYLES = ("cyan", "magenta", "yellow", "green", "blue", "red")
MARKS = "●○◆◇▲△■□"
ROWS = 16
LEAST_ROWS = 4
LEAST_WIDTH = 16


class CurvePlot:
    """A renderable: the curves of some runs.

    Parameters
    ----------
    runs : sequence of Curves
        At least one.
    axis : str
        Unit of the x axis.
    """

    def __init__(self, runs: Sequence[Curves], *, axis: str) -> None:
        self.runs, self.axis = runs, axis

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Yield lines no wider than the screen."""
        width = max(options.max_width, LEAST_WIDTH)
        legend = list(self._legend(width))
        room = options.size.height - len(legend) - 5 if console.is_terminal else ROWS
        for line in (*self._drawing(width, min(max(room, LEAST_ROWS), ROWS)), *legend):
            line.no_wrap, line.overflow = True, "crop"
            line.rstrip()
            line.truncate(options.max_width, overflow="ellipsis")
            yield line

    def _drawing(self, width: int, height: int) -> Iterator[Text]:
        span = ranges(self.runs)
        ticks = tick_labels(span.low_y, span.high_y, height * 2 // 5)
        margin = max(len(label) for _, label in ticks)
        canvas = draw_curves(self.runs, span, width - margin - 2, height)
        labels = {canvas.row(span.place((0, value))[1]): label for value, label in ticks}
        yield Text(f"{unit_of(self.runs):>{margin}}", "dim")
        for k, row in enumerate(canvas.rows()):
            axis = f"{labels[k]:>{margin}} ┤" if k in labels else f"{'':>{margin}} │"
            yield Text.assemble((axis, "dim"), row)
        yield from self._x_axis(canvas, span, margin)

    def _x_axis(self, canvas: Braille, span: Ranges, margin: int) -> Iterator[Text]:
        line, labels, taken = ["─"] * canvas.width, [" "] * (canvas.width + 1), 0
        for value, label in tick_labels(span.low_x, span.high_x, max(canvas.width // 10, 1)):
            column = canvas.column(span.place((value, 0))[0])
            begin = min(max(column - len(label) // 2, 0), canvas.width - len(label))
            if begin >= taken:
                line[column] = "┬"
                labels[begin : begin + len(label)] = label
                taken = begin + len(label) + 1
        yield Text(f"{'':>{margin}} └{''.join(line)}", "dim")
        yield Text(f"{'':>{margin}}  {''.join(labels).rstrip()}", "dim")
        yield Text(f"{self.axis:>{margin + 2 + canvas.width}}", "dim")

    def _legend(self, width: int) -> Iterator[Text]:
        for k, run in enumerate(self.runs):
            number = f"{_digit(k)} " if len(self.runs) > 1 else ""
            head = Text.assemble((f"{number}{mark_of(k)} ", style_of(k)), (run.name, f"bold {style_of(k)}"))
            if head.cell_len + 2 + len(run.figures) <= width:
                yield head.append(f"  {run.figures}", "not bold default")
            else:
                head.truncate(width, overflow="ellipsis")
                yield head
                yield from (Text(f"  {line}") for line in _folded(run.figures, width - 2))
        drawn = ranges(self.runs)
        for level in levels(self.runs):
            if drawn.low_y <= level.nats:
                yield Text(f"⠄⠄ {level.name} {level.nats:.4f}", "dim")
        key = f"⠒⠒ {SMOOTHING}"
        if any(run.validation for run in self.runs):
            key += f" · {mark_of(0)} validation"
        if drawn.peak is not None:
            key += f" · {clipping_note(drawn.peak)}"
        for line in _folded(key, width):
            text = Text(line, "dim")
            text.highlight_words([f"{mark_of(0)} validation"], f"not dim {validation_style(0, len(self.runs))}")
            yield text


def draw_curves(runs: Sequence[Curves], span: Ranges, width: int, height: int) -> Braille:
    """Draw curves on a canvas of width × height characters; each of several runs ends in its number."""
    canvas = Braille(max(width, 1), max(height, 1))
    for k, run in enumerate(runs):
        places = [span.place(place) for place in run.train]
        for (x0, y0), (x1, y1) in pairwise(places or [(-1.0, -1.0)]):
            canvas.line(x0, y0, x1, y1, style_of(k))
        if len(places) == 1:
            canvas.line(*places[0], *places[0], style_of(k))
    for level in levels(runs):
        canvas.level(span.place((0, level.nats))[1], "dim")
    for k, run in enumerate(runs):
        for place in run.validation:
            canvas.mark(*span.place(place), mark_of(k), f"bold {validation_style(k, len(runs))}")
    for k, run in enumerate(runs):
        if run.train and len(runs) > 1:
            canvas.mark(*span.place(run.train[-1]), _digit(k), f"bold {style_of(k)}")
    return canvas


def style_of(k: int) -> str:
    """Return the colour of run number `k`."""
    return STYLES[k % len(STYLES)]


def validation_style(k: int, runs: int) -> str:
    """Return the colour of the evaluations of run number `k`; `VALIDATION` for a single run."""
    return VALIDATION if runs == 1 else style_of(k)


def mark_of(k: int) -> str:
    """Return the mark of the evaluations of run number `k`."""
    return MARKS[k % len(MARKS)]


def _digit(k: int) -> str:
    return "123456789abcdefghijklmnopqrstuvwxyz"[k % 35]


def _folded(text: str, width: int) -> list[str]:
    """Break a long line at its dots."""
    lines = [""]
    for part in text.split(" · "):
        joined = f"{lines[-1]} · {part}" if lines[-1] else part
        if len(joined) <= width or not lines[-1]:
            lines[-1] = joined
        else:
            lines.append(part)
    return lines
