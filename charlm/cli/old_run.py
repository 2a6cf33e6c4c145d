"""A run that stopped and is to be resumed: its checkpoint, and its text read again."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from charlm.blas import available_cores
from charlm.checkpoint import find_model, is_unfinished, load_checkpoint
from charlm.checkpoint.locate import LAST
from charlm.cli.new_pairs import read_run_pairs
from charlm.cli.run_text import read_run_text
from charlm.config import TrainConfig, from_mapping
from charlm.errors import CheckpointError, UsageError
from charlm.models.language_model import CharModel
from charlm.models.series import SeriesModel
from charlm.models.transducer import Transducer
from charlm.training.budget import Budget, Plan
from charlm.training.pairs import pairs_task
from charlm.training.parallel.communicator import ProcessGroup
from charlm.training.plan import steps_of_epochs
from charlm.training.task import Task, text_task
from charlm.training.train import RunOptions
from charlm.ui.wording import farther

__all__ = ["OldRun"]


class OldRun:
    """A run folder, read so that training can continue.

    Parameters
    ----------
    folder : Path
    budget : dict
        A new total of ``epochs``, ``steps`` or ``minutes``; None where not asked for.
    started_s : float
        When the command was started, of `time.perf_counter`.
    workers : int, optional
    group : ProcessGroup, optional
        The ranks that are to resume it.

    Raises
    ------
    CheckpointError
        If there is no such run, or it cannot be resumed.
    CorpusError
        If its text is no longer there, or is another.
    """

    def __init__(
        self,
        folder: Path,
        *,
        budget: dict[str, float | None],
        started_s: float,
        workers: int | None,
        group: ProcessGroup | None = None,
    ) -> None:
        given = {name: value for name, value in budget.items() if value is not None}
        if len(given) > 1:
            raise UsageError(f"{' and '.join('--' + name for name in given)} are two totals; give one of them")
        checkpoint = load_checkpoint(find_model(folder / LAST), kind=None)
        record, self.model = checkpoint.training, checkpoint.model
        if isinstance(self.model, SeriesModel):
            raise UsageError(
                "the run learns from numbers that only your program has; resume it there, by charlm.train"
            )
        try:
            config = from_mapping(TrainConfig, dict(record["train"]))
            origin = dict(record["origin"])
            step, elapsed_s = int(record["progress"]["step"]), float(record["progress"]["elapsed_s"])
            self._data = _data(self.model, origin)
        except (KeyError, TypeError, ValueError) as error:
            raise CheckpointError(f"{str(folder / LAST)!r} was not written by a run; train a new model") from error
        if workers is None and group is None:  # which a run on ranks left open
            workers = config.workers or min(config.shards or 1, available_cores())
        self.config = dataclasses.replace(config, workers=workers)
        if given:
            record = {**record, "progress": {**record["progress"], "gave_up": False}}
            kept = record.pop("budget", None)
            if "minutes" in given:
                total = _minutes(given["minutes"], kept, step, elapsed_s)
                steps, record["budget"] = total.plan.steps, total.to_json()
            else:
                steps = self._total(given)
            self.config = dataclasses.replace(
                self.config, steps=steps, patience=0
            )  # more is asked for all the same
        self.finished = ""
        if not is_unfinished(record["progress"], self.config.steps or 0):
            enough = farther(step, minutes=_used_minutes(record, elapsed_s))
            self.finished = (
                f"run {str(folder)!r} is finished after {step:,} steps; "
                f"give a larger total to resume it, for example {enough}"
            )
        self.options = RunOptions(
            folder=folder,
            origin=origin,
            resumed=(record, checkpoint.tensors),
            started_s=started_s,
            group=group,
        )

    def _total(self, given: dict[str, float]) -> int:
        """Return a new total of steps or passes in steps."""
        if "steps" in given:
            return int(given["steps"])
        return steps_of_epochs(self.task(), self.config, given["epochs"])

    def task(self) -> Task:
        """Encode what the run learns from."""
        train, validation = self._data
        if isinstance(self.model, Transducer):
            return pairs_task(self.model, train, self.config, validation)
        return text_task(self.model.vocabulary, train, self.config, validation)


def _data(model: CharModel | Transducer, origin: Mapping[str, Any]) -> tuple[Any, Any]:
    """Read a run's text or pairs again, and what it validates on, if that is another file."""
    return read_run_pairs(origin, model) if isinstance(model, Transducer) else read_run_text(origin)


def _used_minutes(record: Mapping[str, Any], elapsed_s: float) -> float | None:
    """Return the budget of a run that has one, or what it took in the end."""
    kept = record.get("budget")
    if kept is None:
        return None
    return max(Budget.from_json(kept, started_s=0.0, clock=lambda: 0.0).minutes, elapsed_s / 60)


def _minutes(minutes: float, kept: Mapping[str, Any] | None, step: int, elapsed_s: float) -> Budget:
    """Return a new total of minutes, planned at the pace so far, as if it had been given from the start."""
    if not step or not elapsed_s:
        raise UsageError("this run has no pace yet to measure minutes by; give --steps or --epochs")
    pace_s = elapsed_s / step
    sitting: dict[str, Any] = {"started_s": 0.0, "clock": lambda: 0.0}  # which begins with the training
    if kept is None:
        budget = Budget(minutes, [], pace_s, used_s=elapsed_s, **sitting)
    else:
        budget = dataclasses.replace(Budget.from_json(kept, **sitting), minutes=minutes)
    budget.plans = [Plan(0, max(step + int(budget.left_s() / pace_s), 0))]
    return budget
