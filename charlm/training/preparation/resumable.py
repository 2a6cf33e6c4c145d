"""The run to resume: by its name, or the newest unfinished one."""

from __future__ import annotations

from pathlib import Path

from charlm.checkpoint import RunInfo, describe_runs, find_model, find_run, lock_run_folder
from charlm.checkpoint.locate import BEST, LAST, kind_of
from charlm.errors import CheckpointError, RunLockedError
from charlm.models.language_model import CharModel
from charlm.models.mixture import Mixture
from charlm.runs.history import read_log
from charlm.runs.writer import LOG

__all__ = ["named_run", "newest_unfinished", "own_runs"]


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
        model = find_model(name)  # raises an error if it is not a model either
        missing = Path(name, LAST) if found.is_dir() else folder / LAST  # in the words of the caller
        where = f"there is no checkpoint {str(missing)!r}" if folder.is_dir() else f"{name!r} is no run"
        fine_tune = f'fine-tune the weights with charlm train `init_from="{name}"`'
        remedy = fine_tune if kind_of(model) in (CharModel.kind, Mixture.kind) else "train a new run"
        raise CheckpointError(f"{where} to resume; {remedy}")
    return folder


def own_runs() -> list[RunInfo]:
    """Return a user's own runs, the newest first.

    Raises
    ------
    CheckpointError
        If there is none.
    """
    own = [run for run in describe_runs() if not run.shipped]
    if not own:
        raise CheckpointError("there is no run to resume; train one first: charlm train")
    return own


def newest_unfinished(runs: list[RunInfo]) -> RunInfo | None:
    """Return the newest unfinished run, preferably one that is not locked by another process; None without one.

    Diverged runs are left out: they would diverge again at the same update.
    """
    unfinished = [run for run in runs if run.unfinished and not _diverged(run)]
    return next((run for run in unfinished if not _in_use(run)), next(iter(unfinished), None))


def _diverged(run: RunInfo) -> bool:
    return read_log(Path(run.path).parent / LOG).reason == "diverged"


def _in_use(run: RunInfo) -> bool:
    try:
        with lock_run_folder(Path(run.path).parent):
            return False
    except RunLockedError:
        return True
