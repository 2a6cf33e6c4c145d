"""What a run leaves in its folder: ``last.npz``, ``best.npz``, ``log.jsonl``, ``config.json``."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from charlm.checkpoint import clear_run_folder, save, write_json
from charlm.checkpoint.atomic import disk_error
from charlm.checkpoint.locate import BEST, LAST
from charlm.training.report import Report
from charlm.training.trainer import Trainer

__all__ = ["CONFIG", "LOG", "RunWriter"]

LOG, CONFIG = "log.jsonl", "config.json"


class RunWriter:
    """Writes a run's files.

    Parameters
    ----------
    folder : Path
        Exists already, and is locked by the caller.
    origin : mapping
        Where the text came from, to be stored with the run: what `resume` needs to read it again.
    fresh : bool
        Whether the first save removes what an earlier run left here.
    """

    def __init__(self, folder: Path, origin: Mapping[str, Any], *, fresh: bool) -> None:
        self.folder, self.origin, self._fresh = folder, dict(origin), fresh
        self._pending: list[str] = []

    @property
    def saved(self) -> bool:
        """Whether the folder holds a checkpoint of this run."""
        return not self._fresh

    def log(self, report: Report) -> None:
        """Note an event; it reaches the disk with the next save."""
        self._pending.append(json.dumps(report.to_json(), ensure_ascii=True, allow_nan=False) + "\n")

    def save(self, trainer: Trainer, *, best: bool) -> Path:
        """Write ``last.npz``, and ``best.npz`` if these are the best weights; each whole or not at all.

        Raises
        ------
        DiskError
            If the system refuses; the checkpoints are then the ones before.
        """
        record = {
            "train": dataclasses.asdict(trainer.config),
            "origin": self.origin,
            **trainer.record(),
        }
        if best and not self._fresh:
            save(trainer.averaged, self.folder / BEST, training=record)
        save(trainer.model, self.folder / LAST, training=record, tensors=trainer.tensors())
        if self._fresh:  # the new run is safe: now the old one may go
            clear_run_folder(self.folder)
            settings = {"model": dataclasses.asdict(trainer.model.config), "train": record["train"], **self.origin}
            write_json(self.folder / CONFIG, settings)
            if best:
                save(trainer.averaged, self.folder / BEST, training=record)
            self._fresh = False
        self.flush()
        return self.folder / LAST

    def flush(self) -> None:
        """Append the noted events to ``log.jsonl``."""
        path = self.folder / LOG
        try:
            with path.open("a", encoding="ascii", newline="\n") as file:
                file.writelines(self._pending)
        except OSError as error:
            raise disk_error(path, error) from error
        self._pending.clear()
