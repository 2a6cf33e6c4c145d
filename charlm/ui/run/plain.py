"""Progress without a terminal: a plain line every few seconds, or nothing with ``--quiet``."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from types import TracebackType

from rich.console import Console
from rich.text import Text

from charlm.runs.history import History
from charlm.runs.report import Report
from charlm.ui.flags import as_flags
from charlm.ui.run.state import RunState
from charlm.ui.run.summary import print_summary
from charlm.ui.sanitize import visible_line
from charlm.ui.wording import duration, engine_line, model_line, number

__all__ = ["PlainProgress", "Silence"]


class PlainProgress:
    """The plain display of a run, line by line.

    Parameters
    ----------
    console : Console
        The output.
    name : str
        Name of the run.
    clock : callable
        Seconds from any origin.
    every_s : float
        Seconds between two lines of steps; every evaluation has a line.
    patience_s : float
        A phase before the first update that takes longer has a line.
    """

    def __init__(
        self,
        console: Console,
        *,
        name: str,
        clock: Callable[[], float] = time.monotonic,
        every_s: float = 5.0,
        patience_s: float = 1.0,
    ) -> None:
        self._console = console
        self._clock = clock
        self._every_s = every_s
        self._last_s = -math.inf
        self._patience_s = patience_s
        self._waiting: threading.Timer | None = None
        self._state = RunState(name)
        self._printed_verdict = self._state.verdict.word

    def __enter__(self) -> PlainProgress:
        """Begin; prints nothing."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Print the summary."""
        self._end_phase()
        self._state.fail(error)
        if self._state.started_s is not None:
            print_summary(self._console, self._state, self._clock())

    def phase(self, name: str) -> None:
        """Begin a phase before the first update; it is printed if it takes long."""
        self._end_phase()
        self._waiting = threading.Timer(self._patience_s, self._print, [Text(f"{visible_line(name)} …")])
        self._waiting.daemon = True
        self._waiting.start()

    def _end_phase(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting.join()  # otherwise its line might follow a later one
            self._waiting = None

    def begin(self, name: str, history: History | None) -> None:
        """Set the name of the run, and the history of a resumed run."""
        self._state.begin(name, history)
        self._printed_verdict = self._state.verdict.word

    def add(self, report: Report) -> None:
        """Add the next report, and print a line if one is due."""
        if report.event != "start":
            self._end_phase()
        now_s = self._clock()
        state = self._state
        state.add(report, now_s)
        match report.event:
            case "start":
                self._print(Text(f"{visible_line(state.name)}: {model_line(state.start)}"))
                self._print(Text(engine_line(state.start)))
            case "step" if now_s - self._last_s >= self._every_s:
                self._last_s = now_s
                self._print(Text(self._step_line(now_s)))
                self._print_verdict()
            case "eval" if report.loss is not None:
                exact = "" if math.isnan(state.exact) else f", {state.exact:.2%} exact"
                alone = f"; {state.parts}" if state.parts else ""
                note = exact + " (best)" * report.best + alone
                self._print(Text(f"step {report.step:,}: validation {number(report.loss)} nats{note}"))
                self._print_verdict()
            case "warning" | "rollback":
                self._print(Text(f"{report.event}: {visible_line(as_flags(report.text))}"))

    def notice(self, message: str) -> None:
        """Print a message at once."""
        self._print(Text(visible_line(message)))

    def remark(self, message: str) -> None:
        """Print a message at once."""
        self.notice(message)

    def _print_verdict(self) -> None:
        """Print the verdict if it has changed."""
        verdict = self._state.verdict
        if verdict.word not in (self._printed_verdict, "early"):
            self._printed_verdict = verdict.word
            self._print(Text(visible_line(str(verdict))))

    def _step_line(self, now_s: float) -> str:
        state = self._state
        published = math.isfinite(state.published_loss)
        mean = f"{number(state.train_loss.value)} nats"
        loss = f"{state.published_loss:.3f} summed" if published else mean
        where = f"step {state.step:,}/{state.steps:,} ({state.fraction:.0%}), epoch {state.epoch:,.2f}"
        speed = f"{number(state.chars_per_s.value, ',.0f')} characters/s"
        return f"{where}: train {loss}, {speed}, {duration(state.remaining_s(now_s))} left"

    def _print(self, line: Text) -> None:
        self._console.print(line, soft_wrap=True)


class Silence:
    """The silent display: ``--quiet``."""

    def __enter__(self) -> Silence:
        """Begin."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End."""

    def phase(self, name: str) -> None:
        """Ignore a phase."""

    def begin(self, name: str, history: History | None) -> None:
        """Ignore the name of the run."""

    def add(self, report: Report) -> None:
        """Ignore a report."""

    def notice(self, message: str) -> None:
        """Ignore a message."""

    def remark(self, message: str) -> None:
        """Ignore a message."""
