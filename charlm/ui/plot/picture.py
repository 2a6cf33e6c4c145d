"""Loss curves as shapes on a page, for `charlm.ui.plot.svg` and `charlm.ui.plot.png`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from charlm.ui.plot.curves import SMOOTHING, Curves, Place, Ranges, clipping_note, levels, ranges, unit_of
from charlm.ui.plot.ticks import tick_labels

__all__ = ["Dot", "Label", "Line", "Picture", "Shape", "colour_of", "draw_picture", "validation_colour"]

WIDTH, HEIGHT = 840, 420  # of the page without the legend
LEFT, RIGHT, TOP, BOTTOM = 64, 24, 36, 52
ROW = 22
LEGEND = HEIGHT + 16  # the baseline of its first line
TEXT_SIZE = 13

INK, GREY, PALE = "#1b1f24", "#5b636d", "#e3e6ea"
# distinguishable with colour blindness: Okabe & Ito (2008)
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000")
VALIDATION = "#cc79a7"


@dataclass(frozen=True, slots=True)
class Line:
    """A line through points."""

    points: tuple[Place, ...]
    colour: str
    width: float
    dashed: bool = False


@dataclass(frozen=True, slots=True)
class Dot:
    """A filled circle with a tooltip."""

    at: Place
    radius: float
    colour: str
    hint: str


@dataclass(frozen=True, slots=True)
class Label:
    """A line of text at its baseline."""

    at: Place
    text: str
    colour: str = GREY
    anchor: Literal["start", "middle", "end"] = "start"
    bold: bool = False


Shape: TypeAlias = Line | Dot | Label


@dataclass(frozen=True, slots=True)
class Picture:
    """Shapes in painting order, on a white page; y downwards."""

    width: int
    height: int
    shapes: tuple[Shape, ...]
    title: str


def draw_picture(runs: Sequence[Curves], *, axis: str) -> Picture:
    """Draw the curves of some runs.

    Parameters
    ----------
    runs : sequence of Curves
        At least one.
    axis : str
        Unit of the x axis.
    """
    span = ranges(runs)
    shared = [level for level in levels(runs) if level.nats >= span.low_y]
    shapes = [*_axes(span, axis, unit_of(runs)), *_curves(runs, span)]
    for level in shared:
        y = _at(span, (0, level.nats))[1]
        shapes.append(Line(((LEFT, y), (WIDTH - RIGHT, y)), GREY, 1, dashed=True))
        shapes.append(Label((WIDTH - RIGHT, y - 5), f"{level.name} {level.nats:.4f}", anchor="end"))
    shapes += _legend(runs)
    title = "Losses of " + ", ".join(run.name for run in runs)
    return Picture(WIDTH, LEGEND + ROW * (len(runs) + 1), tuple(shapes), title)


def colour_of(k: int) -> str:
    """Return the colour of run number `k`."""
    return COLOURS[k % len(COLOURS)]


def validation_colour(k: int, runs: int) -> str:
    """Return the colour of the evaluations of run number `k`; a single run has a separate one."""
    return VALIDATION if runs == 1 else colour_of(k)


def _axes(span: Ranges, axis: str, unit: str) -> Iterator[Shape]:
    bottom, right = HEIGHT - BOTTOM, WIDTH - RIGHT
    for value, label in tick_labels(span.low_y, span.high_y, 8):
        y = _at(span, (0, value))[1]
        yield Line(((LEFT, y), (right, y)), PALE, 1)
        yield Label((LEFT - 8, y + 4), label, anchor="end")
    for value, label in tick_labels(span.low_x, span.high_x, 8):
        x = _at(span, (value, 0))[0]
        yield Line(((x, bottom), (x, bottom + 5)), GREY, 1)
        yield Label((x, bottom + 20), label, anchor="middle")
    yield Line(((LEFT, bottom), (right, bottom)), GREY, 1)
    clipped = "" if span.peak is None else f" ({clipping_note(span.peak)})"
    yield Label((LEFT, TOP - 14), f"{unit if unit == 'loss' else f'loss, {unit}'}{clipped}")
    yield Label((right, bottom + 40), axis, anchor="end")


def _curves(runs: Sequence[Curves], span: Ranges) -> Iterator[Shape]:
    for k, run in enumerate(runs):
        if run.train:
            yield Line(tuple(_at(span, place) for place in run.train), colour_of(k), 1)
    for k, run in enumerate(runs):
        if run.validation:
            yield Line(tuple(_at(span, place) for place in run.validation), validation_colour(k, len(runs)), 2)
        for x, nats in run.validation:
            hint = f"{run.name}: validation {nats:.4f} at {x:,.6g}"
            yield Dot(_at(span, (x, nats)), 3, validation_colour(k, len(runs)), hint)


def _legend(runs: Sequence[Curves]) -> Iterator[Shape]:
    for k, run in enumerate(runs):
        y = LEGEND + ROW * k
        yield Line(((LEFT, y - 4), (LEFT + 24, y - 4)), colour_of(k), 2)
        yield Dot((LEFT + 12, y - 4), 3, validation_colour(k, len(runs)), run.name)
        name = run.name if len(run.name) <= 40 else run.name[:39] + "…"
        yield Label((LEFT + 34, y), name, INK, bold=True)
        yield Label((WIDTH - RIGHT, y), run.figures, anchor="end")
    key = f"thin: {SMOOTHING} · thick, with dots: validation"
    yield Label((LEFT, LEGEND + ROW * len(runs)), key)


def _at(span: Ranges, place: Place) -> Place:
    across, up = span.place(place)
    return round(LEFT + across * (WIDTH - LEFT - RIGHT), 2), round(TOP + (1 - up) * (HEIGHT - TOP - BOTTOM), 2)
