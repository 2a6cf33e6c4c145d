"""Which run is to be resumed: the one that is named, else the newest that is not finished."""

from __future__ import annotations

from pathlib import Path

import typer
from rich.console import Console
from rich.text import Text

from charlm.checkpoint import RunInfo, describe_runs, find_model, find_run, lock_run_folder
from charlm.checkpoint.locate import BEST, LAST, kind_of, run_name
from charlm.cli.streams import stdin_is_terminal
from charlm.errors import CheckpointError, RunLockedError
from charlm.models.language_model import CharModel
from charlm.runs.history import read_log
from charlm.runs.writer import LOG
from charlm.ui.sanitize import visible_line
from charlm.ui.wording import argument, farther

__all__ = ["named_run", "newest_run", "offer_unfinished_run"]


def named_run(name: str) -> Path:
    """Return the folder of a run, given by its path, its name or one of its checkpoints.

    Raises
    ------
    CheckpointError
        If there is no such run, or it has only weights.
    """
    found = find_run(name)
    folder = found.parent if found.name in (LAST, BEST) and not found.is_dir() else found
    if not (folder / LAST).is_file():
        model = find_model(name)  # or it is no model at all, and says so
        missing = Path(name, LAST) if found.is_dir() else folder / LAST  # as the run was named
        where = f"there is no checkpoint {str(missing)!r}" if folder.is_dir() else f"{name!r} is no run"
        fine_tune = f"fine-tune the weights with charlm train --init-from {argument(name)}"
        remedy = fine_tune if kind_of(model) == CharModel.kind else "train a new run"
        raise CheckpointError(f"{where} to resume; {remedy}")
    return folder


def newest_run() -> Path:
    """Return the folder of the newest run of one's own.

    Raises
    ------
    CheckpointError
        If there is none.
    """
    return Path(_own_runs()[0].path).parent


def offer_unfinished_run(console: Console, *, quiet: bool) -> Path | None:
    """Return the folder of the newest unfinished run that no other process works on.

    One that diverged is left out: it would again, at the same update. On a terminal a person is asked; elsewhere it
    is said which one it is.

    Parameters
    ----------
    console : Console
        On standard error.
    quiet : bool
        Neither ask nor say.

    Returns
    -------
    Path or None
        None where nothing is to be done, which has been said.

    Raises
    ------
    CheckpointError
        If there is no run at all.
    """
    runs = _own_runs()
    unfinished = [run for run in runs if run.unfinished and not _diverged(run)]
    if not unfinished:
        if not quiet:
            _say(console, _nothing_to_do(runs[0]))
        return None
    run = next((run for run in unfinished if not _in_use(run)), unfinished[0])
    folder = Path(run.path).parent
    if quiet:
        return folder
    what = f"{visible_line(str(folder))}, step {run.step:,} of {run.steps:,}"
    if not (stdin_is_terminal() and console.is_terminal):
        _say(console, f"resuming {what}")
    elif not typer.confirm(f"resume {what}?", default=True, err=True):
        _say(console, "nothing is done; charlm info lists the runs, charlm resume RUN continues one")
        return None
    return folder


def _own_runs() -> list[RunInfo]:
    own = [run for run in describe_runs() if not run.shipped]
    if not own:
        raise CheckpointError("there is no run to resume; train one first: charlm train")
    return own


def _nothing_to_do(newest: RunInfo) -> str:
    where = argument(run_name(Path(newest.path).parent))
    if newest.unfinished:
        return (
            f"run {where} diverged, and would again; train a new model with a lower --learning-rate or "
            f"--on-nan rollback, or insist with charlm resume {where}"
        )
    total = farther(newest.step or 0, minutes=newest.minutes)
    return f"no run is unfinished; a larger total continues one, as in charlm resume {where} {total}"


def _diverged(run: RunInfo) -> bool:
    return read_log(Path(run.path).parent / LOG).reason == "diverged"


def _in_use(run: RunInfo) -> bool:
    try:
        with lock_run_folder(Path(run.path).parent):
            return False
    except RunLockedError:
        return True


def _say(console: Console, line: str) -> None:
    console.print(Text(line), soft_wrap=True)
