"""The history of a run, from its events: live, from ``log.jsonl``, or from a checkpoint.

The files are untrusted input: a value of the wrong kind is ignored and raises no error.
"""

from __future__ import annotations

import copy
import json
import math
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from charlm.display import NotebookValue
from charlm.errors import CheckpointError

__all__ = ["History", "Point", "mean_point", "read_log", "stored_number"]

_LONGEST_LINE = 1 << 20  # bytes
_LARGEST = 1e9  # loss in nats, seconds, epochs; a larger value is invalid


class Point(NamedTuple):
    """A point on a curve; NaN for a value that is not known."""

    step: float
    epoch: float
    elapsed_s: float
    loss: float
    rate: float = math.nan
    exact: float = math.nan  # of pairs: the share of sources whose output equals the target
    alone: float = math.nan  # of a mixture: the mean loss of its networks, without the counts


class History(NotebookValue):
    """The curves of a run, with its start and its end.

    The training loss has at most `LIMIT` points; beyond that, neighbouring points are averaged in pairs.

    Attributes
    ----------
    start : mapping
        The latest "start" event.
    steps : int
        Planned updates, by the newest plan; 0 if not known.
    train, evaluations : list of Point
        In order of steps; a point of `train` is the loss of an update or the mean of several. After a rollback or a
        resume, points of updates that were lost are removed.
    broken : bool
        Whether the newest loss is not a finite number.
    reason : str
        The reason of the end; empty if the run still runs or was killed.
    ended_at : float
        The update after which it ended, or at which it diverged; NaN if not known.
    cause : str
        The cause of its divergence; empty if it did not diverge, or the cause is not known.
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
        """Add the next event, a line of ``log.jsonl``."""
        kind, step = event.get("event"), stored_number(event.get("step"), largest=2.0**53)
        if kind not in ("start", "step", "eval", "rollback", "plan", "end") or not step >= 0:
            return
        planned = stored_number(event.get("steps"), largest=2.0**53)
        self.steps = int(planned) if planned >= 0 else self.steps
        self.reason, self.ended_at, self.cause = "", math.nan, ""
        names = ("epoch", "elapsed_s", "loss", "lr", "exact")
        point = Point(step, *(stored_number(event.get(name), largest=_LARGEST) for name in names))
        networks = event.get("networks")
        if isinstance(networks, list) and networks:
            losses = [stored_number(loss, largest=_LARGEST) for loss in networks]
            point = point._replace(alone=math.fsum(losses) / len(losses))
        match kind:
            case "start" | "rollback":
                self.start = event if kind == "start" else self.start
                self.broken = False
                self._pending.clear()
                for points in (self.train, self.evaluations):
                    _truncate(points, step + 1)
            case "step":
                self.broken = math.isnan(point.loss)
                self._add_step(point)
            case "eval" if self._validates(event):
                self.broken = math.isnan(point.loss)
                if not self.broken:
                    _truncate(self.evaluations, step)
                    self.evaluations.append(point)
            case "end":
                self.reason = str(event.get("reason", "finished"))
                self.cause = str(event.get("cause", ""))
                diverged_at = stored_number(event.get("diverged_at"), largest=2.0**53)
                self.ended_at = step if math.isnan(diverged_at) else diverged_at

    def _validates(self, event: Mapping[str, Any]) -> bool:
        """Whether an evaluation has a loss, or should have one since the run has a validation text."""
        return event.get("loss") is not None or bool(self.start.get("validation_characters"))

    def _add_step(self, point: Point) -> None:
        if self.broken:
            return
        if self.train and point.step <= self.train[-1].step:
            _truncate(self.train, point.step)
            self._pending.clear()
        self._pending.append(point)
        if len(self._pending) == self._stride:
            self.train.append(mean_point(self._pending))
            self._pending.clear()
        if len(self.train) >= self.LIMIT:
            self.train = [mean_point(pair) for pair in zip(self.train[::2], self.train[1::2], strict=False)]
            self._stride *= 2

    def add_entries(self, history: object) -> None:
        """Add the history in a checkpoint: [step, train loss, validation loss] of each evaluation.

        Of a mixture, a fourth number is the mean loss of its networks.
        """
        for entry in history if isinstance(history, list) else ():
            if isinstance(entry, list) and len(entry) in (3, 4):
                step, train, validation, *networks = entry
                self.add({"event": "step", "step": step, "loss": train})
                self.add({"event": "eval", "step": step, "loss": validation, "networks": networks})
        self.broken = False  # the weights in a checkpoint are finite

    @property
    def best(self) -> Point | None:
        """The evaluation with the lowest loss."""
        return min(self.evaluations, key=lambda point: point.loss, default=None)

    @property
    def networks(self) -> str:
        """The networks of a mixture, whose losses evaluations have: "network" or "networks"; else empty."""
        if not self.evaluations or math.isnan(self.evaluations[-1].alone):
            return ""
        config = self.start.get("config")
        members = stored_number(config.get("members")) if isinstance(config, dict) else math.nan
        return "networks" if members > 1 else "network"

    def of_networks(self) -> History:
        """Return the history with the losses of a mixture's networks, which are trained, in place of its own."""
        networks = copy.copy(self)
        networks.evaluations = [
            point if math.isnan(point.alone) else point._replace(loss=point.alone) for point in self.evaluations
        ]
        return networks

    @property
    def last_step(self) -> float:
        """The last known update."""
        return max((points[-1].step for points in (self.train, self.evaluations) if points), default=0.0)

    def setting(self, group: str, name: str) -> float:
        """Return a number of the run's configuration; NaN if there is none."""
        config = self.start.get("config")
        values = config.get(group) if isinstance(config, dict) else None
        return stored_number(values.get(name)) if isinstance(values, dict) else math.nan

    def start_value(self, name: str) -> float:
        """Return a number of the start event, such as ``characters``; NaN if there is none."""
        return stored_number(self.start.get(name))

    def baseline(self, name: str) -> float:
        """Return a number of the baseline, such as ``nats`` or ``true_nats``; NaN if there is none."""
        values = self.start.get("baseline")
        return stored_number(values.get(name)) if isinstance(values, dict) else math.nan


def read_log(path: Path) -> History:
    """Read the history of a run from its ``log.jsonl``, without its invalid lines.

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
            except (ValueError, RecursionError):  # truncated, or not written by a run
                continue
            if isinstance(event, dict):
                history.add(event)
    except OSError as error:
        raise CheckpointError(f"cannot read {str(path)!r}: {error.strerror}; check the run folder") from error
    return history


def _lines(path: Path) -> Iterator[bytes]:
    if not path.is_file():  # opening a pipe would block
        return
    with path.open("rb") as file:
        while line := file.readline(_LONGEST_LINE):
            yield line


def stored_number(value: object, *, largest: float = 1e300) -> float:
    """Return a stored number as a float, NaN for anything else: the file is untrusted input.

    Examples
    --------
    >>> stored_number(1.5), stored_number("1.5"), stored_number(10**400)
    (1.5, nan, nan)
    """
    known = isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) <= largest
    return float(value) if known else math.nan  # type: ignore[arg-type]


def mean_point(points: Iterable[Point]) -> Point:
    """Average points of the training loss."""
    *values, _, _ = zip(*points, strict=True)  # the last two are of evaluations
    return Point(*(math.fsum(each) / len(each) for each in values))


def _truncate(points: list[Point], step: float) -> None:
    """Remove the points of a step and of later ones, in place."""
    while points and points[-1].step >= step:
        points.pop()
