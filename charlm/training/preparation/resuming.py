"""`resumed_run`: the checkpoint of a run that stopped, and its text or pairs read again."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from charlm.blas import available_cores
from charlm.checkpoint import find_model, is_unfinished, load_checkpoint
from charlm.checkpoint.locate import LAST
from charlm.config import TrainConfig, from_mapping
from charlm.errors import CheckpointError, UsageError
from charlm.models.language_model import CharModel
from charlm.models.series import SeriesModel
from charlm.models.transducer import Transducer
from charlm.training.budget import Budget, Plan
from charlm.training.parallel.communicator import ProcessGroup
from charlm.training.plan import steps_of_epochs
from charlm.training.preparation.run_data import RunData, read_run_data
from charlm.training.task import Task
from charlm.training.train import RunOptions

__all__ = ["ResumedRun", "resumed_run"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ResumedRun:
    """A run that is ready to be resumed.

    Parameters
    ----------
    model : CharModel or Transducer
        That of the checkpoint.
    config : TrainConfig
    data : RunData
    options : RunOptions
    step : int
        Updates so far.
    finished : bool
        Whether no update is left.
    minutes : float, optional
        The budget of a run that has one, or the time that it took in the end.
    """

    model: CharModel | Transducer
    config: TrainConfig
    data: RunData
    options: RunOptions
    step: int
    finished: bool
    minutes: float | None

    def task(self) -> Task:
        """Encode the data and hold the same part of it out."""
        return self.data.task(self.model, self.config)


def resumed_run(
    folder: Path,
    *,
    epochs: float | None = None,
    steps: int | None = None,
    minutes: float | None = None,
    workers: int | None = None,
    started_s: float | None = None,
    group: ProcessGroup | None = None,
) -> ResumedRun:
    """Read a run folder so that training can continue.

    Parameters
    ----------
    folder : Path
    epochs, steps, minutes : float, optional
        A new total; one of them at most.
    workers : int, optional
        As many as before when left out.
    started_s, group
        As for `RunOptions`.

    Raises
    ------
    CheckpointError
        If there is no such run, or it cannot be resumed.
    CorpusError
        If its text is no longer there, or has changed.
    UsageError
        For two totals, or minutes of a run that has no update yet.
    """
    totals = {"epochs": epochs, "steps": steps, "minutes": minutes}
    given = [f"`{name}`" for name, total in totals.items() if total is not None]
    if len(given) > 1:
        raise UsageError(f"{' and '.join(given)} are two totals; give one of them")
    checkpoint = load_checkpoint(find_model(folder / LAST), kind=None)
    record, model = checkpoint.training, checkpoint.model
    if isinstance(model, SeriesModel):
        raise UsageError("the run learns from numbers that only your program has; resume it there, by charlm.train")
    try:
        config = from_mapping(TrainConfig, dict(record["train"]))
        origin = dict(record["origin"])
        step, elapsed_s = int(record["progress"]["step"]), float(record["progress"]["elapsed_s"])
        data = read_run_data(model, origin)
    except (KeyError, TypeError, ValueError) as error:
        raise CheckpointError(f"{str(folder / LAST)!r} was not written by a run; train a new model") from error
    if workers is None and group is None:  # which a run on ranks left open
        workers = config.workers or min(config.shards or 1, available_cores())
    config = dataclasses.replace(config, workers=workers)
    if given:
        record = {**record, "progress": {**record["progress"], "gave_up": False}}
        stored = record.pop("budget", None)
        if minutes is not None:
            budget = _budget(minutes, stored, step, elapsed_s)
            steps, record["budget"] = budget.plan.steps, budget.to_json()
        elif epochs is not None:
            steps = steps_of_epochs(data.task(model, config), config, epochs)
        config = dataclasses.replace(config, steps=steps, patience=0)  # more is asked for all the same
    return ResumedRun(
        model=model,
        config=config,
        data=data,
        options=RunOptions(
            folder=folder, origin=origin, resumed=(record, checkpoint.tensors), started_s=started_s, group=group
        ),
        step=step,
        finished=not is_unfinished(record["progress"], config.steps or 0),
        minutes=_used_minutes(record, elapsed_s),
    )


def _used_minutes(record: Mapping[str, Any], elapsed_s: float) -> float | None:
    stored = record.get("budget")
    if stored is None:
        return None
    return max(Budget.from_json(stored, started_s=0.0, clock=lambda: 0.0).minutes, elapsed_s / 60)


def _budget(minutes: float, stored: Mapping[str, Any] | None, step: int, elapsed_s: float) -> Budget:
    """Return a new total of minutes, planned at the pace so far, as if it had been given from the start."""
    if not step or not elapsed_s:
        raise UsageError("this run has no pace yet to measure minutes by; give `steps` or `epochs`")
    pace_s = elapsed_s / step
    sitting: dict[str, Any] = {"started_s": 0.0, "clock": lambda: 0.0}  # which begins with the training
    if stored is None:
        budget = Budget(minutes, [], pace_s, used_s=elapsed_s, **sitting)
    else:
        budget = dataclasses.replace(Budget.from_json(stored, **sitting), minutes=minutes)
    budget.plans = [Plan(0, max(step + int(budget.left_s() / pace_s), 0))]
    return budget
