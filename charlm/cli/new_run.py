"""What the flags of `train` amount to: a text, a model, a configuration."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, get_args

from charlm.checkpoint import new_run_folder
from charlm.cli.fine_tuning import knows_documents, model_from, vocabulary_from
from charlm.cli.given_text import refuse_models
from charlm.cli.new_pairs import NewPairs
from charlm.cli.streams import stdin_bytes, stdin_is_terminal
from charlm.config import ModelConfig, Normalization, TrainConfig, Unit
from charlm.config.presets import BUDGETS, preset_settings
from charlm.errors import CorpusError, UsageError
from charlm.models.language_model import CharModel
from charlm.text.batches import split_documents
from charlm.text.corpus import STDIN, read_corpus
from charlm.text.vocabulary import Vocabulary
from charlm.training.pairs import PairsTask
from charlm.training.parallel.communicator import ProcessGroup
from charlm.training.plan import fitting_note, measure, plan, steps_of_epochs
from charlm.training.task import TextTask, text_task
from charlm.training.train import RunOptions
from charlm.ui.flags import as_flags
from charlm.ui.wording import engine_line

__all__ = ["NewRun", "planned_run"]


class NewRun:
    """A run that is about to begin.

    Parameters
    ----------
    sources : sequence of str
        What to read, as `read_corpus` takes it.
    preset : str
    model_flags, train_flags : mapping
        Settings that beat the preset's.
    vocabulary : mapping
        Arguments of `Vocabulary.from_text`; None where nothing was said.
    vocab_from : str, optional
        A model to take the vocabulary of, in place of making one.
    init_from : str, optional
        A model to take the weights of, and the vocabulary, which is extended by the text's symbols.
    val_file : str, optional
    encoding, errors : str
        How files are decoded.
    on_phase : callable
        Called with a few words before each thing that takes time.
    """

    def __init__(
        self,
        *,
        sources: Sequence[str],
        preset: str,
        model_flags: Mapping[str, Any],
        train_flags: Mapping[str, Any],
        vocabulary: Mapping[str, Any],
        vocab_from: str | None,
        init_from: str | None,
        val_file: str | None,
        encoding: str,
        errors: str,
        on_phase: Callable[[str], None],
    ) -> None:
        if vocab_from is not None and init_from is not None:
            raise UsageError("--init-from brings its model's vocabulary along; leave --vocab-from out")
        if errors not in ("strict", "replace"):
            raise UsageError(f"--errors is {errors!r}; choose strict or replace")
        for flag, value, choices in (
            ("--unit", vocabulary["unit"], get_args(Unit)),
            ("--normalize", vocabulary["normalize"], get_args(Normalization)),
        ):
            if value is not None and value not in choices:
                raise UsageError(f"{flag} is {value!r}; choose one of {', '.join(choices)}")
        decoding: dict[str, Any] = {"encoding": encoding, "errors": errors}
        refuse_models([*sources, *([] if val_file is None else [val_file])])
        if not (STDIN in sources and stdin_is_terminal()):  # else a person types the text
            on_phase("reading the text")
        corpus = read_corpus(sources, stdin=stdin_bytes(), **decoding)
        self.text, self.stem = corpus.text, corpus.stem
        validation = None if val_file is None else read_corpus([val_file], stdin=stdin_bytes(), **decoding)
        self.validation = None if validation is None else validation.text
        self.remarks = corpus.remarks + (() if validation is None else validation.remarks)
        settings = preset_settings(preset, len(self.text), {name: train_flags.get(name) for name in BUDGETS})
        if init_from is not None and "documents" not in train_flags:
            train_flags = {**train_flags, "documents": knows_documents(init_from)}
        self.config = TrainConfig(**(settings.train | dict(train_flags)))
        inherited: dict[str, Any] = {}
        on_phase("making the vocabulary and the model")
        if init_from is None:
            shape = ModelConfig(**(settings.model | dict(model_flags)))
            self.model = CharModel(shape, self._vocabulary(vocabulary, vocab_from), seed=self.config.seed)
        else:
            self.model, inherited = model_from(
                init_from,
                self._everything(),
                model_flags=model_flags,
                vocabulary_flags={**vocabulary, "stop": self.config.documents},
                seed=self.config.seed,
            )
        self.origin = {
            "preset": settings.name,
            "sources": list(corpus.sources),
            "sha256": corpus.sha256,
            "val_file": val_file,
            "val_sha256": None if validation is None else validation.sha256,
            **decoding,
            **inherited,
        }

    def _vocabulary(self, arguments: Mapping[str, Any], vocab_from: str | None) -> Vocabulary:
        if vocab_from is not None:
            return vocabulary_from(vocab_from, arguments)
        said = {name: value for name, value in arguments.items() if value is not None}
        vocabulary = Vocabulary.from_text(self._everything(), **said, stop=self.config.documents)
        if len(vocabulary) < 2:
            raise CorpusError(
                f"the text is {self.text[:1]!r} over and over; a model needs at least two symbols to tell apart"
            )
        return vocabulary

    def _everything(self) -> str:
        """Return all text whose symbols the model must know."""
        everything = self.text + (self.validation or "")
        if self.config.documents:  # line ends part documents and are in none of them
            return "".join(split_documents(everything))
        return everything

    def task(self) -> TextTask:
        """Encode the text and hold a part of it out."""
        return text_task(self.model.vocabulary, self.text, self.config, self.validation)

    def options(
        self, out: Path | None, *, force: bool, started_s: float, group: ProcessGroup | None = None
    ) -> RunOptions:
        """Make the run folder; everything else is known to be right by now."""
        folder = new_run_folder(out, self.stem, force=force)
        return RunOptions(folder=folder, origin=self.origin, started_s=started_s, group=group)


def planned_run(new: NewRun | NewPairs, *, started_s: float, group: ProcessGroup | None = None) -> list[str]:
    """Say in lines what a run would take: steps, time, memory."""
    task = new.task()
    fitted = task.fit(new.config)
    planned, budget = plan(new.model, task, fitted, started_s=started_s, group=group)
    step_s, memory = measure(new.model, task, planned, group)
    steps = planned.steps or 0
    takes_s = steps * step_s if budget is None else 60 * budget.minutes
    if isinstance(task, TextTask):
        shortest = planned.seq_length if planned.seq_length_min is None else planned.seq_length_min
        window = planned.batch_size * (shortest + planned.seq_length) / 2  # in the mean
    else:
        window = round(task.characters / steps_of_epochs(task, planned, 1), 1)
    passes = steps * window / task.characters
    lines = (
        f"{new.model!r} · {engine_line(_details(new, task))}",
        f"{steps:,} steps of {window:,.10g} characters ({passes:.1f} passes), "
        f"{planned.shards} shards on " + (f"{planned.workers} workers" if group is None else f"{group.size} ranks"),
        f"about {_span(takes_s)} at {window / step_s:,.0f} characters/s, and {memory / 2**20:.0f} MB for arrays",
        as_flags(fitting_note(new.config, fitted)),
    )
    return [line for line in lines if line]


def _span(seconds: float) -> str:
    """Format a span of time in words.

    Examples
    --------
    >>> _span(0.31), _span(40), _span(150), _span(30_000)
    ('0.3 s', '40 s', '2.5 minutes', '8.3 hours')
    """
    if seconds < 90:
        return f"{seconds:.0f} s" if seconds >= 10 else f"{seconds:.1f} s"
    return f"{seconds / 60:.1f} minutes" if seconds < 7200 else f"{seconds / 3600:.1f} hours"


def _details(new: NewRun | NewPairs, task: TextTask | PairsTask) -> dict[str, Any]:
    """Return what of a run's first event is known before it begins."""
    facts = {**task.facts(), "characters": task.characters}
    return {**new.origin, **facts, "config": {"train": dataclasses.asdict(new.config)}}
