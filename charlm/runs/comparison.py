"""`compare_runs`: settings, results and speed of several runs."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from charlm.checkpoint import describe_model, find_model
from charlm.runs.history import History
from charlm.runs.stored import find_history, name_runs

__all__ = ["ComparedRun", "compare_runs", "differing_settings"]


@dataclass(frozen=True, slots=True, eq=False)
class ComparedRun:
    """A run in a comparison.

    Parameters
    ----------
    name, path : str
        Its label, and the checkpoint that `find_model` finds.
    settings : mapping
        Of model and training, by name, and the unit of the losses.
    history : History
    parameters : int
    minutes : float
        Time of training; nan if unknown.
    chars_per_s : float
        Characters trained on in a second, evaluations included; nan if unknown.
    """

    name: str
    path: str
    settings: Mapping[str, Any]
    history: History
    parameters: int
    minutes: float
    chars_per_s: float

    def to_json(self) -> dict[str, Any]:
        """Return the run's entry of ``charlm compare --json``."""
        best = self.history.best
        return {
            "name": self.name,
            "path": self.path,
            "settings": dict(self.settings),
            "parameters": self.parameters,
            "step": int(self.history.last_step),
            "best_loss": best and best.loss,
            "minutes": self.minutes,
            "chars_per_s": self.chars_per_s,
        }


def compare_runs(paths: Sequence[str]) -> list[ComparedRun]:
    """Read runs for a comparison.

    Parameters
    ----------
    paths : sequence of str
        Run folders, names of runs or checkpoints.

    Raises
    ------
    CheckpointError
        If one is missing or damaged, or has no losses.
    """
    return [_compared(name, path) for name, path in zip(name_runs(paths), paths, strict=True)]


def _compared(name: str, path: str) -> ComparedRun:
    history, info = find_history(path), describe_model(find_model(path))
    training = info.training.get("train")
    networks = sum("parameters" in member for member in info.members) or 1
    settings = {"unit": info.unit, **info.config, **(training if isinstance(training, dict) else {})}
    if info.targets is None and info.unit != "number":
        settings |= {"members": networks, "counts": any("order" in member for member in info.members)}
    ends = [points[-1].elapsed_s for points in (history.train, history.evaluations) if points]
    elapsed_s = max(ends, default=math.nan)
    read = history.last_step * history.setting("train", "batch_size") * history.setting("train", "seq_length")
    speed = read / elapsed_s if elapsed_s > 0 else math.nan
    return ComparedRun(name, info.path, settings, history, info.parameters, elapsed_s / 60, speed)


def differing_settings(runs: Sequence[ComparedRun]) -> dict[str, list[Any]]:
    """Return the settings that differ between runs, each with its values; None for a run without it."""
    names = dict.fromkeys(name for run in runs for name in run.settings)
    values = {name: [run.settings.get(name) for run in runs] for name in names}
    return {name: found for name, found in values.items() if any(value != found[0] for value in found)}
