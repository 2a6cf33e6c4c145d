"""`new_pairs_run`: prepare a run on pairs of strings."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, BinaryIO

from charlm.config import DecodingErrors, TrainConfig, TransducerConfig
from charlm.config.presets import BUDGETS, pair_settings
from charlm.errors import CorpusError
from charlm.models.pair_symbols import encode
from charlm.models.transducer import Transducer
from charlm.nn.ngrams import known_ngrams
from charlm.text.pair_corpus import read_pair_corpus
from charlm.text.pairs import Pair, split_pairs
from charlm.text.vocabulary import Vocabulary
from charlm.training.preparation.new_run import NewRun, OnPhase, ignore_phase
from charlm.training.preparation.run_data import RunData, usable_pairs

__all__ = ["new_pairs_run"]

_NOTHING: Mapping[str, Any] = MappingProxyType({})


def new_pairs_run(
    source: str,
    *,
    preset: str = "auto",
    model: Mapping[str, Any] = _NOTHING,
    train: Mapping[str, Any] = _NOTHING,
    min_count: int = 1,
    val_file: str | None = None,
    encoding: str = "utf-8",
    errors: DecodingErrors = "strict",
    stdin: BinaryIO | None = None,
    on_phase: OnPhase = ignore_phase,
) -> NewRun:
    """Prepare a run on pairs: read them, and build their vocabularies, the model and the configuration.

    Parameters
    ----------
    source : str
        As for `charlm.text.pair_corpus.read_pair_corpus`.
    preset : str
    model, train : mapping
        Settings of `TransducerConfig` and `TrainConfig` that replace the preset's.
    min_count : int
        Rarer symbols of sources become ``<unk>``.
    val_file : str, optional
        Held-out pairs.
    encoding, errors, stdin
        As for `read_pair_corpus`.
    on_phase : callable
        Takes a description before each phase that takes time.

    Raises
    ------
    UsageError
        For an unknown setting or a value out of range.
    CorpusError
        If the pairs cannot be read, or cannot be learnt from.
    """
    on_phase("reading the pairs")
    corpus = read_pair_corpus(source, encoding=encoding, errors=errors, stdin=stdin)
    held_out = None
    if val_file is not None:
        held_out = read_pair_corpus(val_file, encoding=encoding, errors=errors, stdin=stdin)
    budget: dict[str, float | None] = {name: train.get(name) for name in BUDGETS}
    output = model.get("output", corpus.output or "text")
    settings = pair_settings(preset, budget, recommended=corpus.minutes, output=output)
    config = TrainConfig(**(settings.train | dict(train)))
    shape = TransducerConfig(**(settings.model | dict(model) | {"output": output}))
    pairs, remarks = usable_pairs(corpus, shape.output, source)
    validation = None
    if held_out is not None and val_file is not None:
        validation, more = usable_pairs(held_out, shape.output, val_file)
        remarks += more
    on_phase("making the vocabularies and the model")
    everything = [*pairs, *(validation or ())]
    sources, targets = _sources(everything, min_count), _targets(everything, shape)
    ngrams = None
    if shape.ngrams:
        learnt = pairs if validation is not None else split_pairs(pairs, config.val_frac, config.seed)[0]
        ngrams = known_ngrams([encode(sources, pair.source) for pair in learnt], shape.ngrams, len(targets))
    origin = {
        "preset": settings.name,
        "pairs": source,
        "sha256": corpus.sha256,
        "val_file": val_file,
        "val_sha256": held_out and held_out.sha256,
        "encoding": encoding,
        "errors": errors,
    }
    return NewRun(
        model=Transducer(shape, sources, targets, ngrams=ngrams, seed=config.seed),
        config=config,
        data=RunData(pairs, validation),
        stem=corpus.stem,
        origin=origin,
        remarks=remarks,
    )


def _sources(pairs: list[Pair], min_count: int) -> Vocabulary:
    text = "".join(pair.source for pair in pairs)
    if not text:
        raise CorpusError("every source is empty; there is nothing to make targets of")
    return Vocabulary.from_text(text, min_count=min_count)


def _targets(pairs: list[Pair], shape: TransducerConfig) -> Vocabulary | list[str]:
    if shape.output == "label":
        labels = sorted({pair.target for pair in pairs})
        if len(labels) < 2:
            raise CorpusError(f"every label is {labels[0]!r}; a model needs at least two to tell apart")
        return labels
    text = "".join(pair.target for pair in pairs)
    if not text:
        raise CorpusError("every target is empty; a model needs something to learn to write")
    return Vocabulary.from_text(text, stop=shape.output == "text")
