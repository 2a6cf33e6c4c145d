"""The live training dashboard, and the choice between it, plain lines and silence.

Demonstration: ``python -m charlm.ui.run.dashboard [SECONDS_A_STEP]``.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from types import TracebackType
from typing import Protocol

from rich.console import Console
from rich.live import Live
from rich.text import Text

from charlm.runs.history import History
from charlm.runs.report import Report
from charlm.ui.run.plain import PlainProgress, Silence
from charlm.ui.run.state import RunState
from charlm.ui.run.summary import print_summary
from charlm.ui.run.view import RunView
from charlm.ui.sanitize import visible_line

__all__ = ["Dashboard", "Display", "open_display"]


class Display(Protocol):
    """The display of a run, a context manager: entered at the start of a command, left after the last report."""

    def __enter__(self) -> Display:
        """Begin."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End, and print a summary."""

    def phase(self, name: str) -> None:
        """Show a phase before the first update."""

    def begin(self, name: str, history: History | None) -> None:
        """Set the name of the run, and the history of a resumed run."""

    def add(self, report: Report) -> None:
        """Show the next report."""

    def notice(self, message: str) -> None:
        """Show a message at once."""

    def remark(self, message: str) -> None:
        """Show a message at once, and again after the run."""


class Dashboard:
    """The full-screen display of a run, with a summary on the normal screen at the end.

    It uses the terminal's alternate screen: nothing scrolls or flickers, a resize leaves no broken lines, and the
    normal screen is restored.

    Parameters
    ----------
    console : Console
        A terminal, usually standard error.
    name : str
        Name of the run.
    clock : callable
        Seconds from any origin.
    """

    REFRESHES_PER_S = 4  # drawing takes some milliseconds from the training

    def __init__(
        self,
        console: Console,
        *,
        name: str,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._console = console
        self._clock = clock
        self._state = RunState(name)
        self._remarks: list[str] = []
        self._live = Live(
            get_renderable=self._view,
            console=console,
            screen=True,
            refresh_per_second=self.REFRESHES_PER_S,
            redirect_stdout=False,
            redirect_stderr=False,
        )

    def _view(self) -> RunView:
        return RunView(self._state, self._clock())

    def __enter__(self) -> Dashboard:
        """Begin; the first phase or report switches to the alternate screen."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Restore the normal screen and print the summary."""
        self._live.stop()
        self._state.fail(error)
        for remark in self._remarks:
            self._console.print(Text(visible_line(remark)), soft_wrap=True)
        if self._state.started_s is not None:
            print_summary(self._console, self._state, self._clock())

    def phase(self, name: str) -> None:
        """Show a phase before the first update at once."""
        self._state.enter_phase(name, self._clock())
        self._live.start()
        self._live.refresh()

    def begin(self, name: str, history: History | None) -> None:
        """Set the name of the run, and the history of a resumed run."""
        self._state.begin(name, history)

    def add(self, report: Report) -> None:
        """Add the next report; the screen shows it within a quarter of a second."""
        self._state.add(report, self._clock())
        self._live.start()

    def notice(self, message: str) -> None:
        """Show a message at once."""
        self._state.notice = message
        self._live.refresh()

    def remark(self, message: str) -> None:
        """Show a message at once, and again above the summary."""
        self._remarks.append(message)
        self.notice(message)


def open_display(console: Console, *, name: str, quiet: bool = False) -> Display:
    """Choose a display: dashboard on a capable terminal, plain lines elsewhere, nothing if `quiet`."""
    if quiet:
        return Silence()
    if console.is_terminal and not console.is_dumb_terminal and not console.options.ascii_only:
        return Dashboard(console, name=name)
    return PlainProgress(console, name=name)


if __name__ == "__main__":
    import sys

    from charlm.ui.run.demo import reports

    pause_s = float(sys.argv[1]) if len(sys.argv) > 1 else 0.02
    with open_display(Console(stderr=True), name="demonstration") as screen:
        for report in reports():
            screen.add(report)
            time.sleep(pause_s)
