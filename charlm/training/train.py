"""`train`: training as an iterator of reports. Nothing is printed."""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from charlm.blas import one_blas_thread
from charlm.config import TrainConfig
from charlm.errors import UsageError
from charlm.heap import release_free_memory
from charlm.models.ensemble import Ensemble, independent
from charlm.models.language_model import CharModel
from charlm.models.learner import Learner
from charlm.models.series import SeriesModel
from charlm.nn.arrays import FloatArray
from charlm.runs.report import Report
from charlm.runs.writer import RunWriter, settings_of
from charlm.training.budget import Budget, Clock
from charlm.training.mixture_task import MixtureTask, task_of_text
from charlm.training.parallel.communicator import ProcessGroup
from charlm.training.plan import fitting_note, idle_note, plan
from charlm.training.run_loop import RunLoop
from charlm.training.series import series_task
from charlm.training.task import Task, TextTask
from charlm.training.trainer import Trainer

__all__ = ["RunOptions", "Training", "train"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """Options of a run beside the settings of training: folder, clock, ranks.

    Parameters
    ----------
    folder : Path, optional
        Folder for checkpoints and log; None stores nothing. A run that is stored also measures a baseline.
    origin : mapping
        Stored with the run: the origin of the text, and the baseline once it is measured.
    resumed : tuple of mapping, optional
        The record and the tensors of the checkpoint to resume; the model has its weights already.
    should_stop : callable
        Called after every update and after its hooks; once it returns True the run saves and ends.
    started_s : float, optional
        Start of a budget of minutes, of `clock`, such as that of the command; by default the call of `train`.
    clock : callable
        Seconds from any origin.
    group : ProcessGroup, optional
        The ranks of a distributed run; this is rank 0, and the others run
        `charlm.training.parallel.distributed.follow`.
    on_phase : callable
        Called with a description before each phase that precedes the first update.
    """

    folder: Path | None = None
    origin: Mapping[str, Any] = field(default_factory=dict)
    resumed: tuple[Mapping[str, Any], Mapping[str, Any]] | None = None
    should_stop: Callable[[], bool] = lambda: False
    started_s: float | None = None
    clock: Clock = time.perf_counter
    group: ProcessGroup | None = None
    on_phase: Callable[[str], None] = lambda _phase: None


class Training(Iterator[Report]):
    """Training of a model: an iterator of reports, which trains as it is read.

    Parameters
    ----------
    reports : generator of Report
        Closed by `close`, which ends the training.
    model : str
        Name of the learner, for `repr`.

    Examples
    --------
    >>> import charlm
    >>> text = "the cat sat on the mat. " * 40
    >>> model = charlm.CharModel(charlm.ModelConfig(hidden_size=16), charlm.Vocabulary.from_text(text))
    >>> training = charlm.train(model, text, charlm.TrainConfig(steps=5))
    >>> training
    <Training of CharModel(lstm 16, 11 symbols, 1,979 parameters): not started; iterate, or call run()>
    >>> training.run().details["reason"]
    'finished'
    >>> training
    <Training of CharModel(lstm 16, 11 symbols, 1,979 parameters): finished at step 5 of 5>
    """

    def __init__(self, reports: Generator[Report, None, None], model: str) -> None:
        self._reports, self._model = reports, model
        self._last: Report | None = None
        self._open = True

    def __next__(self) -> Report:
        try:
            self._last = next(self._reports)
        except BaseException:
            self._open = False
            raise
        return self._last

    def run(self) -> Report:
        """Train to the end, from the current report, and return the last report.

        Raises
        ------
        UsageError
            If it was closed before the first report.
        """
        for _ in self:
            pass
        if self._last is None:
            raise UsageError("this training was closed before it began; call train again")
        return self._last

    def close(self) -> None:
        """End the training at the current report."""
        self._open = False
        self._reports.close()

    def __repr__(self) -> str:
        return f"<Training of {self._model}: {self._progress()}>"

    def _progress(self) -> str:
        if self._last is None:
            return "not started; iterate, or call run()" if self._open else "closed before it began"
        position = f"step {self._last.step} of {self._last.steps}"
        if self._last.event == "end":
            return f"{self._last.details['reason']} at {position}"
        return f"at {position}; iterate further, or call run()" if self._open else f"closed at {position}"


def train(
    model: Learner,
    text: str | FloatArray | Task,
    config: TrainConfig | None = None,
    *,
    validation: str | FloatArray | None = None,
    run: RunOptions | None = None,
) -> Training:
    """Train a model in place, as the reports are read: on a text, on a series of numbers, or on any task.

    Training begins with the first report: iterate, or call ``run()``.

    Parameters
    ----------
    model : CharModel, Ensemble, SeriesModel or Learner
        The vocabulary of a `CharModel` must cover the text, or have ``<unk>``.
    text : str, ndarray or Task
        A text for a `CharModel` or an `Ensemble`; numbers (n, D) or (n,) for a `SeriesModel`; a task for other
        learners.
    config : TrainConfig, optional
        By default ``TrainConfig()``.
    validation : str or ndarray, optional
        Held-out text or series, in place of the last part of `text`.
    run : RunOptions, optional
        Folder for checkpoints, and the run to resume; without it nothing is written.

    Returns
    -------
    Training
        An iterator of reports, one for each event, from "start" to "end". The loss of a "step" report is in nats
        per character, for a `SeriesModel` the mean squared error. Its ``run()`` trains to the end and returns the
        last report.

    Raises
    ------
    CorpusError, VocabularyError
        If the text cannot be trained on.
    DivergedError
        If a loss or gradient is no longer finite, and rollbacks are off or did not help, or if the loss is
        hopeless; the last good state is saved.
    DiskError
        If a checkpoint cannot be written; the one before is unchanged.
    PeerLostError
        If a rank of a distributed run has failed; the last save is complete.
    """
    return Training(_reports(model, text, config or TrainConfig(), validation, run or RunOptions()), repr(model))


def _task(
    model: Learner, text: str | FloatArray | Task, config: TrainConfig, validation: str | FloatArray | None
) -> Task:
    if isinstance(text, str):
        if not isinstance(model, (CharModel, Ensemble)):
            raise UsageError(f"a text trains a CharModel, not a {type(model).__name__}; give this learner its task")
        if isinstance(validation, np.ndarray):
            raise UsageError("the text to validate on is an array; give a text")
        return task_of_text(model, text, config, validation)
    if isinstance(text, np.ndarray):
        if not isinstance(model, SeriesModel):
            raise UsageError(
                f"numbers train a SeriesModel, not a {type(model).__name__}; give this learner its task"
            )
        if isinstance(validation, str):
            raise UsageError("the series to validate on is a text; give numbers")
        return series_task(model, text, config, validation)
    if isinstance(text, (list, tuple)):
        raise UsageError(
            f"a {type(text).__name__} cannot be trained on; give a text, an array of numbers, or a task"
        )
    return text


def _reports(
    model: Learner,
    text: str | FloatArray | Task,
    config: TrainConfig,
    validation: str | FloatArray | None,
    run: RunOptions,
) -> Generator[Report, None, None]:
    began, note = run.clock() if run.started_s is None else run.started_s, ""
    run.on_phase("encoding the text" if isinstance(text, str) else "encoding the data")
    task = _task(model, text, config, validation)
    if run.folder is not None and "baseline" not in run.origin and isinstance(task, TextTask):
        run.on_phase("counting n-grams for the baseline")
        measured = task.baseline(run.origin)
        run = dataclasses.replace(run, origin={**run.origin, "baseline": measured})
    if isinstance(task, MixtureTask):
        task.count(run.on_phase)
    with one_blas_thread() as blas_threads:
        if run.resumed is None:
            fitted = task.fit(config)
            note = fitting_note(config, fitted)
            run.on_phase("planning the run" if config.minutes is None else "measuring the pace to fill the minutes")
            config, budget = plan(model, task, fitted, started_s=began, clock=run.clock, group=run.group)
        else:
            stored = run.resumed[0].get("budget")  # absent in older runs, and in those with a new total
            budget = None if stored is None else Budget.from_json(stored, started_s=began, clock=run.clock)
        note = "; ".join(filter(None, (note, idle_note(config, len(independent(model)), run.group))))
        run.on_phase("preparing the first update")
        release_free_memory()
        with Trainer(model, task, config, budget=budget, group=run.group) as trainer:
            writer = None
            if run.folder is not None:
                writer = RunWriter(run.folder, run.origin, fresh=run.resumed is None)
            if run.resumed is not None:
                trainer.restore(*run.resumed)
                if writer is not None:
                    writer.resume(trainer, run.resumed[0])
            details = _details(trainer, blas_threads, run)
            for report in RunLoop(trainer, writer, run.should_stop).run(details, note):
                if writer is not None:
                    writer.log(report)
                yield report


def _details(trainer: Trainer, blas_threads: int | None, run: RunOptions) -> dict[str, Any]:
    task, config, progress = trainer.task, trainer.config, trainer.progress
    known = {"best_loss": progress.best_loss, "best_step": progress.best_step}
    return {
        "parameters": int(trainer.learner.params.value.size),
        **task.facts(),
        "characters": task.characters,
        "validation_characters": task.validation_characters,
        "shards": config.shards,
        "workers": config.workers if run.group is None else run.group.size,
        "blas_threads": blas_threads,
        "preset": run.origin.get("preset"),
        "baseline": run.origin.get("baseline"),
        **{name: run.origin[name] for name in ("init_from", "init_sha256", "new_symbols") if name in run.origin},
        **({} if run.group is None else {"ranks": run.group.size}),
        "resumed": run.resumed is not None,
        **({} if trainer.budget is None else trainer.budget.facts()),
        "config": settings_of(trainer.learner, config),
    } | (known if math.isfinite(progress.best_loss) else {})
