"""`train`: a generator of reports. Nothing is trained that nobody asks for; nothing is printed."""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from charlm.blas import one_blas_thread
from charlm.config import TrainConfig
from charlm.model import CharModel
from charlm.training.baseline import measure_baseline
from charlm.training.course import Course
from charlm.training.data import load_data
from charlm.training.plan import fit_to_text, fitting_note, idle_note, plan
from charlm.training.report import Report
from charlm.training.run_writer import RunWriter
from charlm.training.trainer import Trainer
from charlm.training.world import World

__all__ = ["RunOptions", "train"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """What surrounds the training of a model when it is more than a call in Python.

    Parameters
    ----------
    folder : Path, optional
        Where checkpoints and log go; None keeps nothing. A run that is kept also measures a baseline.
    origin : mapping
        Stored with the run: where its text came from, and once it is measured, the baseline.
    resumed : tuple of mapping, optional
        The record and the tensors of the checkpoint to go on from; the model is already that checkpoint's.
    should_stop : callable
        Asked after every update, and after what was due then; once it says yes the run saves and ends.
    world : World, optional
        The ranks of a distributed run, of which this is rank 0: the others are in `charlm.training.spread.follow`.
    on_phase : callable
        Called with a few words before each thing that takes time ahead of the first update.
    """

    folder: Path | None = None
    origin: Mapping[str, Any] = field(default_factory=dict)
    resumed: tuple[Mapping[str, Any], Mapping[str, Any]] | None = None
    should_stop: Callable[[], bool] = lambda: False
    world: World | None = None
    on_phase: Callable[[str], None] = lambda _phase: None


def train(
    model: CharModel,
    text: str,
    config: TrainConfig | None = None,
    *,
    validation: str | None = None,
    run: RunOptions | None = None,
) -> Generator[Report, None, None]:
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
        If a loss or gradient is no longer finite, and ``on_nan`` is not to go back or that did not help, or if the
        loss has become hopeless; the last good state is saved.
    DiskError
        If a checkpoint cannot be written; the one before is whole.
    PeerLostError
        If a rank of a distributed run is gone; what was saved last is whole.
    """
    began, run, note = time.perf_counter(), run or RunOptions(), ""
    config = config or TrainConfig()
    run.on_phase("encoding the text")
    data = load_data(model.vocabulary, text, config, validation)
    if run.folder is not None and "baseline" not in run.origin:
        run.on_phase("counting n-grams for the baseline")
        measured = measure_baseline(data, model.vocabulary, run.origin)
        run = dataclasses.replace(run, origin={**run.origin, "baseline": measured})
    with one_blas_thread() as blas_threads:
        if run.resumed is None:
            fitted = fit_to_text(config, data.characters)
            note = fitting_note(config, fitted)
            run.on_phase("planning the run" if config.minutes is None else "measuring the pace to fill the minutes")
            config = plan(model, data, fitted, started_s=began, world=run.world)
        note = "; ".join(filter(None, (note, idle_note(config, run.world))))
        run.on_phase("preparing the first update")
        with Trainer(model, data, config, world=run.world) as trainer:
            writer = None
            if run.folder is not None:
                writer = RunWriter(run.folder, run.origin, fresh=run.resumed is None)
            if run.resumed is not None:
                trainer.restore(*run.resumed)
                if writer is not None:
                    writer.go_on(trainer, run.resumed[0])
            details = _details(trainer, blas_threads, run)
            for report in Course(trainer, writer, run.should_stop).run(details, note):
                if writer is not None:
                    writer.log(report)
                    if report.event in ("save", "end") and writer.saved:  # a run that is not kept has no log
                        writer.flush()
                yield report


def _details(trainer: Trainer, blas_threads: int | None, run: RunOptions) -> dict[str, Any]:
    model, config = trainer.model, trainer.config
    progress = trainer.progress
    known = {"best_loss": progress.best_loss, "best_step": progress.best_step}
    return {
        "parameters": int(model.params.value.size),
        "vocabulary": len(model.vocabulary),
        "characters": trainer.data.characters,
        "validation_characters": 0 if trainer.data.held_out is None else len(trainer.data.held_out.inputs),
        "shards": config.shards,
        "workers": config.workers if run.world is None else run.world.size,
        "blas_threads": blas_threads,
        "preset": run.origin.get("preset"),
        "baseline": run.origin.get("baseline"),
        **{name: run.origin[name] for name in ("init_from", "init_sha256", "new_symbols") if name in run.origin},
        **({} if run.world is None else {"ranks": run.world.size}),
        "resumed": run.resumed is not None,
        "config": {"model": dataclasses.asdict(model.config), "train": dataclasses.asdict(config)},
    } | (known if math.isfinite(progress.best_loss) else {})
