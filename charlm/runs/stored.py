"""The stored history of a run: its ``log.jsonl``, else its checkpoint."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from charlm.checkpoint import find_model, find_run, read_meta
from charlm.checkpoint.locate import BEST, LAST
from charlm.errors import CheckpointError
from charlm.runs.history import History, read_log
from charlm.runs.writer import LOG

__all__ = ["checkpoint_history", "find_history", "name_runs", "read_history"]


def find_history(path: str | Path) -> History:
    """Return the history of a run that has curves.

    Parameters
    ----------
    path : str or Path
        A run folder, the name of a run, or a checkpoint. The log is searched beside ``last.npz`` and ``best.npz``.

    Raises
    ------
    CheckpointError
        If there is no such run, or it has no curves.
    """
    history = read_history(path)
    if not history.train and not history.evaluations:
        raise CheckpointError(f"run {str(path)!r} has no losses to show; give a run that was trained")
    return history


def read_history(path: str | Path) -> History:
    """Return the history of a run as `find_history` does, even if it has no curves.

    Raises
    ------
    CheckpointError
        If there is no such run.
    """
    path = find_run(path)
    logged = _logged(path)
    return logged if logged.train or logged.evaluations else checkpoint_history(read_meta(find_model(path)))


def checkpoint_history(meta: dict[str, Any]) -> History:
    """Return the history in a checkpoint's metadata, a point for each evaluation."""
    training, symbols = _object(meta, "training"), _object(meta, "vocabulary").get("symbols")
    history = History()
    history.add(
        {
            "event": "start",
            "step": 0,
            "steps": _object(training, "train").get("steps"),
            "vocabulary": len(symbols) if isinstance(symbols, list) else None,
            "config": {"model": meta.get("model"), "train": training.get("train")},
            "baseline": _object(training, "origin").get("baseline"),
        }
    )
    history.add_entries(_object(training, "progress").get("history"))
    if 0 < history.steps <= history.last_step:
        history.reason = "finished"
    return history


def name_runs(paths: Sequence[str]) -> list[str]:
    """Return labels of runs: the names of their folders, or their paths if names are the same."""
    names = [_folder(Path(path).absolute()).name or path for path in paths]
    return [path if names.count(name) > 1 else name for path, name in zip(paths, names, strict=True)]


def _logged(path: Path) -> History:
    return read_log(_folder(path) / LOG)  # empty for any other file


def _folder(path: Path) -> Path:
    """Return the run folder of a path, which may be one of its checkpoints."""
    return path.parent if path.name in (LAST, BEST) and not path.is_dir() else path


def _object(values: dict[str, Any], name: str) -> dict[str, Any]:
    value = values.get(name)
    return value if isinstance(value, dict) else {}
