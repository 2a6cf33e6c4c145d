"""Training in a notebook with its progress in the cell: ``for report in progress(charlm.train(…)): …``."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from charlm.extras import load_extra
from charlm.runs.report import Report
from charlm.ui.notebook import renderable_html
from charlm.ui.run.state import RunState
from charlm.ui.run.view import RunView

__all__ = ["progress"]

_EVERY_S = 1.0


def progress(
    reports: Iterable[Report], *, name: str = "run", clock: Callable[[], float] = time.monotonic
) -> Iterator[Report]:
    """Pass the reports of a run on, and show its dashboard in the cell of a notebook while they come.

    Parameters
    ----------
    reports : iterable of Report
        As `charlm.train` yields them.
    name : str
        Of the run, on the dashboard.
    clock : callable
        Seconds from any origin.

    Yields
    ------
    Report

    Raises
    ------
    UsageError
        If the extra ``notebook`` is not installed.

    Examples
    --------
    In a notebook::

        for report in progress(charlm.train(model, text, charlm.TrainConfig(minutes=1))):
            pass
    """
    display: Any = load_extra("IPython.display", package="ipython", extra="notebook", wanted_by="progress")
    state, shown_s = RunState(name), -_EVERY_S
    handle = display.display(display.HTML("<p>starting</p>"), display_id=True)
    for report in reports:
        state.add(report, clock())
        if report.event == "end" or clock() - shown_s >= _EVERY_S:
            shown_s = clock()
            handle.update(display.HTML(renderable_html(RunView(state, shown_s))))
        yield report
