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
from charlm.training.report import Report
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
            for report in _events(trainer, writer, run, details):
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


def _events(
    trainer: Trainer, writer: RunWriter | None, run: RunOptions, details: Mapping[str, Any]
) -> Iterator[Report]:
    """Train to the end of the plan, or to where the run is told to stop."""
    config, progress = trainer.config, trainer.progress
    path = "" if writer is None else str(writer.folder)
    saved_s = time.monotonic()

    def event(kind: Any, **values: Any) -> Report:
        return Report(
            kind,
            step=progress.step,
            steps=trainer.steps,
            epoch=trainer.batches.epoch,
            elapsed_s=progress.elapsed_s,
            **values,
        )

    def saved(*, best: bool = False) -> Iterator[Report]:
        nonlocal saved_s
        odd = trainer.odd_tensor()
        if odd is not None:
            raise DivergedError(_diverged(f"tensor {odd} is not finite", progress.step, config, writer))
        if writer is not None:
            file = writer.save(trainer, best=best)
            saved_s = time.monotonic()
            yield event("save", path=str(file), details={"best": best})

    def diverged(what: str, update: int) -> Iterator[Report]:
        yield from saved()
        raise DivergedError(_diverged(what, update, config, writer))

    def evaluated() -> Generator[Report, None, bool]:
        evaluation = trainer.evaluate()
        yield evaluation
        if validated and not math.isfinite(evaluation.loss):
            yield from diverged(f"the validation loss is {evaluation.loss}", progress.step)
        return evaluation.best

    def sampled() -> Iterator[Report]:
        try:
            text = _sample(trainer.model, progress.step)
        except DivergedError:
            yield from diverged("what the model writes is not finite", progress.step)
        else:
            yield event("sample", text=text)

    unreported_s, unreported_chars = 0.0, 0.0
    validated = trainer.data.held_out is not None
    reason = "finished"
    yield event("start", path=path, details=details)
    while progress.step < trainer.steps:
        before_s = progress.elapsed_s
        report = trainer.update()
        if not (math.isfinite(report.loss) and math.isfinite(report.grad_norm)):
            yield from diverged(_what(report), progress.step + 1)
        unreported_s += progress.elapsed_s - before_s
        unreported_chars += report.chars_per_s * (progress.elapsed_s - before_s)
        last = progress.step == trainer.steps
        if config.log_every and (_due(progress.step, config.log_every) or progress.step == 1 or last):
            yield dataclasses.replace(report, chars_per_s=unreported_chars / max(unreported_s, 1e-9))
            unreported_s = unreported_chars = 0.0
        best = False
        if validated and _due(progress.step, config.eval_every) and not last:
            best = yield from evaluated()
        if _due(progress.step, config.sample_every) and not last:
            yield from sampled()
        stale = config.save_minutes and time.monotonic() - saved_s > config.save_minutes * 60
        if (best or stale or _due(progress.step, config.save_every)) and not last:
            yield from saved(best=best)
        if run.should_stop() and not last:
            reason = "interrupted"
            break
    if reason == "finished":
        best = yield from evaluated()
        yield from sampled()
        yield from saved(best=best or not validated)
    else:
        yield from saved(best=not validated)
    yield event("end", path=path, details={"reason": reason, "best_loss": _known(progress.best_loss)})


def _due(step: int, every: int | None) -> bool:
    return bool(every) and step % (every or 1) == 0


def _known(loss: float) -> float | None:
    return loss if math.isfinite(loss) else None


def _sample(model: CharModel, step: int) -> str:
    with np.errstate(over="ignore", invalid="ignore"):  # while it learns, a model may write from absurd weights
        return "".join(generate(model, length=SAMPLE_LENGTH, temperature=0.7, seed=step))


def _what(report: Report) -> str:
    if not math.isfinite(report.loss):
        return f"the loss is {report.loss}"
    return f"the norm of the gradient is {report.grad_norm}"


def _diverged(what: str, update: int, config: TrainConfig, writer: RunWriter | None) -> str:
    kept = "" if writer is None else "; nothing was saved yet"
    if writer is not None and writer.saved:
        kept = f"; the last good state is in {str(writer.folder)!r}"
    return (
        f"training diverged at update {update}: {what}{kept}; "
        f"try --learning-rate {config.learning_rate / 3:.2g}" + ("" if config.clip_norm else " or --clip-norm 1")
    )
