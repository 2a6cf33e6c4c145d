"""The files of a run's folder: ``last.npz``, ``best.npz``, ``log.jsonl``, ``config.json``.

A save writes in this order. If the process dies in between, the run resumes from the save before::

    log.jsonl (appended) → config.json (if it changed) → best.npz (if it is the best) → last.npz

``last.npz`` holds the length of the log. Lines beyond it belong to updates that are not in the checkpoint; `resume`
removes them.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import math
from collections.abc import Mapping
from pathlib import Path
from reprlib import repr as brief
from typing import Any, Protocol

from charlm.checkpoint import Journal, clear_run_folder, save, write_json
from charlm.checkpoint.locate import BEST, LAST
from charlm.config import TrainConfig
from charlm.errors import CheckpointError, DiskError
from charlm.models.learner import Learner
from charlm.nn.arrays import FloatArray
from charlm.runs.report import Report

__all__ = ["CONFIG", "LOG", "RunWriter", "settings_of"]

LOG, CONFIG = "log.jsonl", "config.json"


class Counters(Protocol):
    """The counters of a run's progress."""

    step: int
    best_step: int
    best_loss: float


class WrittenRun(Protocol):
    """The parts of a run that are stored; `charlm.training.trainer.Trainer` is one."""

    learner: Learner
    config: TrainConfig

    @property
    def progress(self) -> Counters:
        """The run's counters."""

    @property
    def averaged(self) -> Learner:
        """The learner that is evaluated, shown and stored as the best."""

    def complete(self, learner: Learner) -> Any:
        """Return the model that is stored for a learner."""

    def record(self) -> dict[str, Any]:
        """Return everything but tensors that resuming needs, for JSON."""

    def tensors(self) -> Mapping[str, FloatArray]:
        """Return the tensors that resuming needs beside the weights."""


class RunWriter:
    """The writer of a run's files.

    Parameters
    ----------
    folder : Path
        It exists, and the caller has locked it.
    origin : mapping
        The origin of the text, stored with the run; `charlm resume` reads the text from it.
    fresh : bool
        Whether the first save removes the files of an earlier run.
    """

    def __init__(self, folder: Path, origin: Mapping[str, Any], *, fresh: bool) -> None:
        self.folder, self.origin, self._fresh = folder, dict(origin), fresh
        self._log, self._pending = Journal(folder / LOG), list[str]()
        self._settings: dict[str, Any] = {}

    @property
    def saved(self) -> bool:
        """Whether the folder holds a checkpoint of this run."""
        return not self._fresh

    def resume(self, run: WrittenRun, record: Mapping[str, Any]) -> None:
        """Make the other files consistent with ``last.npz``, however the run ended.

        Parameters
        ----------
        run : WrittenRun
            Restored from that checkpoint.
        record : mapping
            The checkpoint's.

        Raises
        ------
        CheckpointError
            If the record has no valid length of the log.
        DiskError
            If the system refuses.
        """
        if record.get("replaces"):  # the run ended before the older run was removed
            clear_run_folder(self.folder)
        step, progress = run.progress.step, run.progress
        if "log_bytes" in record:
            size = record["log_bytes"]
            if type(size) is not int or size < 0:
                raise CheckpointError(
                    f"the run cannot be resumed: its record garbles log_bytes, {brief(size)}; train a new model"
                )
            self._log.truncate(size, keep=lambda line: _is_end(line, step))
        if math.isfinite(progress.best_loss) and progress.best_step == step and not (self.folder / BEST).exists():
            self.save_best(run)

    def log(self, report: Report) -> None:
        """Add an event to the log. It is written at the next save, a "save" or "end" at once.

        Raises
        ------
        DiskError
            If the system refuses.
        """
        self._pending.append(json.dumps(report.to_json(), ensure_ascii=True, allow_nan=False) + "\n")
        if self.saved and report.event in ("save", "end"):  # without a checkpoint there is no log
            self.flush()

    def save(self, run: WrittenRun, *, best: bool) -> Path:
        """Write ``last.npz``, and ``best.npz`` if these are the best weights; each atomically.

        Raises
        ------
        DiskError
            If the system refuses; the checkpoints are then unchanged.
        """
        if self._fresh and any((self.folder / name).exists() for name in (LAST, BEST)):
            self._save_last(run, replaces=True)  # the old run is removed once the new one is safe
        with contextlib.ExitStack() as undo:
            if self._fresh:
                clear_run_folder(self.folder)
                undo.callback(self._clear_again)
            self.flush()
            self._write_settings(run)
            if best:
                self.save_best(run)
            self._save_last(run)
            undo.pop_all()
        self._fresh = False
        return self.folder / LAST

    def save_best(self, run: WrittenRun) -> Path:
        """Write ``best.npz`` alone.

        Raises
        ------
        DiskError
            If the system refuses.
        """
        save(run.complete(run.averaged), self.folder / BEST, training=self._record(run))
        return self.folder / BEST

    def flush(self) -> None:
        """Append the new events to ``log.jsonl`` and sync it to the disk.

        Raises
        ------
        DiskError
            If the system refuses; the log is then unchanged.
        """
        self._log.append(self._pending)
        self._pending.clear()

    def _save_last(self, run: WrittenRun, **more: bool) -> None:
        record = {**self._record(run), **more}
        save(run.complete(run.learner), self.folder / LAST, training=record, tensors=run.tensors())

    def _write_settings(self, run: WrittenRun) -> None:
        settings = settings_of(run.learner, run.config) | self.origin
        if settings != self._settings:  # a budget of minutes changes the number of steps
            write_json(self.folder / CONFIG, settings)
            self._settings = settings

    def _clear_again(self) -> None:
        """Remove the files of a first save that failed before its checkpoint was written."""
        if not (self.folder / LAST).exists():
            with contextlib.suppress(DiskError):
                clear_run_folder(self.folder)

    def _record(self, run: WrittenRun) -> dict[str, Any]:
        return {
            "train": dataclasses.asdict(run.config),
            "origin": self.origin,
            "log_bytes": self._log.size,
            **run.record(),
        }


def settings_of(learner: Learner, config: TrainConfig) -> dict[str, Any]:
    """Return a run's settings, ``model`` and ``train``, for JSON."""
    description = learner.describe()
    members = {name: description[name] for name in ("members",) if name in description}
    return {"model": description.get("model", description), "train": dataclasses.asdict(config), **members}


def _is_end(line: bytes, step: int) -> bool:
    """Whether a line of the log is the save after `step` updates, or the end of the run there."""
    with contextlib.suppress(ValueError):
        event = json.loads(line)
        return isinstance(event, dict) and event.get("event") in ("save", "end") and event.get("step") == step
    return False
