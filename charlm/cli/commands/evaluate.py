"""``charlm eval``: how well a model predicts a text."""

from __future__ import annotations

import sys
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from charlm.cli.arguments.texts import (
    ONE_TEXT,
    EncodingOption,
    ErrorsOption,
    LiteralOption,
    given_text,
    model_and_texts,
    named_model,
)
from charlm.cli.options import ModelArgument, OnUnknownOption
from charlm.config import DynamicConfig, SampleConfig
from charlm.errors import UsageError, VocabularyError

if TYPE_CHECKING:
    from charlm.checkpoint import Checkpoint
    from charlm.models.language_model import CharModel

__all__ = ["evaluate"]

_DEFAULT, _DYNAMIC = SampleConfig(), DynamicConfig()


def evaluate(
    model: ModelArgument = None,
    texts: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="TEXT", help="Files, folders or -; left out, what the run held out.", show_default=False
        ),
    ] = None,
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
    dynamic: Annotated[
        bool,
        typer.Option("--dynamic", help="Dynamic evaluation: learn from each part of the text once it is scored."),
    ] = False,
    rate: Annotated[
        float | None,
        typer.Option(
            "--dynamic-rate", metavar="X", help="Step size of that learning.", show_default=f"{_DYNAMIC.rate:g}"
        ),
    ] = None,
    decay: Annotated[
        float | None,
        typer.Option(
            "--dynamic-decay",
            metavar="P",
            help="Share of the way back to the trained weights after each part.",
            show_default=f"{_DYNAMIC.decay:g}",
        ),
    ] = None,
    length: Annotated[
        int | None,
        typer.Option(
            "--dynamic-length", metavar="N", help="Characters of a part.", show_default=str(_DYNAMIC.length)
        ),
    ] = None,
) -> None:
    """Measure how well a model predicts a text: nats, bits, perplexity.

    Without TEXT it predicts what its run held out. Nats and perplexity are per symbol of the model; bits are per
    character for models of bytes and graphemes, too.

    A model of pairs is applied to the sources of a file of pairs: exact match, character error rate, F1 of each
    tag, which label is taken for which.
    """
    from charlm import analysis
    from charlm.analysis.text_baseline import text_baseline
    from charlm.checkpoint import load_checkpoint
    from charlm.cli.arguments.pairs import evaluate_pairs, refuse_pairs
    from charlm.cli.terminal.waiting import waiting
    from charlm.models.transducer import Transducer
    from charlm.ui.sanitize import json_text

    learning = _learning(dynamic, {"rate": rate, "decay": decay, "length": length})
    model, sources = model_and_texts("eval", model, texts or (), literal)
    config = SampleConfig(on_unknown=on_unknown)  # type: ignore[arg-type]  # checked by the dataclass
    checkpoint = load_checkpoint(named_model(model, names_own=True, kind=None), kind=None)
    net = checkpoint.model
    if isinstance(net, Transducer):
        if learning is not None or baseline is not None:
            raise UsageError(
                "--dynamic and --baseline are for language models, and this is a transducer; leave them out"
            )
        decoding = {"encoding": encoding, "errors": errors}
        evaluate_pairs(checkpoint, sources, literal, on_unknown=config.on_unknown, as_json=as_json, **decoding)
        return
    if sources or literal is not None:
        text = given_text(sources, literal, encoding=encoding, errors=errors)
    else:
        text, config = _held_out(checkpoint, config)
    try:
        with waiting("evaluating") as progress:
            result = analysis.evaluate(net, text, on_unknown=config.on_unknown, dynamic=learning, progress=progress)
    except VocabularyError as error:
        refuse_pairs(text, net.vocabulary.symbols, error)
        raise
    beside = None
    if baseline is not None:
        training = given_text((baseline,), None, encoding=encoding, errors=errors)
        with waiting("fitting the n-gram baseline"):
            beside = text_baseline(net.vocabulary, training, text, on_unknown=config.on_unknown)
    unit = "character" if net.vocabulary.unit == "char" else net.vocabulary.unit
    if as_json:
        numbers: dict[str, Any] = {
            "nats": result.nats,
            "bits_per_char": result.bits_per_char,
            "perplexity": result.perplexity,
            "characters": result.characters,
            "symbols": result.symbols,
            "unit": net.vocabulary.unit,
            "dynamic": None if learning is None else asdict(learning),
        }
        if baseline is not None:
            numbers["baseline"] = beside and beside.to_json()
        sys.stdout.write(json_text(numbers) + "\n")
        return
    rows: tuple[tuple[str, str], ...] = (
        (f"nats per {unit}", f"{result.nats:.4f}"),
        ("bits per character", f"{result.bits_per_char:.4f}"),
        (f"perplexity per {unit}", f"{result.perplexity:.3f}"),
        ("characters predicted", f"{result.characters:,}"),
    )
    if beside is not None:
        rows += ((f"{beside.order}-gram baseline, nats", f"{beside.nats:.4f}"),)
    for name, value in rows:
        sys.stdout.write(f"{name:<26}{value}\n")
    if learning is not None:
        sys.stdout.write(
            f"dynamic: rate {learning.rate:g}, decay {learning.decay:g}, every {learning.length} {unit}s\n"
        )


def _held_out(checkpoint: Checkpoint[CharModel], config: SampleConfig) -> tuple[str, SampleConfig]:
    """Return what the model's run held out, and how to read it: with ``<unk>``, where the run had that."""
    from charlm.cli.terminal.waiting import waiting
    from charlm.training.preparation.learnt import held_out_text

    with waiting("reading the training text"):
        text = held_out_text(checkpoint, remedy=ONE_TEXT)
    typer.echo(f"text: the {len(text):,} character{'s' * (len(text) != 1)} that the run held out", err=True)
    return text, config if checkpoint.model.vocabulary.unknown_id is None else replace(config, on_unknown="replace")


def _learning(dynamic: bool, given: dict[str, float | None]) -> DynamicConfig | None:
    """Return how the weights continue to learn; None if they do not."""
    settings = {name: value for name, value in given.items() if value is not None}
    if settings and not dynamic:
        raise UsageError(f"--dynamic-{next(iter(settings))} is for dynamic evaluation; add --dynamic")
    return DynamicConfig(**settings) if dynamic else None  # type: ignore[arg-type]  # checked by the dataclass
