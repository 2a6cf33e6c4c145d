"""The curves of runs on a common x axis, smoothed.

The training loss of single updates is mostly noise. It is drawn as the mean of each hundredth of the run: every
update counts once, without lag or invented points. Validation losses are drawn unchanged.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Literal, TypeAlias, get_args

from charlm.errors import UsageError
from charlm.runs.history import History, Point, mean_point
from charlm.runs.verdict import judge
from charlm.ui.sanitize import visible_line

__all__ = [
    "SMOOTHING",
    "Curves",
    "Level",
    "Place",
    "Ranges",
    "XAxis",
    "clipping_note",
    "curves_of",
    "levels",
    "ranges",
    "unit_of",
]

XAxis: TypeAlias = Literal["steps", "chars", "minutes", "epochs"]
Place: TypeAlias = tuple[float, float]

WINDOWS = 100
FEWEST_TO_CLIP = 20  # points
CLIPPED_LEAST = 0.2  # of the axis; a lower spike is drawn
SMOOTHING = "train: mean of each 1/100 of the run"


@dataclass(frozen=True, slots=True)
class Curves:
    """The curves of a run.

    Parameters
    ----------
    name : str
        Sanitised, one line.
    train, validation : tuple of (x, nats)
        In order of x.
    figures : str
        The run's results: last losses, best, verdict.
    levels : tuple of Level
        Baselines of its loss.
    unit : str
        Of its losses.
    """

    name: str
    train: tuple[Place, ...]
    validation: tuple[Place, ...]
    figures: str
    levels: tuple[Level, ...]
    unit: str = "nats"

    @property
    def places(self) -> tuple[Place, ...]:
        """All points."""
        return self.train + self.validation


@dataclass(frozen=True, slots=True)
class Level:
    """A horizontal line: a loss without a history."""

    name: str
    nats: float


@dataclass(frozen=True, slots=True)
class Ranges:
    """The ranges of the axes.

    Parameters
    ----------
    low_x, high_x, low_y, high_y : float
    peak : float, optional
        The highest loss, if it is above `high_y` and the curves are clipped.
    """

    low_x: float
    high_x: float
    low_y: float
    high_y: float
    peak: float | None = None

    def place(self, place: Place) -> Place:
        """Return the position of a point between the axes, coordinates 0 to 1; clipped points are at the top."""
        x, y = place
        return (
            (x - self.low_x) / (self.high_x - self.low_x),
            min((y - self.low_y) / (self.high_y - self.low_y), 1.0),
        )


def curves_of(name: str, history: History, *, axis: str = "steps", first: float = 0.0) -> Curves:
    """Return a run's curves on an x axis.

    Parameters
    ----------
    name : str
        Name of the run, untrusted.
    history : History
    axis : {"steps", "chars", "minutes", "epochs"}
    first : float
        Start of the curves, in the axis's unit.

    Raises
    ------
    UsageError
        If there is no such axis, the log lacks it, or no point remains.
    """
    if axis not in get_args(XAxis):
        raise UsageError(f"`x` is {axis!r}; choose one of {', '.join(get_args(XAxis))}")
    x_of = _x_of(history, axis)
    train, validation = (_places(points, x_of) for points in (_smoothed(history.train), history.evaluations))
    if not train and not validation:
        raise UsageError(f'the log of run {name!r} does not tell {axis}; choose `x="steps"`')
    train, validation = (tuple(place for place in places if place[0] >= first) for places in (train, validation))
    if not train and not validation:
        raise UsageError(f"run {name!r} has nothing from {first:g} {axis} on; give a smaller `from`")
    unit = "squared error" if math.isfinite(history.start_value("features")) else "nats"
    return Curves(visible_line(name), train, validation, _figures(history), _levels(history), unit)


def unit_of(runs: Iterable[Curves]) -> str:
    """Return the common unit of the losses of all runs, or ``loss`` if they differ."""
    units = {run.unit for run in runs}
    return units.pop() if len(units) == 1 else "loss"


def _x_of(history: History, axis: str) -> Callable[[Point], float]:
    characters = history.start_value("characters")
    choices: dict[str, Callable[[Point], float]] = {
        "steps": lambda point: point.step,
        "chars": lambda point: point.epoch * characters,
        "minutes": lambda point: point.elapsed_s / 60,
        "epochs": lambda point: point.epoch,
    }
    return choices[axis]


def _places(points: Iterable[Point], x_of: Callable[[Point], float]) -> tuple[Place, ...]:
    places = ((x_of(point), point.loss) for point in points)
    return tuple(sorted(place for place in places if math.isfinite(place[0])))


def _smoothed(points: Sequence[Point]) -> list[Point]:
    """Average the points of each of `WINDOWS` equal spans of steps."""
    if len(points) <= WINDOWS:
        return list(points)
    first, span = points[0].step, points[-1].step - points[0].step
    windows: dict[int, list[Point]] = {}
    for point in points:
        windows.setdefault(min(int(WINDOWS * (point.step - first) / span), WINDOWS - 1), []).append(point)
    return [mean_point(window) for window in windows.values()]


def last_train_loss(history: History) -> float:
    """Return the training loss at the end of a curve, its last window's mean; NaN if there is none."""
    return _smoothed(history.train)[-1].loss if history.train else math.nan


def _figures(history: History) -> str:
    parts = []
    if history.train:
        parts.append(f"train {last_train_loss(history):.4f}")
    if history.best is not None:
        parts.append(f"validation {history.evaluations[-1].loss:.4f}")
        parts.append(f"best {history.best.loss:.4f} at step {history.best.step:,.0f}")
    return " · ".join([*parts, judge(history).word])


def _levels(history: History) -> tuple[Level, ...]:
    order = history.baseline("order")
    known = (
        (f"{order:.0f}-gram baseline", history.baseline("nats")),
        ("true entropy", history.baseline("true_nats")),
    )
    return tuple(
        Level(name, nats) for name, nats in known if 0 < nats < math.inf and (order > 0 or "gram" not in name)
    )


def levels(runs: Sequence[Curves]) -> tuple[Level, ...]:
    """Return the levels that all runs share."""
    return tuple(level for level in runs[0].levels if all(level in run.levels for run in runs))


def ranges(runs: Sequence[Curves]) -> Ranges:
    """Return the ranges of the axes: all points except high spikes, and levels nearby."""
    xs, ys = ([place[k] for run in runs for place in run.places] for k in (0, 1))
    low, high, peak = min(ys), _without_spikes(runs), max(ys)
    near = [level.nats for level in levels(runs) if low - (high - low) / 2 <= level.nats <= peak]
    low, high = min([low, *near]), max([high, *near])
    room = max((high - low) * 0.03, abs(high) * 0.002, 1e-6)  # so that a flat curve stays flat
    low_x, high_x = min(xs), max(xs)
    if low_x < 0.05 * high_x:
        low_x = 0.0
    clipped = peak if peak > high + room else None
    return Ranges(low_x, high_x if high_x > low_x else low_x + 1, low - room, high + room, clipped)


def clipping_note(peak: float) -> str:
    """Return the note that curves are clipped, with their peak."""
    return f"clipped: the loss reaches {peak:.3g}"


def _without_spikes(runs: Sequence[Curves]) -> float:
    """Return the top of the axis, limited so that spikes and a tenth of the points do not take most of it.

    A loss may start at ten times its later values. If the highest tenth would take more than two thirds of the
    axis, the other points get two thirds of it.
    """
    losses = [nats for run in runs for curve in (run.train, run.validation) for nats in _without_outliers(curve)]
    ordered, peak = sorted(losses), max(nats for run in runs for _, nats in run.places)
    low, usual, high = ordered[0], ordered[9 * (len(ordered) - 1) // 10], ordered[-1]
    if len(ordered) < FEWEST_TO_CLIP or peak - low <= (1 + CLIPPED_LEAST) * (high - low):
        high = peak
    spiky = len(ordered) >= FEWEST_TO_CLIP and high - low > 3 * (usual - low)
    return low + 1.5 * (usual - low) if spiky else high


def _without_outliers(curve: Sequence[Place]) -> Iterator[float]:
    """Yield the losses of a curve after a median filter over up to three neighbours on either side."""
    losses = [nats for _, nats in curve]
    for k in range(len(losses)):
        reach = min(k, len(losses) - 1 - k, 3)
        yield median(losses[k - reach : k + reach + 1])
