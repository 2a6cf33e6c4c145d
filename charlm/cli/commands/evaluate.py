"""``charlm eval``: the loss of a model on a text."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

import charlm
from charlm import analysis, checkpoint, runs, training, ui
from charlm.cli.arguments.mixing import CountsOption, MixOption, mixed
from charlm.cli.arguments.models import model_and_texts, named_model
from charlm.cli.arguments.pairs import GIVE_PAIRS, given_pairs, refuse_pairs
from charlm.cli.arguments.texts import ONE_TEXT, EncodingOption, ErrorsOption, LiteralOption, given_text
from charlm.cli.options import ModelArgument, OnUnknownOption
from charlm.cli.setting_flags import FlagsOf, Given
from charlm.cli.terminal.waiting import waiting
from charlm.cli.writing.files import write_json, write_lines
from charlm.config import DynamicConfig, OnUnknown, SampleConfig
from charlm.errors import UsageError, VocabularyError
from charlm.training import preparation
from charlm.ui.sanitize import visible_line

if TYPE_CHECKING:
    from charlm.checkpoint import Checkpoint
    from charlm.models.predictor import Predictor

__all__ = ["evaluate"]

_DEFAULT = SampleConfig()


def evaluate(
    model: ModelArgument = None,
    texts: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="TEXT", help="Files, folders or -; left out, what the run held out.", show_default=False
        ),
    ] = None,
    *,
    literal: LiteralOption = None,
    encoding: EncodingOption = "utf-8",
    errors: ErrorsOption = "strict",
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
    on_unknown: OnUnknownOption = _DEFAULT.on_unknown,
    baseline: Annotated[
        str | None,
        typer.Option(
            "--baseline",
            metavar="CORPUS",
            help="Let an n-gram model of this text, the training text say, predict too.",
        ),
    ] = None,
    details: Annotated[
        bool,
        typer.Option(
            "--details", help="Confidence interval, calibration, and the loss by class of character and by place."
        ),
    ] = False,
    against: Annotated[
        list[str] | None,
        typer.Option("--against", metavar="MODEL", help="Another model in one table; may be repeated."),
    ] = None,
    each: Annotated[bool, typer.Option("--each", help="Every TEXT by itself, in one table.")] = False,
    beam: Annotated[
        int | None,
        typer.Option("--beam", metavar="N", help="For models of pairs: search for the likeliest text, N at once."),
    ] = None,
    mix: MixOption = None,
    counts: CountsOption = None,
    dynamic: Annotated[
        bool,
        typer.Option("--dynamic", help="Dynamic evaluation: learn from each part of the text once it is scored."),
    ] = False,
    dynamic_settings: Annotated[Given, FlagsOf(DynamicConfig)],
) -> None:
    """Measure how well a model predicts a text: nats, bits, perplexity.

    Without TEXT it predicts what its run held out. Nats and perplexity are per symbol of the model; bits are per
    character for models of bytes and graphemes, too.

    A model of pairs is applied to the sources of a file of pairs: exact match, character error rate, F1 of each
    tag, which label is taken for which.
    """
    learning = _learning(dynamic, dynamic_settings)
    model, sources = model_and_texts("eval", model, texts or (), literal)
    config = SampleConfig(on_unknown=on_unknown)  # type: ignore[arg-type]  # checked by the dataclass
    loaded = checkpoint.load_checkpoint(named_model(model, names_own=True, kind=None), kind=None)
    given = {"sources": sources, "literal": literal, "encoding": encoding, "errors": errors}
    if against or each:
        if learning is not None or baseline is not None or details or beam is not None or mix or counts is not None:
            raise UsageError(
                "--against and --each go without --details, --baseline, --beam, --mix, --counts and --dynamic; "
                "leave them out"
            )
        rows = _table([loaded.path, *map(checkpoint.find_model, against or ())], config.on_unknown, each, given)
        values, lines = {"table": rows}, ui.evaluation_table(rows)
    elif not isinstance(loaded.model, charlm.Transducer):
        if beam is not None:
            raise UsageError("--beam is for models of pairs, and this is a language model; leave it out")
        net = mixed(loaded, mix, counts)
        values, lines = _of_text(loaded, net, config.on_unknown, baseline, learning, given, details=details)
    elif learning is not None or baseline is not None or details or mix or counts:
        raise UsageError(
            "--dynamic, --baseline, --details, --mix and --counts are for language models, and this is a "
            "transducer; leave them out"
        )
    else:
        values, lines = _of_pairs(loaded, config.on_unknown, given, beam=1 if beam is None else beam)
    if as_json:
        write_json(values)
    else:
        write_lines(lines)


def _of_text(
    loaded: Checkpoint[Predictor],
    net: Predictor,
    on_unknown: OnUnknown,
    baseline: str | None,
    learning: DynamicConfig | None,
    given: Mapping[str, Any],
    *,
    details: bool,
) -> tuple[dict[str, Any], Iterator[str]]:
    """Evaluate a model, mixed as asked for, on the given text, by default on that which its run held out."""
    stored: Mapping[str, Any] = {}
    if given["sources"] or given["literal"] is not None:
        text = given_text(**given)
    else:
        with waiting("reading the training text"):
            text = preparation.held_out_text(loaded, remedy=ONE_TEXT)
        typer.echo(f"text: the {len(text):,} character{'s' * (len(text) != 1)} that the run held out", err=True)
        on_unknown = on_unknown if net.vocabulary.unknown_id is None else "replace"  # as the run did
        stored = ui.stored_baseline(loaded.training)
    try:
        with waiting("evaluating") as progress:
            result = analysis.evaluate(net, text, on_unknown=on_unknown, dynamic=learning, progress=progress)
    except VocabularyError as error:
        refuse_pairs(text, net.vocabulary.symbols, error)
        raise
    values = ui.evaluation_values(result, net.vocabulary.unit, dynamic=learning)
    beside = None
    if baseline is not None:
        learnt = given_text(**{**given, "sources": (baseline,), "literal": None})
        with waiting("fitting the n-gram baseline"):
            beside = analysis.text_baseline(net.vocabulary, learnt, text, on_unknown=on_unknown)
        values["baseline"] = beside and beside.to_json()
    elif stored:
        values["baseline"] = dict(stored)
    lines = [ui.evaluation_lines(result, net.vocabulary.unit, baseline=beside or stored, dynamic=learning)]
    if details:
        with waiting("breaking the loss down") as progress:
            found = analysis.break_down(net, text, on_unknown=on_unknown, progress=progress)
        values["details"] = found.to_json()
        if learning is not None:
            lines.append(iter(["", "The model as trained, which does not learn:"]))
        lines.append(ui.breakdown_lines(found))
    return values, chain.from_iterable(lines)


def _table(
    paths: Sequence[Path], on_unknown: OnUnknown, each: bool, given: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """Evaluate language models on texts; return a row a model and text."""
    names = runs.name_runs([str(path) for path in paths])
    sources = [(source,) for source in given["sources"]] if each else [given["sources"]]
    if not given["sources"] and given["literal"] is None:
        raise UsageError("a table needs a text that all models read; give one")
    rows = []
    for group in sources or [()]:
        text = given_text(**{**given, "sources": group})
        for name, path in zip(names, paths, strict=True):
            net = checkpoint.load_predictor(path).model
            with waiting(f"evaluating {visible_line(name)}") as progress:
                result = analysis.evaluate(net, text, on_unknown=on_unknown, progress=progress)
            row = {"model": name, "text": ", ".join(group) or "--text"}
            rows.append(row | ui.evaluation_values(result, net.vocabulary.unit))
    return rows


def _of_pairs(
    loaded: Checkpoint[charlm.Transducer], on_unknown: OnUnknown, given: Mapping[str, Any], *, beam: int
) -> tuple[dict[str, Any], Iterator[str]]:
    """Evaluate a model on the given pairs, by default on those that its run held out."""
    net, output = loaded.model, loaded.model.config.output
    pairs = given_pairs(net, **given)
    if pairs is None:
        with waiting("reading the pairs"):
            pairs = preparation.held_out_pairs(loaded, remedy=GIVE_PAIRS)
        typer.echo(f"pairs: the {len(pairs):,} that the run held out", err=True)
        on_unknown = on_unknown if net.source.unknown_id is None else "replace"
    if output == "tags" and on_unknown == "skip":
        raise UsageError("--on-unknown skip leaves characters without a tag; choose error or replace")
    with waiting("evaluating") as progress:
        nats = analysis.pair_nats(net, pairs, on_unknown=on_unknown, progress=progress)
    with waiting("transducing") as progress:
        measures = training.measure_outputs(net, pairs, beam=beam, on_unknown=on_unknown, progress=progress)
    columns = shutil.get_terminal_size().columns
    return ui.measure_values(measures, nats, output), ui.measure_lines(measures, nats, output, columns)


def _learning(dynamic: bool, settings: Given) -> DynamicConfig | None:
    """Return the settings of dynamic evaluation; None without it."""
    if settings and not dynamic:
        raise UsageError(f"--dynamic-{next(iter(settings))} is for dynamic evaluation; add --dynamic")
    return DynamicConfig(**settings) if dynamic else None
