"""The history of a run, as its events tell it: live, from ``log.jsonl``, or from what a checkpoint keeps of it.

The files are untrusted input: a value of the wrong kind is left out, and nothing fails.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from charlm.errors import CheckpointError

__all__ = ["History", "Point", "mean_point", "read_log", "stored_number"]

_LONGEST_LINE = 1 << 20  # bytes
_LARGEST = 1e9  # of a loss in nats, of seconds, of epochs: beyond it, something else is meant


class Point(NamedTuple):
    """A place on a curve; NaN where a value is not known."""

    step: float
    epoch: float
    elapsed_s: float
    loss: float
    rate: float = math.nan


class History:
    """The curves of a run, with what its start and its end said.

    There are never more than `LIMIT` points of the training loss: then neighbours are averaged, and a point stands
    for two.

    Attributes
    ----------
    start : mapping
        The latest "start" event.
    steps : int
        Updates planned, by the newest plan; 0 where not known.
    train, evaluations : list of Point
        In order of steps; the training loss is of single updates, or the mean of several. Where a run went back,
        to a checkpoint say, what it did before in vain is gone.
    broken : bool
        Whether the newest loss is not a finite number.
    reason : str
        Why the run ended; empty while it runs, and where it was cut off.
    ended_at : float
        After which update it ended, or at which it diverged; NaN where not known.
    cause : str
        Of what it diverged; empty where it did not, or that is not known.
    """

    LIMIT = 2048

    def __init__(self) -> None:
        self.start: Mapping[str, Any] = {}
        self.steps = 0
        self.train: list[Point] = []
        self.evaluations: list[Point] = []
        self.broken = False
        self.reason = self.cause = ""
        self.ended_at = math.nan
        self._stride = 1
        self._pending: list[Point] = []

    def add(self, event: Mapping[str, Any]) -> None:
        """Take in the next event, in the form in which ``log.jsonl`` has it."""
        kind, step = event.get("event"), stored_number(event.get("step"), largest=2.0**53)
        if kind not in ("start", "step", "eval", "rollback", "plan", "end") or not step >= 0:
            return
        planned = stored_number(event.get("steps"), largest=2.0**53)
        self.steps = int(planned) if planned >= 0 else self.steps
        self.reason, self.ended_at, self.cause = "", math.nan, ""
        names = ("epoch", "elapsed_s", "loss", "lr")
        point = Point(step, *(stored_number(event.get(name), largest=_LARGEST) for name in names))
        match kind:
            case "start" | "rollback":
                self.start = event if kind == "start" else self.start
                self.broken = False
                self._pending.clear()
                for points in (self.train, self.evaluations):
                    _cut(points, step + 1)
            case "step":
                self.broken = math.isnan(point.loss)
                self._add_step(point)
            case "eval" if self._validates(event):
                self.broken = math.isnan(point.loss)
                if not self.broken:
                    _cut(self.evaluations, step)
                    self.evaluations.append(point)
            case "end":
                self.reason = str(event.get("reason", "finished"))
                self.cause = str(event.get("cause", ""))
                diverged_at = stored_number(event.get("diverged_at"), largest=2.0**53)
                self.ended_at = step if math.isnan(diverged_at) else diverged_at

    def _validates(self, event: Mapping[str, Any]) -> bool:
        """Return whether an evaluation without a loss is a fault, and not that of a run without validation."""
        return event.get("loss") is not None or bool(self.start.get("validation_characters"))

    def _add_step(self, point: Point) -> None:
        if self.broken:
            return
        if self.train and point.step <= self.train[-1].step:
            _cut(self.train, point.step)
            self._pending.clear()
        self._pending.append(point)
        if len(self._pending) == self._stride:
            self.train.append(mean_point(self._pending))
            self._pending.clear()
        if len(self.train) >= self.LIMIT:
            self.train = [mean_point(pair) for pair in zip(self.train[::2], self.train[1::2], strict=False)]
            self._stride *= 2

    def add_entries(self, history: object) -> None:
        """Take in what a checkpoint keeps: [step, train loss, validation loss] of each evaluation."""
        for entry in history if isinstance(history, list) else ():
            if isinstance(entry, list) and len(entry) == 3:
                step, train, validation = entry
                self.add({"event": "step", "step": step, "loss": train})
                self.add({"event": "eval", "step": step, "loss": validation})
        self.broken = False  # a checkpoint has none but finite weights

    @property
    def best(self) -> Point | None:
        """The evaluation with the lowest loss."""
        return min(self.evaluations, key=lambda point: point.loss, default=None)

    @property
    def last_step(self) -> float:
        """The last update that is known of."""
        return max((points[-1].step for points in (self.train, self.evaluations) if points), default=0.0)

    def setting(self, group: str, name: str) -> float:
        """Return a number of the run's configuration; NaN where there is none."""
        config = self.start.get("config")
        values = config.get(group) if isinstance(config, dict) else None
        return stored_number(values.get(name)) if isinstance(values, dict) else math.nan

    def figure(self, name: str) -> float:
        """Return a number of the start event, such as ``characters``; NaN where there is none."""
        return stored_number(self.start.get(name))

    def yardstick(self, name: str) -> float:
        """Return a number of the baseline, such as ``nats`` or ``true_nats``; NaN where there is none."""
        values = self.start.get("baseline")
        return stored_number(values.get(name)) if isinstance(values, dict) else math.nan


def read_log(path: Path) -> History:
    """Read the history of a run from its ``log.jsonl``; lines that say nothing are passed over.

    Raises
    ------
    CheckpointError
        If the file cannot be read.
    """
    history = History()
    try:
        for line in _lines(path):
            try:
                event = json.loads(line)
            except (ValueError, RecursionError):  # cut off, or not the work of a run
                continue
            if isinstance(event, dict):
                history.add(event)
    except OSError as error:
        raise CheckpointError(f"cannot read {str(path)!r}: {error.strerror}; check the run folder") from error
    return history


def _lines(path: Path) -> Iterator[bytes]:
    if not path.is_file():  # a pipe would keep us waiting
        return
    with path.open("rb") as file:
        while line := file.readline(_LONGEST_LINE):
            yield line


def stored_number(value: object, *, largest: float = 1e300) -> float:
    """Return a stored number as a float, NaN for anything else: a stranger may have written it.

    Examples
    --------
    >>> stored_number(1.5), stored_number("1.5"), stored_number(10**400)
    (1.5, nan, nan)
    """
    known = isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) <= largest
    return float(value) if known else math.nan  # type: ignore[arg-type]


def mean_point(points: Iterable[Point]) -> Point:
    """Average points."""
    return Point(*(math.fsum(values) / len(values) for values in zip(*points, strict=True)))


def _cut(points: list[Point], step: float) -> None:
    """Remove the points from a step on, in place."""
    while points and points[-1].step >= step:
        points.pop()
