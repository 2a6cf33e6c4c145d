"""`RunState`: the state of a training run for a display, built from its reports."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from charlm.errors import DivergedError
from charlm.runs.history import History
from charlm.runs.report import Report, is_finite
from charlm.runs.verdict import Verdict
from charlm.ui.flags import as_flags
from charlm.ui.wording import judged, parts_line

__all__ = ["RunState", "Smoothed"]

RECENT = 0.25  # of this session, for the pace that the remaining time follows from
MARKS = 512


class Smoothed:
    """An exponential moving average over about the last ten values.

    Weights are divided by their sum, so the first value has no bias towards zero. Values that are not finite are
    left out.
    """

    DECAY = 0.9

    def __init__(self) -> None:
        self._sum = 0.0
        self._weight = 0.0

    @property
    def value(self) -> float:
        """The mean; NaN before the first value."""
        return self._sum / self._weight if self._weight else math.nan

    def add(self, value: float | None) -> None:
        """Add the next value."""
        if is_finite(value):
            self._sum = self.DECAY * self._sum + (1 - self.DECAY) * value
            self._weight = self.DECAY * self._weight + (1 - self.DECAY)


class RunState:
    """The state of a training run after its reports so far.

    Parameters
    ----------
    name : str
        Name of the run.
    history : History, optional
        Of a resumed run.

    Attributes
    ----------
    phase : str
        The phase before the first update; empty afterwards.
    phase_s : float
        Start of the phase, of the clock.
    before_s : float
        Seconds of earlier sessions of a resumed run.
    """

    VERDICTS = 200  # by the training loss alone, over the run; each takes a millisecond or two

    def __init__(self, name: str, history: History | None = None) -> None:
        self.begin(name, history)
        self.phase, self.phase_s = "", 0.0
        self.start: Mapping[str, Any] = {}
        self.first_step = 0
        self.started_s: float | None = None
        self.before_s = 0.0
        self._ends_s = math.nan
        self._marks: list[tuple[int, float]] = []
        self.step = 0
        self.steps = 0
        self.epoch = 0.0
        self.learning_rate: float | None = None
        self.grad_norm: float | None = None
        self.chars_per_s = Smoothed()
        self.train_loss = Smoothed()
        self.published_loss = math.nan
        self.val_loss = self.exact = math.nan
        self.parts = ""  # of a mixture: what each part reaches alone
        self.best_loss = math.nan
        self.best_step = 0
        self.sample = ""
        self.sample_step = 0
        self.folder = ""
        self.saved = False
        self.reason = ""
        self.notice = ""
        self.warnings: list[str] = []

    def begin(self, name: str, history: History | None = None) -> None:
        """Set the name of the run, and the history of a resumed run."""
        self.name = name
        self.history = History() if history is None else history
        self.verdict: Verdict = judged(self.history)

    def enter_phase(self, name: str, now_s: float) -> None:
        """Begin a phase before the first update."""
        self.phase, self.phase_s = name, now_s

    def add(self, report: Report, now_s: float) -> None:
        """Add the next report.

        Parameters
        ----------
        report : Report
        now_s : float
            The clock's seconds, from any origin.
        """
        if self.started_s is None:
            self.started_s = now_s
            self.first_step = report.step if report.event == "start" else 0
        self._mark(report, now_s)
        self.step, self.steps, self.epoch = report.step, report.steps or self.steps, report.epoch
        self.history.add(report.to_json())
        if report.event != "step" or report.step % (self.steps // self.VERDICTS + 1) == 0:
            self.verdict = judged(self.history)
        if report.event not in ("start", "warning"):
            self.phase = ""
        match report.event:
            case "start":
                self.start, self.folder = report.details, report.path
                self.best_loss = float(report.details.get("best_loss", math.nan))
                self.best_step = int(report.details.get("best_step", 0))
                self.before_s = report.elapsed_s
                self._load_history()
            case "step":
                self._add_step(report)
            case "eval":
                self.val_loss = math.nan if report.loss is None else report.loss
                self.exact = float(report.details.get("exact", math.nan))
                self.parts = parts_line(report.details)
                if report.best:
                    self.best_loss, self.best_step = self.val_loss, report.step
            case "sample":
                self.sample, self.sample_step = report.text, report.step
            case "warning" | "rollback":
                self.notice = as_flags(report.text)
                self.warnings.append(self.notice)
            case "save":
                self.saved = True
            case "end":
                self.reason = str(report.details.get("reason", "finished"))

    def _load_history(self) -> None:
        """Set the losses from the history of a resumed run."""
        for point in self.history.train[-10:]:
            self.train_loss.add(point.loss)
        if self.history.evaluations:
            self.val_loss = self.history.evaluations[-1].loss
        best = self.history.best
        if best is not None and math.isnan(self.best_loss):  # evaluated after the save that is resumed
            self.best_loss, self.best_step = best.loss, int(best.step)

    @property
    def of_pairs(self) -> bool:
        """Whether the data are pairs."""
        return "pairs" in self.start

    @property
    def documents(self) -> bool:
        """Whether each line of the text is a document."""
        return bool(self.start.get("config", {}).get("train", {}).get("documents"))

    def _add_step(self, report: Report) -> None:
        self.learning_rate, self.grad_norm = report.learning_rate, report.grad_norm
        self.chars_per_s.add(report.chars_per_s)
        self.train_loss.add(report.loss)
        self.published_loss = float(report.details.get("smooth_loss", math.nan))

    def fail(self, error: BaseException | None) -> None:
        """Record the error that ended the run, if any."""
        if isinstance(error, DivergedError):
            self.reason = self.history.reason = "diverged"
            self.verdict = judged(self.history)

    @property
    def fraction(self) -> float:
        """Share of the run's updates that are finished, 0 to 1."""
        return min(self.step / self.steps, 1.0) if self.steps else 0.0

    def elapsed_s(self, now_s: float) -> float:
        """Seconds since the first report."""
        return now_s - self.started_s if self.started_s is not None else 0.0

    def remaining_s(self, now_s: float) -> float:
        """Return the seconds to the end, by the budget or the recent pace; NaN before the second update."""
        if math.isfinite(self._ends_s):
            return max(self._ends_s - now_s, 0.0)
        if len(self._marks) < 2:
            return math.nan
        first_s, (last_step, last_s) = self._marks[0][1], self._marks[-1]
        recent_s = last_s - RECENT * (last_s - first_s)
        step, then_s = next(mark for mark in reversed(self._marks[:-1]) if mark[1] <= recent_s)
        return max((last_s - then_s) / (last_step - step) * (self.steps - last_step) - (now_s - last_s), 0.0)

    def _mark(self, report: Report, now_s: float) -> None:
        """Record the time of the update; with a budget of minutes, set the time of the end."""
        self._ends_s = now_s + float(report.details.get("left_s", self._ends_s - now_s))
        if report.event in ("start", "rollback"):
            self._marks.clear()
        if report.event in ("start", "step", "rollback") and (not self._marks or report.step > self._marks[-1][0]):
            self._marks.append((report.step, now_s))
        if len(self._marks) > MARKS:
            del self._marks[1::2]
