"""``charlm corpus``: the built-in corpora, and statistics of a text."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from charlm import analysis, ui
from charlm.checkpoint.model_or_text import refuse_models
from charlm.cli.arguments.texts import read_sources
from charlm.cli.options import NoColorOption, choices_of
from charlm.cli.terminal.streams import stdout_console
from charlm.cli.terminal.waiting import waiting
from charlm.cli.writing.files import open_text, refuse_existing, write_json
from charlm.config import DecodingErrors
from charlm.errors import CorpusError, UsageError
from charlm.text.builtin import NAMES, corpus_facts, entropy_facts, make_text
from charlm.text.builtin.tasks import TASKS, pairs_of, task_facts
from charlm.text.corpus import BUILTIN, DEFAULT, STDIN
from charlm.text.pairs import format_pair
from charlm.text.text_stats import count_text
from charlm.training import preparation
from charlm.ui.sanitize import visible
from charlm.ui.wording import model_line

__all__ = ["list_corpora", "make", "stats"]

JsonOption = Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")]


def list_corpora(json: JsonOption = False, no_color: NoColorOption = False) -> None:
    """List the built-in corpora and tasks of pairs.

    Beside a corpus stands its true entropy, where it is known.
    """
    corpora, tasks = list(map(corpus_facts, NAMES)), list(map(task_facts, TASKS))
    if json:
        write_json({"corpora": corpora, "tasks": tasks})
    else:
        stdout_console(no_color).print(ui.CorpusTable(corpora), "", ui.TaskTable(tasks), sep="\n")


def make(
    name: Annotated[str, typer.Argument(metavar="NAME", help="One of charlm corpus list.", show_default=False)],
    size: Annotated[
        int | None,
        typer.Option("--size", metavar="N", help="Characters; the line or tale that reaches it is the last."),
    ] = None,
    pairs: Annotated[bool, typer.Option("--pairs", help="A task of pairs: one source<TAB>target a line.")] = False,
    count: Annotated[
        int | None, typer.Option("--count", metavar="N", help="Pairs, with --pairs.", show_default=False)
    ] = None,
    seed: Annotated[int, typer.Option("--seed", metavar="N", help="Same seed, same text.")] = 0,
    output: Annotated[
        Path | None, typer.Option("--output", metavar="FILE", help="Where to write; left out, to stdout.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace FILE if it exists.")] = False,
    json: Annotated[
        bool, typer.Option("--json", help="One JSON object on stdout, with the text or its file.")
    ] = False,
) -> None:
    """Write a built-in corpus or task of pairs to a file or stdout."""
    if pairs and size is not None:
        raise UsageError(f"--size {size} counts the characters of a text; give --count with --pairs")
    if count is not None and not pairs:
        raise UsageError(f"--count {count} counts pairs; give --size, or --pairs as well")
    refuse_existing({"--output": output}, force=force)
    with waiting("making the text"):
        if pairs:
            text = "".join(f"{format_pair(pair)}\n" for pair in pairs_of(name, count, seed))
        else:
            text = make_text(name, size=size, seed=seed)
    if output is not None or not json:
        with open_text(output) as stream:
            # a file or a pipe gets every character unchanged, a terminal a sanitised text
            stream.write(visible(text) if stream.isatty() else text)
    if json:
        where = {"text": text} if output is None else {"output": str(output)}
        write_json({"name": name, "seed": seed, "characters": len(text), **where})


def stats(
    corpora: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="CORPUS",
            help="Files, folders, -, builtin:NAME; left out, builtin:tales.",
            show_default=False,
        ),
    ] = None,
    encoding: Annotated[
        str, typer.Option("--encoding", metavar="ENCODING", help="Of files and standard input.")
    ] = "utf-8",
    errors: Annotated[
        str,
        typer.Option(
            "--errors",
            metavar=choices_of(DecodingErrors),
            help="Refuse bytes that cannot be decoded, or replace them.",
        ),
    ] = "strict",
    baseline: Annotated[
        bool, typer.Option("--baseline", help="Let an n-gram model of the first nine tenths predict the last.")
    ] = False,
    details: Annotated[
        bool,
        typer.Option(
            "--details",
            help="Rare and control characters, scripts, repeats, n-gram entropies, xz, and the preset that fits.",
        ),
    ] = False,
    json: JsonOption = False,
    no_color: NoColorOption = False,
) -> None:
    """Count what is in a text, and how well a model can do at best.

    The best is the true entropy, where it is known.
    """
    sources = corpora or [DEFAULT]
    if sources.count(STDIN) > 1:
        raise UsageError("standard input can be read once; give - once")
    refuse_models(sources)
    rows: list[dict[str, Any]] = []
    for source in sources:
        corpus = read_sources([source], encoding=encoding, errors=errors)
        text = corpus.text
        builtin = source.removeprefix(BUILTIN) if source.startswith(BUILTIN) else None
        with waiting("counting", moving=not no_color):
            rows.append({"name": source, **count_text(text).to_json(), **entropy_facts(builtin)})
        if baseline:
            with waiting("fitting the n-gram baseline", moving=not no_color):
                found = analysis.corpus_baseline(text)
            rows[-1]["baseline"] = found and found.to_json()
        if details:
            looked = _details(source, text, encoding=encoding, errors=errors, moving=not no_color)
            rows[-1]["details"] = {"encoding": encoding, "remarks": list(corpus.remarks), **looked}
    if json:
        write_json({"corpora": rows})
    else:
        stdout_console(no_color).print(ui.stats_table(rows))


def _details(source: str, text: str, *, encoding: str, errors: Any, moving: bool) -> dict[str, Any]:
    """Look closely at a text, and forecast the run that ``charlm train`` would begin with it."""
    from charlm.text.survey import survey_text  # here, since it imports regex

    with waiting("surveying", moving=moving):
        found: dict[str, Any] = {**survey_text(text).to_json(), "bits": analysis.held_out_bits(text)}
    if source != STDIN:  # which cannot be read again
        with waiting("measuring the speed of training", moving=moving):
            try:
                new = preparation.new_text_run([source], encoding=encoding, errors=errors)
                plan = preparation.forecast(new)
            except CorpusError as error:  # too short to learn from
                return found | {"preset": None, "note": str(error)}
        found |= {"preset": plan.facts["preset"], "model": model_line(plan.facts), "minutes": plan.duration_s / 60}
    return found
