"""The choice of the run for ``charlm resume``: the named one, else the newest unfinished one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from charlm import ui
from charlm.cli.terminal.streams import print_lines, stdin_is_terminal
from charlm.training import preparation

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["chosen_run"]


def chosen_run(name: str | None, console: Console, *, larger: bool, quiet: bool) -> Path | None:
    """Return the folder of the run to resume.

    Without a name it is the newest unfinished run: a terminal shows a prompt, otherwise a line names the run.

    Parameters
    ----------
    name : str, optional
    console : Console
        On standard error.
    larger : bool
        Whether a new total is given; the default is then the newest run, which may be finished.
    quiet : bool
        Neither ask nor report.

    Returns
    -------
    Path or None
        None if there is nothing to do, which has been reported.

    Raises
    ------
    CheckpointError
        If there is no such run, or none at all.
    """
    if name is not None:
        return preparation.named_run(name)
    runs = preparation.own_runs()
    run = runs[0] if larger else preparation.newest_unfinished(runs)
    if run is None:
        if not quiet:
            print_lines(console, ui.nothing_to_resume(runs[0]))
        return None
    folder = Path(run.path).parent
    if quiet or larger:
        return folder
    if not (stdin_is_terminal() and console.is_terminal):
        print_lines(console, f"resuming {ui.progress_of(run)}")
    elif not typer.confirm(f"resume {ui.progress_of(run)}?", default=True, err=True):
        print_lines(console, "nothing is done; charlm info lists the runs, charlm resume RUN continues one")
        return None
    return folder
