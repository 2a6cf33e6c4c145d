"""The live training dashboard, and the choice between it, plain lines and silence.

Seen at work: ``python -m charlm.ui.dashboard [SECONDS_A_STEP]``.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from types import TracebackType
from typing import Protocol

from rich.console import Console
from rich.live import Live

from charlm.training.history import History
from charlm.training.report import Report
from charlm.ui.plain import PlainProgress, Silence
from charlm.ui.run_state import RunState
from charlm.ui.run_view import RunView
from charlm.ui.summary import summary

__all__ = ["Dashboard", "Display", "open_display"]


class Display(Protocol):
    """Something that shows a run: entered before the first report, left after the last."""

    def __enter__(self) -> Display:
        """Begin."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End, and leave a summary."""

    def add(self, report: Report) -> None:
        """Take in the next report."""

    def notice(self, message: str) -> None:
        """Tell the person something at once."""


class Dashboard:
    """Show a run on the whole screen while it goes on, and sum it up on the ordinary one when it ends.

    The whole screen is the terminal's second one: it is written over in place, so nothing scrolls or
    flickers, a resize cannot leave torn lines behind, and what stood on the screen before comes back.

    Parameters
    ----------
    console : Console
        A terminal, usually standard error.
    name : str
        What to call the run.
    clock : callable
        Seconds from any origin.
    history : History, optional
        Of a run that goes on: what it did before.
    """

    REFRESHES_PER_S = 4  # drawing takes some milliseconds from the training

    def __init__(
        self,
        console: Console,
        *,
        name: str,
        clock: Callable[[], float] = time.monotonic,
        history: History | None = None,
    ) -> None:
        self._console = console
        self._clock = clock
        self._state = RunState(name, history)
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
        """Take the screen."""
        self._live.start(refresh=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Give the screen back and leave the summary on it."""
        self._live.stop()
        self._state.fail(error)
        for line in summary(self._state, self._clock()):
            self._console.print(line, soft_wrap=True)

    def add(self, report: Report) -> None:
        """Take in the next report; the screen follows within a quarter of a second."""
        self._state.add(report, self._clock())

    def notice(self, message: str) -> None:
        """Show a word to the person at once."""
        self._state.notice = message
        self._live.refresh()


def open_display(
    console: Console,
    *,
    name: str,
    quiet: bool = False,
    clock: Callable[[], float] = time.monotonic,
    history: History | None = None,
) -> Display:
    """Choose a display: dashboard on a capable terminal, plain lines elsewhere, nothing if `quiet`."""
    if quiet:
        return Silence()
    if console.is_terminal and not console.is_dumb_terminal and not console.options.ascii_only:
        return Dashboard(console, name=name, clock=clock, history=history)
    return PlainProgress(console, name=name, clock=clock, history=history)


if __name__ == "__main__":
    import sys

    from charlm.ui.demo import reports

    pause_s = float(sys.argv[1]) if len(sys.argv) > 1 else 0.02
    with open_display(Console(stderr=True), name="demonstration") as screen:
        for report in reports():
            screen.add(report)
            time.sleep(pause_s)
