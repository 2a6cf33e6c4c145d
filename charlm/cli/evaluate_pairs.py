"""``charlm eval`` of a model of pairs: what it makes of sources, against their targets."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import typer

from charlm.analysis.pair_nats import pair_nats
from charlm.analysis.pairs import measure_pairs
from charlm.checkpoint import Checkpoint
from charlm.cli.given_text import decoding_errors, read_sources, refuse_models
from charlm.cli.new_pairs import read_run_pairs
from charlm.cli.waiting import waiting
from charlm.config import LONGEST_OUTPUT, OnUnknown, TrainConfig, from_mapping
from charlm.errors import CorpusError, UsageError, VocabularyError
from charlm.generation import transduce
from charlm.models.transducer import Transducer
from charlm.text.corpus import BUILTIN
from charlm.text.pair_corpus import read_pair_corpus
from charlm.text.pairs import Pair, check_pairs, parse_pairs, split_pairs
from charlm.ui.pair_measures import measure_lines
from charlm.ui.sanitize import json_text

__all__ = ["evaluate_pairs", "refuse_pairs"]

AT_ONCE = 1024  # sources
_GIVE = "give a file of pairs, source<TAB>target a line"


def evaluate_pairs(
    checkpoint: Checkpoint[Transducer],
    sources: Sequence[str],
    literal: str | None,
    *,
    encoding: str,
    errors: str,
    on_unknown: OnUnknown,
    as_json: bool,
) -> None:
    """Measure a model on the pairs that the arguments give, without any on those that its run held out.

    Raises
    ------
    CorpusError
        If they cannot be read, or are no pairs.
    UsageError
        If there are none.
    VocabularyError
        For a character or a label that the model does not know.
    """
    model = checkpoint.model
    output = model.config.output
    if sources and literal is not None:
        raise UsageError(f"{sources[0]!r} and --text are two sets of pairs; give one of them")
    if sources or literal is not None:
        pairs = _given_pairs(sources, literal, model, encoding=encoding, errors=errors)
    else:
        pairs = _held_out(checkpoint)
        on_unknown = on_unknown if model.source.unknown_id is None else "replace"
    if output == "tags" and on_unknown == "skip":
        raise UsageError("--on-unknown skip leaves characters without a tag; choose error or replace")
    with waiting("evaluating") as progress:
        nats = pair_nats(model, pairs, on_unknown=on_unknown, progress=progress)
    made = _outputs(model, pairs, on_unknown)
    measures = measure_pairs(made, [pair.target for pair in pairs], output)
    if as_json:
        values = {"output": output, **measures.to_json(), "nats": nats.nats, "symbols": nats.symbols}
        if output == "text":
            values["accuracy"] = nats.accuracy
        sys.stdout.write(json_text(values | {"left_out": nats.left_out}) + "\n")
        return
    for line in measure_lines(measures, nats, output, shutil.get_terminal_size().columns):
        sys.stdout.write(f"{line}\n")


def _outputs(model: Transducer, pairs: Sequence[Pair], on_unknown: OnUnknown) -> list[str]:
    """Return what a model makes of each source."""
    longest = max(LONGEST_OUTPUT, 2 * max(len(pair.target) for pair in pairs) + 1)
    made: list[str] = []
    with waiting("transducing") as progress:
        for begin in range(0, len(pairs), AT_ONCE):
            some = [pair.source for pair in pairs[begin : begin + AT_ONCE]]
            made += [one.text for one in transduce(model, some, length=longest, on_unknown=on_unknown)]
            progress(len(made), len(pairs))
    return made


def _given_pairs(
    sources: Sequence[str], literal: str | None, model: Transducer, *, encoding: str, errors: str
) -> list[Pair]:
    how = decoding_errors(errors)
    if literal is not None:
        return _parsed(literal, "--text", model)
    refuse_models(sources)
    pairs: list[Pair] = []
    for source in sources:
        if source.startswith(BUILTIN):
            pairs += read_pair_corpus(source).pairs
        else:
            text = read_sources([source], encoding=encoding, errors=how, allow_empty=True).text
            pairs += _parsed(text, repr(source), model)
    return pairs


def _parsed(text: str, where: str, model: Transducer) -> list[Pair]:
    try:
        pairs = parse_pairs(text, where)
    except CorpusError as error:
        raise CorpusError(f"{error}; the model is a transducer, which is evaluated on pairs") from error
    check_pairs(pairs, model.config.output, where)
    return pairs


def _held_out(checkpoint: Checkpoint[Transducer]) -> list[Pair]:
    """Read again what the model's run held out."""
    training: Mapping[str, Any] = checkpoint.training
    try:
        origin = dict(training["origin"])
        config = from_mapping(TrainConfig, dict(training["train"]))
        with waiting("reading the pairs"):
            pairs, validation = read_run_pairs(origin, checkpoint.model)
    except (KeyError, TypeError, ValueError) as error:  # saved by hand, or untrusted
        raise UsageError(f"this model does not say what pairs it has learnt; {_GIVE}") from error
    except CorpusError as error:
        cause, _, _ = str(error).partition("; ")
        raise CorpusError(f"the run's pairs cannot be read again: {cause}; {_GIVE}") from error
    held_out = split_pairs(pairs, config.val_frac, config.seed)[1] if validation is None else validation
    if not held_out:
        raise UsageError(f"nothing was held out of this model's pairs; {_GIVE}")
    typer.echo(f"pairs: the {len(held_out):,} that the run held out", err=True)
    return held_out


def refuse_pairs(text: str, symbols: Sequence[object], error: VocabularyError) -> None:
    """Refuse a file of pairs that was given to a language model, where that is why a symbol is unknown.

    Parameters
    ----------
    text : str
    symbols : sequence
        Those that the model knows.
    error : VocabularyError

    Raises
    ------
    CorpusError
    """
    lines = text.removesuffix("\n").split("\n")
    if "\t" not in symbols and all(line.count("\t") == 1 for line in lines):
        raise CorpusError(
            "the text is a file of pairs, and the model a language model; evaluate a transducer on it, "
            "which charlm train --pairs makes"
        ) from error
