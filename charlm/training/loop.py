"""`train`: a generator of reports. Nothing is trained that nobody asks for; nothing is printed."""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from charlm.config import TrainConfig
from charlm.errors import DivergedError
from charlm.generation import generate
from charlm.model import CharModel
from charlm.training.blas import one_blas_thread
from charlm.training.data import load_data
from charlm.training.plan import fit_to_text, plan
from charlm.training.report import Event, Report
from charlm.training.run_writer import RunWriter
from charlm.training.trainer import Trainer

__all__ = ["RunOptions", "train"]

SAMPLE_LENGTH = 240


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """What surrounds the training of a model when it is more than a call in Python.

    Parameters
    ----------
    folder : Path, optional
        Where checkpoints and log go; None keeps nothing.
    origin : mapping
        Stored with the run: where its text came from.
    resumed : tuple of mapping, optional
        The record and the tensors of the checkpoint to go on from; the model is already that checkpoint's.
    should_stop : callable
        Asked after every update; once it says yes the run saves and ends.
    """

    folder: Path | None = None
    origin: Mapping[str, Any] = field(default_factory=dict)
    resumed: tuple[Mapping[str, Any], Mapping[str, Any]] | None = None
    should_stop: Callable[[], bool] = lambda: False


def train(
    model: CharModel,
    text: str,
    config: TrainConfig | None = None,
    *,
    validation: str | None = None,
    run: RunOptions | None = None,
) -> Iterator[Report]:
    """Train a model on a text, in place.

    Parameters
    ----------
    model : CharModel
        Its vocabulary must cover the text, or have an unknown slot.
    text : str
    config : TrainConfig, optional
        The defaults when left out.
    validation : str, optional
        A text of its own to validate on, in place of the last part of `text`.
    run : RunOptions, optional
        Where to keep checkpoints, and what to go on from; without it nothing is written.

    Yields
    ------
    Report
        One an event, the first "start", the last "end". A "step" report's loss is in nats per character.

    Raises
    ------
    CorpusError, VocabularyError
        If the text cannot be trained on.
    DivergedError
        If a loss or gradient is no longer finite; the last good state is saved.
    DiskError
        If a checkpoint cannot be written; the one before is whole.
    """
    began, run = time.perf_counter(), run or RunOptions()
    config = config or TrainConfig()
    data = load_data(model.vocabulary, text, config, validation)
    with one_blas_thread() as blas_threads:
        if run.resumed is None:
            config = plan(model, data, fit_to_text(config, data.characters), started_s=began)
        with Trainer(model, data, config) as trainer:
            if run.resumed is not None:
                trainer.restore(*run.resumed)
            writer = None
            if run.folder is not None:
                writer = RunWriter(run.folder, run.origin, fresh=run.resumed is None)
            details = _details(trainer, blas_threads, run)
            for report in _Events(trainer, writer, run.should_stop).run(details):
                if writer is not None:
                    writer.log(report)
                    if report.event in ("save", "end"):
                        writer.flush()
                yield report


def _details(trainer: Trainer, blas_threads: int | None, run: RunOptions) -> dict[str, Any]:
    model, config = trainer.model, trainer.config
    return {
        "parameters": int(model.params.value.size),
        "vocabulary": len(model.vocabulary),
        "characters": trainer.data.characters,
        "validation_characters": 0 if trainer.data.held_out is None else len(trainer.data.held_out.inputs),
        "shards": config.shards,
        "workers": config.workers,
        "blas_threads": blas_threads,
        "preset": run.origin.get("preset"),
        "resumed": run.resumed is not None,
        "config": {"model": dataclasses.asdict(model.config), "train": dataclasses.asdict(config)},
    }


class _Events:
    """The course of a run as reports, from its "start" to its "end"."""

    def __init__(self, trainer: Trainer, writer: RunWriter | None, should_stop: Callable[[], bool]) -> None:
        self.trainer, self.writer, self.should_stop = trainer, writer, should_stop
        self.validates = trainer.data.held_out is not None
        self._saved_s = time.monotonic()
        self._pace = _Pace()

    def run(self, details: Mapping[str, Any]) -> Iterator[Report]:
        """Train to the end of the plan, or to where the run is told to stop."""
        config, progress = self.trainer.config, self.trainer.progress
        yield self._event("start", path=self._path, details=details)
        while progress.step < self.trainer.steps:
            yield from self._update()
            if progress.step == self.trainer.steps:
                break
            best = False
            if self.validates and _due(progress.step, config.eval_every):
                best = yield from self._evaluate()
            if _due(progress.step, config.sample_every):
                yield from self._sample()
            if best or self._is_stale() or _due(progress.step, config.save_every):
                yield from self._save(best=best)
            if self.should_stop():
                yield from self._save(best=not self.validates)
                yield self._end("interrupted")
                return
        best = yield from self._evaluate()
        yield from self._sample()
        yield from self._save(best=best or not self.validates)
        yield self._end("finished")

    def _update(self) -> Iterator[Report]:
        config, progress = self.trainer.config, self.trainer.progress
        before_s = progress.elapsed_s
        report = self.trainer.update()
        if not math.isfinite(report.loss):
            yield from self._diverge(f"the loss is {report.loss}", progress.step + 1)
        if not math.isfinite(report.grad_norm):
            yield from self._diverge(f"the norm of the gradient is {report.grad_norm}", progress.step + 1)
        self._pace.add(report, progress.elapsed_s - before_s)
        ends = progress.step in (1, self.trainer.steps)
        if config.log_every and (ends or _due(progress.step, config.log_every)):
            yield dataclasses.replace(report, chars_per_s=self._pace.take())

    def _evaluate(self) -> Generator[Report, None, bool]:
        """Validate; returns whether this is the best so far."""
        evaluation = self.trainer.evaluate()
        yield evaluation
        if self.validates and not math.isfinite(evaluation.loss):
            yield from self._diverge(f"the validation loss is {evaluation.loss}", evaluation.step)
        return evaluation.best

    def _sample(self) -> Iterator[Report]:
        step = self.trainer.progress.step
        try:
            with np.errstate(over="ignore", invalid="ignore"):  # while it learns, weights may be absurd
                pieces = generate(self.trainer.averaged, length=SAMPLE_LENGTH, temperature=0.7, seed=step)
                text = "".join(pieces)
        except DivergedError:
            yield from self._diverge("what the model writes is not finite", step)
        else:
            yield self._event("sample", text=text)

    def _is_stale(self) -> bool:
        minutes = self.trainer.config.save_minutes
        return bool(minutes) and time.monotonic() - self._saved_s > minutes * 60

    def _save(self, *, best: bool) -> Iterator[Report]:
        """Save, but never what is not finite."""
        odd = self.trainer.odd_tensor()
        if odd is not None:
            raise self._diverged(f"tensor {odd} is not finite", self.trainer.progress.step)
        if self.writer is not None:
            file = self.writer.save(self.trainer, best=best)
            self._saved_s = time.monotonic()
            yield self._event("save", path=str(file), details={"best": best})

    def _diverge(self, what: str, update: int) -> Iterator[Report]:
        yield from self._save(best=False)
        raise self._diverged(what, update)

    def _diverged(self, what: str, update: int) -> DivergedError:
        kept = "" if self.writer is None else "; nothing was saved yet"
        if self.writer is not None and self.writer.saved:
            kept = f"; the last good state is in {self._path!r}"
        config = self.trainer.config
        remedy = f"try --learning-rate {config.learning_rate / 3:.2g}" + (
            "" if config.clip_norm else " or --clip-norm 1"
        )
        return DivergedError(f"training diverged at update {update}: {what}{kept}; {remedy}")

    @property
    def _path(self) -> str:
        return "" if self.writer is None else str(self.writer.folder)

    def _end(self, reason: str) -> Report:
        best_loss = self.trainer.progress.best_loss
        known = best_loss if math.isfinite(best_loss) else None
        return self._event("end", path=self._path, details={"reason": reason, "best_loss": known})

    def _event(self, kind: Event, **values: Any) -> Report:
        progress = self.trainer.progress
        return Report(
            kind,
            step=progress.step,
            steps=self.trainer.steps,
            epoch=self.trainer.batches.epoch,
            elapsed_s=progress.elapsed_s,
            **values,
        )


class _Pace:
    """Characters a second since the last report about a step, in updates alone."""

    def __init__(self) -> None:
        self._characters = self._seconds = 0.0

    def add(self, report: Report, seconds: float) -> None:
        """Take in an update."""
        self._characters += report.chars_per_s * seconds
        self._seconds += seconds

    def take(self) -> float:
        """Return the pace, and begin anew."""
        pace = self._characters / max(self._seconds, 1e-9)
        self._characters = self._seconds = 0.0
        return pace


def _due(step: int, every: int | None) -> bool:
    return bool(every) and step % (every or 1) == 0
