"""Plots of series with a given and a predicted part: in a terminal, and as SVG."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from rich.text import Text

from charlm.ui.plot.braille import Braille
from charlm.ui.plot.picture import GREY, INK, LEFT, RIGHT, WIDTH, Label, Line, Picture, Shape, colour_of

__all__ = ["Series", "draw_series", "series_rows"]

ROOM = 0.05  # margin above and below a curve, of its span
PANEL, HEAD = 120, 28  # heights of a panel and of its title


@dataclass(frozen=True, slots=True)
class Series:
    """A predicted series.

    Parameters
    ----------
    title : str
    values : sequence of float
        Given values, then predicted ones.
    truth : sequence of float
        The values without error, of the same length.
    given : int
        Number of given values.
    """

    title: str
    values: Sequence[float]
    truth: Sequence[float]
    given: int

    def place(self, k: int, value: float) -> tuple[float, float]:
        """Return the position of value k in a panel, x and y from 0 to 1."""
        low, high = min(*self.values, *self.truth), max(*self.values, *self.truth)
        room = (high - low) * ROOM or 1.0
        return k / max(len(self.values) - 1, 1), (value - low + room) / (high - low + 2 * room)


def series_rows(series: Series, *, width: int = 76, height: int = 5) -> list[Text]:
    """Draw the values of a series in a terminal, with a vertical line at the start of the prediction.

    Parameters
    ----------
    series : Series
    width, height : int
        In characters.
    """
    canvas = Braille(width, height)
    places = [series.place(k, value) for k, value in enumerate(series.values)]
    for (x0, y0), (x1, y1) in pairwise(places):
        canvas.line(x0, y0, x1, y1)
    x = places[series.given][0]
    canvas.line(x, 0, x, 1)
    return canvas.rows()


def draw_series(panels: Sequence[Series], *, title: str) -> Picture:
    """Draw series as panels: true values grey, given values black, predicted ones in colour."""
    shapes = [shape for k, series in enumerate(panels) for shape in _panel(series, k)]
    return Picture(WIDTH, (HEAD + PANEL) * len(panels) + HEAD, tuple(shapes), title)


def _panel(series: Series, k: int) -> Iterator[Shape]:
    top = HEAD + k * (HEAD + PANEL)

    def line(values: Sequence[float], first: int, colour: str, width: float) -> Line:
        places = (series.place(first + t, value) for t, value in enumerate(values))
        points = tuple(
            (round(LEFT + x * (WIDTH - LEFT - RIGHT), 2), round(top + (1 - y) * PANEL, 2)) for x, y in places
        )
        return Line(points, colour, width)

    yield Label((LEFT, top - 6), series.title, INK, bold=True)
    yield line(series.truth, 0, GREY, 1)
    yield line(series.values[: series.given], 0, INK, 1)
    yield line(series.values[series.given - 1 :], series.given - 1, colour_of(k), 2)
    x = LEFT + series.place(series.given - 1, 0)[0] * (WIDTH - LEFT - RIGHT)
    yield Line(((round(x, 2), top), (round(x, 2), top + PANEL)), GREY, 1, dashed=True)
