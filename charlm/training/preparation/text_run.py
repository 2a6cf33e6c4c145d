"""`new_text_run`: prepare a run on a text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, BinaryIO

from charlm.checkpoint.model_or_text import refuse_models
from charlm.config import DecodingErrors, ModelConfig, Normalization, TrainConfig, Unit
from charlm.config.checks import check_choice, check_number
from charlm.config.presets import BUDGETS, PACE, preset_settings
from charlm.errors import CorpusError, UsageError
from charlm.models.ensemble import MOST_MEMBERS, Ensemble, side_by_side
from charlm.models.language_model import CharModel
from charlm.text.batches import split_documents
from charlm.text.corpus import BUILTIN, STDIN, Corpus, read_corpus
from charlm.text.decoding import check_errors
from charlm.text.vocabulary import Vocabulary
from charlm.training.preparation.fine_tuning import learnt_networks, model_from, vocabulary_from
from charlm.training.preparation.new_run import NewRun, OnPhase, ignore_phase
from charlm.training.preparation.run_data import RunData
from charlm.training.speed import training_pace

__all__ = ["new_text_run"]

_NOTHING: Mapping[str, Any] = MappingProxyType({})


def new_text_run(
    sources: Sequence[str] = (),
    *,
    preset: str = "auto",
    model: Mapping[str, Any] = _NOTHING,
    train: Mapping[str, Any] = _NOTHING,
    vocabulary: Mapping[str, Any] = _NOTHING,
    vocab_from: str | None = None,
    init_from: str | None = None,
    members: int | None = None,
    val_file: str | None = None,
    encoding: str = "utf-8",
    errors: DecodingErrors = "strict",
    stdin: BinaryIO | None = None,
    on_phase: OnPhase = ignore_phase,
) -> NewRun:
    """Prepare a run on a text: read it, and build its vocabulary, the model and the configuration.

    Parameters
    ----------
    sources : sequence of str
        As for `charlm.text.corpus.read_corpus`.
    preset : str
    model, train : mapping
        Settings of `ModelConfig` and `TrainConfig` that replace the preset's.
    vocabulary : mapping
        Arguments of `Vocabulary.from_text`; None is the default.
    vocab_from : str, optional
        A model whose vocabulary is used.
    init_from : str, optional
        A model whose weights are used, and its vocabulary, extended by the symbols of the text.
    members : int, optional
        Networks of a mixture, with the seeds ``seed``, ``seed`` + 1 and so on. By default as many as `init_from`
        has, one for a built-in text, or what `preset_settings` chooses.
    val_file : str, optional
        Held-out text.
    encoding, errors, stdin
        As for `read_corpus`.
    on_phase : callable
        Takes a description before each phase that takes time, except reading from a terminal.

    Raises
    ------
    UsageError
        For an unknown setting, a value out of range, or a contradiction to the other model.
    CorpusError
        If a text cannot be read, or cannot be learnt from.
    CheckpointError
        If the other model cannot be read.
    """
    if vocab_from is not None and init_from is not None:
        raise UsageError("`init_from` brings its model's vocabulary along; leave `vocab_from` out")
    if members is not None:
        check_number("members", members, low=1, high=MOST_MEMBERS, whole=True)
    check_errors(errors)
    for name, choices in (("unit", Unit), ("normalize", Normalization)):
        if vocabulary.get(name) is not None:
            check_choice(name, vocabulary[name], choices)
    refuse_models([*sources, *([] if val_file is None else [val_file])])
    if not (STDIN in sources and stdin is not None and stdin.isatty()):
        on_phase("reading the text")
    corpus = read_corpus(sources, encoding=encoding, errors=errors, stdin=stdin)
    validation = None
    if val_file is not None:
        validation = read_corpus([val_file], encoding=encoding, errors=errors, stdin=stdin)
    data = RunData(corpus.text, validation and validation.text)
    budget: dict[str, float | None] = {name: train.get(name) for name in BUDGETS}
    learnt = () if init_from is None else learnt_networks(init_from)
    if learnt and members not in (None, len(learnt)):
        raise UsageError(
            f"`members` is {members}, and `init_from` {init_from!r} has {len(learnt)}, which all continue; leave "
            "`members` out"
        )
    if members is None and all(source.startswith(BUILTIN) for source in corpus.sources):
        members = 1  # a text that a grammar makes is hardly overfitted: one network that learns longer is better
    pace = training_pace() if preset == "auto" and (budget["minutes"] or 0) >= 1 else PACE
    settings = preset_settings(preset, len(corpus.text), budget, members=len(learnt) or members, pace=pace)
    if learnt and "documents" not in train:
        train = {**train, "documents": learnt[0].vocabulary.stop_id is not None}
    config = TrainConfig(**(settings.train | dict(train)))
    on_phase("making the vocabulary and the model")
    symbols = _symbols(data, config)
    start: CharModel | Ensemble
    inherited: dict[str, Any] = {}
    if init_from is None:
        shape = ModelConfig(**(settings.model | dict(model)))
        known = _vocabulary(symbols, vocabulary, vocab_from, stop=config.documents)
        networks = [CharModel(shape, known, seed=config.seed + k) for k in range(settings.members)]
        start = side_by_side(networks)
    else:
        wanted = {**vocabulary, "stop": config.documents}
        start, inherited = model_from(init_from, learnt, symbols, model=model, vocabulary=wanted, seed=config.seed)
    origin = {
        "preset": settings.name,
        "sources": list(corpus.sources),
        "sha256": corpus.sha256,
        "val_file": val_file,
        "val_sha256": validation and validation.sha256,
        "encoding": encoding,
        "errors": errors,
        **inherited,
    }
    return NewRun(
        model=start, config=config, data=data, stem=corpus.stem, origin=origin, remarks=_remarks(corpus, validation)
    )


def _symbols(data: RunData, config: TrainConfig) -> str:
    """Return the text whose symbols the model must know."""
    everything = data.train + (data.validation or "")
    return "".join(split_documents(everything)) if config.documents else everything  # documents have no line ends


def _vocabulary(text: str, settings: Mapping[str, Any], vocab_from: str | None, *, stop: bool) -> Vocabulary:
    if vocab_from is not None:
        return vocabulary_from(vocab_from, settings)
    given = {name: value for name, value in settings.items() if value is not None}
    vocabulary = Vocabulary.from_text(text, **given, stop=stop)
    if len(vocabulary) < 2:
        raise CorpusError(
            f"the text is {text[:1]!r} over and over; a model needs at least two symbols to tell apart"
        )
    return vocabulary


def _remarks(corpus: Corpus, validation: Corpus | None) -> tuple[str, ...]:
    return corpus.remarks + (() if validation is None else validation.remarks)
