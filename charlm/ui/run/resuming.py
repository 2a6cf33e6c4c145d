"""Runs to be resumed, in lines: which one is meant, and what is said where there is nothing to do."""

from __future__ import annotations

from pathlib import Path

from charlm.checkpoint import RunInfo
from charlm.checkpoint.locate import run_name
from charlm.ui.flags import argument, farther
from charlm.ui.sanitize import visible_line

__all__ = ["already_finished", "nothing_to_resume", "progress_of"]


def progress_of(run: RunInfo) -> str:
    """Name a run and how far it is."""
    return f"{visible_line(str(Path(run.path).parent))}, step {run.step:,} of {run.steps:,}"


def nothing_to_resume(newest: RunInfo) -> str:
    """Tell how the newest run could be continued, where none is unfinished or it diverged."""
    where = argument(run_name(Path(newest.path).parent))
    if newest.unfinished:
        return (
            f"run {where} diverged, and would again; train a new model with a lower --learning-rate or "
            f"--on-nan rollback, or insist with charlm resume {where}"
        )
    total = farther(newest.step or 0, minutes=newest.minutes)
    return f"no run is unfinished; a larger total continues one, as in charlm resume {where} {total}"


def already_finished(folder: Path, step: int, minutes: float | None) -> str:
    """Tell that a run is finished, and the total that would continue it."""
    enough = farther(step, minutes=minutes)
    return (
        f"run {str(folder)!r} is finished after {step:,} steps; "
        f"give a larger total to resume it, for example {enough}"
    )
