"""Medians, ratios, and whether they reach the targets."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median

from measuring.points import GROUP_TARGETS, Point, Target
from measuring.run import Measurement

__all__ = ["Result", "Verdict", "group_verdicts", "summarize"]


@dataclass(frozen=True)
class Verdict:
    """A target and what was reached; None where a figure is missing."""

    target: Target
    reached: float | None

    @property
    def met(self) -> bool | None:
        """Whether the target is reached; None where nothing is asked, or nothing was measured."""
        bound = self.target.bound
        if bound is None or self.reached is None:
            return None
        return self.reached >= bound if self.target.at_least else self.reached <= bound


@dataclass(frozen=True)
class Result:
    """A point's medians by contestant, why some are missing, and its verdicts."""

    point: Point
    medians: dict[str, float | None]
    notes: dict[str, str]
    verdicts: tuple[Verdict, ...]


def summarize(points: Sequence[Point], measurements: Iterable[Measurement]) -> list[Result]:
    """Return the results of all points that were measured at all, in their order."""
    by_point: dict[tuple[str, str], list[Measurement]] = {}
    for m in measurements:
        by_point.setdefault((m.group, m.title), []).append(m)
    return [
        _result(point, by_point[point.group, point.title])
        for point in points
        if (point.group, point.title) in by_point
    ]


def _result(point: Point, measurements: list[Measurement]) -> Result:
    values: dict[str, list[float]] = {contestant.name: [] for contestant in point.contestants}
    notes: dict[str, str] = {}
    for m in measurements:
        if m.value is None:
            notes[m.contestant] = m.note
        else:
            values[m.contestant].append(m.value)
    medians = {name: median(v) if v else None for name, v in values.items()}
    return Result(point, medians, notes, tuple(Verdict(t, _reached(t, medians)) for t in point.targets))


def _reached(target: Target, medians: dict[str, float | None]) -> float | None:
    """Return the figure, or the ratio of the medians."""
    of = medians.get(target.of)
    over = medians.get(target.over) if target.over else 1.0
    return None if of is None or not over else of / over


def group_verdicts(results: Sequence[Result]) -> dict[str, tuple[Verdict, int]]:
    """Return, by group, the verdict on the median of its ratios and how many ratios that is of."""
    verdicts = {}
    for group, target in GROUP_TARGETS.items():
        ratios = [_reached(target, result.medians) for result in results if result.point.group == group]
        known = [ratio for ratio in ratios if ratio is not None]
        if ratios:
            verdicts[group] = Verdict(target, median(known) if known else None), len(known)
    return verdicts
