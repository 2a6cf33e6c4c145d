"""The search for a checkpoint: a file, a run folder, the name of a run, or the newest run."""

from __future__ import annotations

import contextlib
import difflib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from charlm.checkpoint.reading_errors import as_checkpoint_error
from charlm.errors import CheckpointError

__all__ = [
    "BEST",
    "LAST",
    "RUNS",
    "SHIPPED",
    "SHIPPED_FOLDERS",
    "StoredRun",
    "find_model",
    "find_run",
    "is_checkpoint",
    "kind_of",
    "list_runs",
    "newest_run",
    "run_name",
]

RUNS = Path("checkpoints")
SHIPPED = "pretrained"
LAST, BEST = "last.npz", "best.npz"
COMMANDS_OF_KIND = {
    "language model": "charlm sample, console, eval and score take it",
    "mixture": "charlm sample, console, eval and score take it",
    "series model": "Python takes it, charlm.load(path).generate(start, steps)",
    "transducer": "charlm transduce and eval take it",
}
"""Commands for a model, by its kind."""
_PACKAGE = Path(__file__).parents[1]
SHIPPED_FOLDERS = (_PACKAGE / SHIPPED, _PACKAGE.parent / RUNS / SHIPPED)
"""Folders of the models that come with charlm: in the installed package, beside it in a checkout."""
_ZIP = b"PK\x03\x04"
_NAME = slice(30, 256)  # bytes with the name of the first member of a zip archive


@dataclass(frozen=True, slots=True)
class StoredRun:
    """A folder with a checkpoint.

    Parameters
    ----------
    name : str
        Relative to the folder of runs.
    file : Path
        Its ``last.npz``, or without one its ``best.npz``.
    saved_s : float
        Time of writing: seconds since 1970.
    shipped : bool
        Whether it came with charlm.
    """

    name: str
    file: Path
    saved_s: float
    shipped: bool = False


def list_runs(root: Path = RUNS) -> list[StoredRun]:
    """List the runs in a folder, the newest first, and after them the models that came with charlm.

    Raises
    ------
    CheckpointError
        If the folder cannot be read. A missing folder has no runs.
    """
    own = [run for run in _runs_in(root) if run.name != SHIPPED]
    shipped: dict[str, StoredRun] = {}
    for folder in (root / SHIPPED, *SHIPPED_FOLDERS):
        for run in _runs_in(folder):
            shipped.setdefault(run.name, replace(run, name=f"{SHIPPED}/{run.name}", shipped=True))
    return own + list(shipped.values())


def find_run(name: str | Path, *, root: Path = RUNS) -> Path:
    """Return the file or folder of a name.

    Parameters
    ----------
    name : str or Path
        A path, or the name of a run of `list_runs`. A run takes precedence over a folder without a checkpoint.
    root : Path
        The folder of runs.

    Raises
    ------
    CheckpointError
        If there is no such path and no such run.
    """
    path = Path(name)
    with as_checkpoint_error(path):
        exists = path.exists()
        if exists and not (path.is_dir() and _checkpoint_in(path) is None):
            return path
    runs = {run.name: run.file.parent for run in list_runs(root)}
    if path.as_posix() in runs:
        return runs[path.as_posix()]
    if exists:
        return path
    raise CheckpointError(f"there is no checkpoint {str(path)!r}; {_remedy(path, runs)}")


def newest_run(kind: str | None = None, *, root: Path = RUNS) -> StoredRun:
    """Return the newest run by the time of its ``last.npz``, a user's own before one that came with charlm.

    Parameters
    ----------
    kind : str, optional
        Kind of the model: ``"transducer"``, or ``"language model"``, to which mixtures belong. A run with an
        unreadable checkpoint matches every kind, so that its damage is reported.
    root : Path
        The folder of runs.

    Raises
    ------
    CheckpointError
        If there is none.
    """
    runs = list_runs(root)
    matching = {"language model": {"language model", "mixture", None}}.get(str(kind), {kind, None})
    for run in runs:
        if kind is None or kind_of(run.file) in matching:
            return run
    training = 'charlm train `pairs="FILE.tsv"`' if kind == "transducer" else "charlm train"
    if not runs:
        raise CheckpointError(f"there is no run in {str(root)!r}; train one first: {training}")
    other = str(kind_of(runs[0].file))
    beside = f" (the newest run holds a {other}: {COMMANDS_OF_KIND[other]})" if other in COMMANDS_OF_KIND else ""
    raise CheckpointError(f"no run in {str(root)!r} holds a {kind}; train one first: {training}{beside}")


def kind_of(file: Path) -> str | None:
    """Return the kind of model in a checkpoint; None if it cannot be read."""
    from charlm.checkpoint.npz import read_meta  # here, so that the completion of names does not import NumPy

    try:
        return str(read_meta(file).get("kind", "language model"))  # the only kind of the first files
    except CheckpointError:
        return None


def find_model(path: str | Path | None = None, *, root: Path = RUNS) -> Path:
    """Return the checkpoint file of a path or name.

    Parameters
    ----------
    path : str or Path, optional
        A file, a run folder, or the name of a run: of a run its ``best.npz``, else its ``last.npz``. None takes the
        newest run by the time of its ``last.npz``, a user's own before one that came with charlm.
    root : Path
        The folder of runs.

    Raises
    ------
    CheckpointError
        If there is none.
    """
    if path is None:
        run = newest_run(root=root)
        return _checkpoint_in(run.file.parent) or run.file
    found = find_run(path, root=root)
    with as_checkpoint_error(found):
        file = _checkpoint_in(found) if found.is_dir() else found
        if file is None:
            raise CheckpointError(
                f"folder {str(found)!r} holds neither {BEST} nor {LAST}; give a run folder, or train one first"
            )
        if file.is_file() and not _is_npz(file):
            raise CheckpointError(
                f"{str(path)!r} is no model but a text or another file; "
                f"charlm info lists the models, charlm train makes one of a text"
            )
    return file


def run_name(folder: str | Path) -> str:
    """Return the name of a run for messages: its name if `find_run` finds it, else the path of its folder."""
    path = Path(folder)
    if path.parent == RUNS and not path.name.startswith("-") and not Path(path.name).exists():
        with contextlib.suppress(CheckpointError):
            if find_run(path.name) == path:
                return path.name
    return str(path)


def is_checkpoint(path: Path) -> bool:
    """Return whether a path is a checkpoint, damaged or not: a run folder, or ``.npz`` by name or content."""
    if path.is_dir():
        return _checkpoint_in(path) is not None
    try:
        return path.is_file() and _is_npz(path)
    except OSError:
        return False


def _is_npz(file: Path) -> bool:
    if file.suffix.lower() == ".npz":
        return True
    with file.open("rb") as stream:
        begin = stream.read(_NAME.stop)
    return begin.startswith(_ZIP) and b".npy" in begin[_NAME]  # texts may be in zip archives too


def _checkpoint_in(folder: Path) -> Path | None:
    return next((folder / name for name in (BEST, LAST) if (folder / name).is_file()), None)


def _remedy(path: Path, runs: Iterable[str]) -> str:
    """Return the remedy for an unknown name: a similar name, or the list of runs."""
    known = {run.rpartition("/")[2].lower(): run for run in reversed([*runs])}
    known |= {file.stem.lower(): str(file) for file in path.parent.glob("*.npz")}
    name = path.parent.name if path.name in (BEST, LAST) else path.name.removesuffix(".npz")
    similar = [known[one] for one in difflib.get_close_matches(name.lower(), known)]
    if similar:
        return f"did you mean {' or '.join(map(repr, similar))}? charlm info lists the runs"
    return "check the name, or train one first (charlm info lists the runs)"


def _runs_in(root: Path) -> list[StoredRun]:
    if not root.is_dir():
        return []
    runs = []
    with as_checkpoint_error(root):
        for folder in root.iterdir():
            file = next((folder / name for name in (LAST, BEST) if (folder / name).is_file()), None)
            if file is not None:
                runs.append(StoredRun(folder.name, file, file.stat().st_mtime))
    return sorted(runs, key=lambda run: (-run.saved_s, run.name))
