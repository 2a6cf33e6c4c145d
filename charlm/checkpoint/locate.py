"""Which checkpoint is meant: a file, a run folder, or the newest run there is."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from charlm.checkpoint.npz import explained
from charlm.errors import CheckpointError

__all__ = ["BEST", "LAST", "RUNS", "SHIPPED", "Run", "find_model", "list_runs"]

RUNS = Path("checkpoints")
SHIPPED = "pretrained"
LAST, BEST = "last.npz", "best.npz"


@dataclass(frozen=True, slots=True)
class Run:
    """A folder with a checkpoint in it.

    Parameters
    ----------
    name : str
        Relative to the folder of runs.
    file : Path
        Its ``last.npz``, without one its ``best.npz``.
    saved_s : float
        When that was written: seconds since 1970.
    shipped : bool
        Whether it came with charlm.
    """

    name: str
    file: Path
    saved_s: float
    shipped: bool = False


def list_runs(root: Path = RUNS) -> list[Run]:
    """List the runs in a folder: a user's own before those that came with charlm, the newest first.

    Raises
    ------
    CheckpointError
        If the folder cannot be read. One that does not exist has no runs.
    """
    own = [run for run in _runs_in(root) if run.name != SHIPPED]
    shipped = [replace(run, name=f"{SHIPPED}/{run.name}", shipped=True) for run in _runs_in(root / SHIPPED)]
    return own + shipped


def find_model(path: str | Path | None = None, *, root: Path = RUNS) -> Path:
    """Return the checkpoint file that is meant.

    Parameters
    ----------
    path : str or Path, optional
        A file, or a run folder: its ``best.npz``, else its ``last.npz``. None takes the newest run by the
        time of its ``last.npz``, a user's own before one that came with charlm.
    root : Path
        The folder of runs.

    Raises
    ------
    CheckpointError
        If there is none.
    """
    if path is None:
        runs = list_runs(root)
        if not runs:
            raise CheckpointError(f"there is no run in {str(root)!r}; train one first: charlm train")
        return _checkpoint_in(runs[0].file.parent)
    with explained(Path(path)):
        if Path(path).is_dir():
            return _checkpoint_in(Path(path))
        Path(path).stat()  # a missing file is told here, in the same words
    return Path(path)


def _checkpoint_in(folder: Path) -> Path:
    for name in (BEST, LAST):
        if (folder / name).is_file():
            return folder / name
    raise CheckpointError(
        f"folder {str(folder)!r} holds neither {BEST} nor {LAST}; give a run folder, or train one first"
    )


def _runs_in(root: Path) -> list[Run]:
    if not root.is_dir():
        return []
    runs = []
    with explained(root):
        for folder in root.iterdir():
            file = next((folder / name for name in (LAST, BEST) if (folder / name).is_file()), None)
            if file is not None:
                runs.append(Run(folder.name, file, file.stat().st_mtime))
    return sorted(runs, key=lambda run: (-run.saved_s, run.name))
