"""`NewRun`: a prepared new run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from charlm.checkpoint import new_run_folder
from charlm.config import TrainConfig
from charlm.models.ensemble import Ensemble
from charlm.models.language_model import CharModel
from charlm.models.transducer import Transducer
from charlm.training.parallel.communicator import ProcessGroup
from charlm.training.preparation.run_data import RunData
from charlm.training.task import Task
from charlm.training.train import RunOptions

__all__ = ["NewRun", "OnPhase", "Trained", "ignore_phase"]

Trained: TypeAlias = CharModel | Ensemble | Transducer
"""The learners that commands train."""
OnPhase: TypeAlias = Callable[[str], None]
"""Takes a description before each phase that takes time, such as "reading the text"."""


def ignore_phase(phase: str) -> None:
    """Ignore a phase."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewRun:
    """A prepared new run.

    Parameters
    ----------
    model : CharModel, Ensemble or Transducer
        With its initial weights.
    config : TrainConfig
    data : RunData
    stem : str
        Name of the data, for a run folder that is not given.
    origin : mapping
        Stored with the run: preset, sources and checksums of the data, and the fine-tuned model.
    remarks : tuple of str
        Notes to the user about the reading: files left out, encodings found, pairs dropped.
    """

    model: Trained
    config: TrainConfig
    data: RunData
    stem: str
    origin: Mapping[str, Any]
    remarks: tuple[str, ...] = ()

    def task(self) -> Task:
        """Encode the data and hold a part of it out."""
        return self.data.task(self.model, self.config)

    def options(
        self,
        out: Path | None = None,
        *,
        force: bool = False,
        started_s: float | None = None,
        group: ProcessGroup | None = None,
    ) -> RunOptions:
        """Create the run folder, and return the options of `charlm.train`.

        Parameters
        ----------
        out : Path, optional
            The folder; by default one under ``checkpoints`` with the name of the data.
        force : bool
            Whether an existing folder may be replaced.
        started_s, group
            As for `RunOptions`.

        Raises
        ------
        UsageError
            If the folder exists.
        DiskError
            If it cannot be created.
        """
        folder = new_run_folder(out, self.stem, force=force)
        return RunOptions(folder=folder, origin=self.origin, started_s=started_s, group=group)
