"""``charlm eval`` of a model of pairs: what it makes of sources, against their targets."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence

import typer

from charlm.analysis.pair_nats import pair_nats
from charlm.checkpoint import Checkpoint
from charlm.checkpoint.model_or_text import refuse_models
from charlm.cli.arguments.texts import read_sources
from charlm.cli.terminal.waiting import waiting
from charlm.config import OnUnknown
from charlm.errors import CorpusError, UsageError, VocabularyError
from charlm.models.transducer import Transducer
from charlm.text.corpus import BUILTIN
from charlm.text.decoding import check_errors
from charlm.text.pair_corpus import read_pair_corpus
from charlm.text.pairs import Pair, check_pairs, parse_pairs
from charlm.training.pair_evaluation import measure_outputs
from charlm.training.preparation.learnt import held_out_pairs
from charlm.ui.pair_measures import measure_lines
from charlm.ui.sanitize import json_text

__all__ = ["evaluate_pairs", "refuse_pairs"]

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
        with waiting("reading the pairs"):
            pairs = held_out_pairs(checkpoint, remedy=_GIVE)
        typer.echo(f"pairs: the {len(pairs):,} that the run held out", err=True)
        on_unknown = on_unknown if model.source.unknown_id is None else "replace"
    if output == "tags" and on_unknown == "skip":
        raise UsageError("--on-unknown skip leaves characters without a tag; choose error or replace")
    with waiting("evaluating") as progress:
        nats = pair_nats(model, pairs, on_unknown=on_unknown, progress=progress)
    with waiting("transducing") as progress:
        measures = measure_outputs(model, pairs, on_unknown=on_unknown, progress=progress)
    if as_json:
        values = {"output": output, **measures.to_json(), "nats": nats.nats, "symbols": nats.symbols}
        if output == "text":
            values["accuracy"] = nats.accuracy
        sys.stdout.write(json_text(values | {"left_out": nats.left_out}) + "\n")
        return
    for line in measure_lines(measures, nats, output, shutil.get_terminal_size().columns):
        sys.stdout.write(f"{line}\n")


def _given_pairs(
    sources: Sequence[str], literal: str | None, model: Transducer, *, encoding: str, errors: str
) -> list[Pair]:
    check_errors(errors)
    if literal is not None:
        return _parsed(literal, "--text", model)
    refuse_models(sources)
    pairs: list[Pair] = []
    for source in sources:
        if source.startswith(BUILTIN):
            pairs += read_pair_corpus(source).pairs
        else:
            text = read_sources([source], encoding=encoding, errors=errors, allow_empty=True).text
            pairs += _parsed(text, repr(source), model)
    return pairs


def _parsed(text: str, where: str, model: Transducer) -> list[Pair]:
    try:
        pairs = parse_pairs(text, where)
    except CorpusError as error:
        raise CorpusError(f"{error}; the model is a transducer, which is evaluated on pairs") from error
    check_pairs(pairs, model.config.output, where)
    return pairs


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
