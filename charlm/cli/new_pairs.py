"""What the flags of ``train --pairs`` amount to: pairs, a model, a configuration."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from charlm.checkpoint import new_run_folder
from charlm.cli.run_text import refuse_pipe
from charlm.cli.streams import stdin_bytes
from charlm.config import TrainConfig, TransducerConfig
from charlm.config.presets import BUDGETS, pair_settings
from charlm.errors import CorpusError
from charlm.models.transducer import Transducer
from charlm.text.pair_corpus import PairCorpus, read_pair_corpus
from charlm.text.pairs import Pair, check_pairs, drop_long
from charlm.text.vocabulary import Vocabulary
from charlm.training.pairs import PairsTask, pairs_task
from charlm.training.parallel.communicator import ProcessGroup
from charlm.training.train import RunOptions

__all__ = ["NewPairs", "read_run_pairs"]


class NewPairs:
    """A run on pairs that is about to begin.

    Parameters
    ----------
    source : str
        What to read, as `read_pair_corpus` takes it.
    preset : str
    model_flags, train_flags : mapping
        Settings that beat the preset's.
    min_count : int
        Symbols of sources that are rarer become one unknown symbol.
    val_file : str, optional
        Pairs to validate on.
    encoding, errors : str
        How files are decoded.
    on_phase : callable
        Called with a few words before each thing that takes time.
    """

    def __init__(
        self,
        *,
        source: str,
        preset: str,
        model_flags: Mapping[str, Any],
        train_flags: Mapping[str, Any],
        min_count: int,
        val_file: str | None,
        encoding: str,
        errors: str,
        on_phase: Callable[[str], None],
    ) -> None:
        decoding: dict[str, Any] = {"encoding": encoding, "errors": errors}
        on_phase("reading the pairs")
        corpus = read_pair_corpus(source, stdin=stdin_bytes(), **decoding)
        validation = None if val_file is None else read_pair_corpus(val_file, stdin=stdin_bytes(), **decoding)
        budget: dict[str, float | None] = {name: train_flags.get(name) for name in BUDGETS}
        output = model_flags.get("output", corpus.output or "text")
        settings = pair_settings(preset, budget, recommended=corpus.minutes, output=output)
        self.config = TrainConfig(**(settings.train | dict(train_flags)))
        shape = TransducerConfig(**(settings.model | dict(model_flags) | {"output": output}))
        self.pairs, remarks = _usable(corpus, shape, source)
        self.validation = None
        if validation is not None and val_file is not None:
            self.validation, more = _usable(validation, shape, val_file)
            remarks += more
        self.remarks, self.stem = remarks, corpus.stem
        on_phase("making the vocabularies and the model")
        everything = [*self.pairs, *(self.validation or ())]
        self.model = Transducer(
            shape, _sources(everything, min_count), _targets(everything, shape), seed=self.config.seed
        )
        self.origin = {
            "preset": settings.name,
            "pairs": source,
            "sha256": corpus.sha256,
            "val_file": val_file,
            "val_sha256": None if validation is None else validation.sha256,
            **decoding,
        }

    def task(self) -> PairsTask:
        """Encode the pairs and hold some of them out."""
        return pairs_task(self.model, self.pairs, self.config, self.validation)

    def options(
        self, out: Path | None, *, force: bool, started_s: float, group: ProcessGroup | None = None
    ) -> RunOptions:
        """Make the run folder; everything else is known to be right by now."""
        folder = new_run_folder(out, self.stem, force=force)
        return RunOptions(folder=folder, origin=self.origin, started_s=started_s, group=group)


def _usable(corpus: PairCorpus, shape: TransducerConfig, where: str) -> tuple[list[Pair], tuple[str, ...]]:
    """Return the pairs that are short enough to learn from, and a remark on those left out."""
    check_pairs(corpus.pairs, shape.output, repr(where))
    pairs, dropped = drop_long(corpus.pairs)
    remarks = corpus.remarks
    if dropped:
        remarks += (f"{dropped:,} pair{'s' * (dropped > 1)} of {where!r} left out, too long to learn from",)
    return pairs, remarks


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


def read_run_pairs(origin: Mapping[str, Any], model: Transducer) -> tuple[list[Pair], list[Pair] | None]:
    """Read a run's pairs and those that it validates on, if they are others.

    Parameters
    ----------
    origin : mapping
        What the run's checkpoint says of them.
    model : Transducer

    Raises
    ------
    CorpusError
        If they are no longer there, or are others.
    """
    decoding: dict[str, Any] = {"encoding": origin["encoding"], "errors": origin["errors"]}
    pairs = _read_again(str(origin["pairs"]), origin["sha256"], decoding, model)
    val_file = origin["val_file"]
    return pairs, None if val_file is None else _read_again(str(val_file), origin["val_sha256"], decoding, model)


def _read_again(source: str, sha256: str, decoding: dict[str, Any], model: Transducer) -> list[Pair]:
    refuse_pipe(source, "pairs")
    corpus = read_pair_corpus(source, **decoding)
    if corpus.sha256 != sha256:
        raise CorpusError(
            f"the pairs of this run have changed ({source!r}); "
            f"put the old ones back, or train a new run on the new ones"
        )
    pairs, _ = _usable(corpus, model.config, source)
    return pairs
