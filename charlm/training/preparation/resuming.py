"""`resumed_run`: a stopped run, prepared to be resumed."""

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
from charlm.models.ensemble import independent, side_by_side
from charlm.models.mixture import Mixture
from charlm.models.series import SeriesModel
from charlm.training.budget import Budget, Plan
from charlm.training.parallel.communicator import ProcessGroup
from charlm.training.plan import steps_of_epochs
from charlm.training.preparation.new_run import Trained
from charlm.training.preparation.run_data import RunData, read_run_data
from charlm.training.task import Task
from charlm.training.train import RunOptions

__all__ = ["ResumedRun", "resumed_run"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ResumedRun:
    """A run prepared to be resumed.

    Parameters
    ----------
    model : CharModel, Ensemble or Transducer
        Of the checkpoint.
    config : TrainConfig
    data : RunData
    options : RunOptions
    step : int
        Updates so far.
    finished : bool
        Whether no update is left.
    minutes : float, optional
        The budget, if any, or the time that the run took if it is longer.
    """

    model: Trained
    config: TrainConfig
    data: RunData
    options: RunOptions
    step: int
    finished: bool
    minutes: float | None

    def task(self) -> Task:
        """Encode the data; the same part as before is held out."""
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
    """Prepare the run of a folder to be resumed.

    Parameters
    ----------
    folder : Path
    epochs, steps, minutes : float, optional
        A new total, at most one of them.
    workers : int, optional
        By default as many as before.
    started_s, group
        As for `RunOptions`.

    Raises
    ------
    CheckpointError
        If there is no such run, or it cannot be resumed.
    CorpusError
        If its text is missing or has changed.
    UsageError
        For two totals, or for minutes before the first update.
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
    if isinstance(model, Mixture):
        try:
            model = side_by_side(model.networks)
        except UsageError as error:  # none, or of different shapes
            raise CheckpointError(
                f"{str(folder / LAST)!r} does not hold the networks of a run; train a new model"
            ) from error
    if workers is None and group is None:  # a distributed run stores none
        workers = config.workers or min((config.shards or 1) * len(independent(model)), available_cores())
    config = dataclasses.replace(config, workers=workers)
    if given:
        record = {**record, "progress": {**record["progress"], "gave_up": False}}
        stored = record.pop("budget", None)
        if minutes is not None:
            budget = _budget(minutes, stored, step, elapsed_s)
            steps, record["budget"] = budget.plan.steps, budget.to_json()
        elif epochs is not None:
            steps = steps_of_epochs(data.task(model, config), config, epochs)
        config = dataclasses.replace(config, steps=steps, patience=0)  # a new total overrides patience
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
    """Return a budget of a new total of minutes, planned at the pace so far."""
    if not step or not elapsed_s:
        raise UsageError("this run has no pace yet to measure minutes by; give `steps` or `epochs`")
    pace_s = elapsed_s / step
    session: dict[str, Any] = {"started_s": 0.0, "clock": lambda: 0.0}  # replaced when training begins
    if stored is None:
        budget = Budget(minutes, [], pace_s, used_s=elapsed_s, **session)
    else:
        budget = dataclasses.replace(Budget.from_json(stored, **session), minutes=minutes)
    budget.plans = [Plan(0, max(step + int(budget.left_s() / pace_s), 0))]
    return budget
