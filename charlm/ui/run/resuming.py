"""Lines on runs to resume."""

from __future__ import annotations

from pathlib import Path

from charlm.checkpoint import RunInfo
from charlm.checkpoint.locate import run_name
from charlm.ui.flags import argument, larger_total
from charlm.ui.sanitize import visible_line

__all__ = ["already_finished", "nothing_to_resume", "progress_of"]


def progress_of(run: RunInfo) -> str:
    """Return the folder and the progress of a run."""
    return f"{visible_line(str(Path(run.path).parent))}, step {run.step:,} of {run.steps:,}"


def nothing_to_resume(newest: RunInfo) -> str:
    """Return the line on the newest run if it is finished or diverged: the command that continues it."""
    where = argument(run_name(Path(newest.path).parent))
    if newest.unfinished:
        return (
            f"run {where} diverged, and would again; train a new model with a lower --learning-rate or "
            f"--on-nan rollback, or insist with charlm resume {where}"
        )
    total = larger_total(newest.step or 0, minutes=newest.minutes)
    return f"no run is unfinished; a larger total continues one, as in charlm resume {where} {total}"


def already_finished(folder: Path, step: int, minutes: float | None) -> str:
    """Return the line on a finished run, with a total that continues it."""
    total = larger_total(step, minutes=minutes)
    return (
        f"run {str(folder)!r} is finished after {step:,} steps; "
        f"give a larger total to resume it, for example {total}"
    )
