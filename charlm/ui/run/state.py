"""What a screen knows about a training run: `RunState`, told one report after the other."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from charlm.errors import DivergedError
from charlm.runs.history import History
from charlm.runs.report import Report, is_finite
from charlm.runs.verdict import Verdict
from charlm.ui.flags import as_flags
from charlm.ui.wording import judged

__all__ = ["RunState", "Smoothed"]

RECENT = 0.25  # of this sitting: the pace that the time left is told from
MARKS = 512


class Smoothed:
    """A running mean that forgets: about the last ten values count.

    The weights are those of an exponential mean, divided by their sum, so that the first value is not pulled
    to zero. What is not finite is left out.
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
        """Take in the next value."""
        if is_finite(value):
            self._sum = self.DECAY * self._sum + (1 - self.DECAY) * value
            self._weight = self.DECAY * self._weight + (1 - self.DECAY)


class RunState:
    """A training run as its reports have told it so far.

    Parameters
    ----------
    name : str
        What to call the run.
    history : History, optional
        Of a run that continues: what it did before.

    Attributes
    ----------
    phase : str
        What is done before the first update; empty from then on.
    phase_s : float
        The clock's seconds when that began.
    before_s : float
        Of a run that continues: seconds that it took before.
    """

    JUDGEMENTS = 200  # of the training loss alone, over the run; each takes a millisecond or two

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
        """Take in what to call the run, and of a run that continues what it did before."""
        self.name = name
        self.history = History() if history is None else history
        self.verdict: Verdict = judged(self.history)

    def enter_phase(self, name: str, now_s: float) -> None:
        """Take in what is done from now on, before the first update."""
        self.phase, self.phase_s = name, now_s

    def add(self, report: Report, now_s: float) -> None:
        """Take in the next report.

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
        if report.event != "step" or report.step % (self.steps // self.JUDGEMENTS + 1) == 0:
            self.verdict = judged(self.history)
        if report.event not in ("start", "warning"):
            self.phase = ""
        match report.event:
            case "start":
                self.start, self.folder = report.details, report.path
                self.best_loss = float(report.details.get("best_loss", math.nan))
                self.best_step = int(report.details.get("best_step", 0))
                self.before_s = report.elapsed_s
                self._take_over()
            case "step":
                self._add_step(report)
            case "eval":
                self.val_loss = math.nan if report.loss is None else report.loss
                self.exact = float(report.details.get("exact", math.nan))
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

    def _take_over(self) -> None:
        """Take the newest losses from what a run that continues did before."""
        for point in self.history.train[-10:]:
            self.train_loss.add(point.loss)
        if self.history.evaluations:
            self.val_loss = self.history.evaluations[-1].loss

    @property
    def of_pairs(self) -> bool:
        """Whether it learns from pairs."""
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
        """Take in what ended the run before its end, if anything did."""
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
        """Seconds to the end, of the budget of minutes, or at the pace of late; NaN before the second update."""
        if math.isfinite(self._ends_s):
            return max(self._ends_s - now_s, 0.0)
        if len(self._marks) < 2:
            return math.nan
        first_s, (last_step, last_s) = self._marks[0][1], self._marks[-1]
        recent_s = last_s - RECENT * (last_s - first_s)
        step, then_s = next(mark for mark in reversed(self._marks[:-1]) if mark[1] <= recent_s)
        return max((last_s - then_s) / (last_step - step) * (self.steps - last_step) - (now_s - last_s), 0.0)

    def _mark(self, report: Report, now_s: float) -> None:
        """Note when the run was where; a budget of minutes says itself when it ends."""
        self._ends_s = now_s + float(report.details.get("left_s", self._ends_s - now_s))
        if report.event in ("start", "rollback"):
            self._marks.clear()
        if report.event in ("start", "step", "rollback") and (not self._marks or report.step > self._marks[-1][0]):
            self._marks.append((report.step, now_s))
        if len(self._marks) > MARKS:
            del self._marks[1::2]
