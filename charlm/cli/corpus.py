"""``charlm corpus``: the corpora that are built in, and what is in a text."""

from __future__ import annotations

import math
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from charlm.cli.options import NoColorOption
from charlm.errors import UsageError

__all__ = ["corpus"]

corpus = typer.Typer(
    help="List, make and measure corpora.",
    no_args_is_help=True,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)

JsonOption = Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")]


@corpus.command("list")
def list_corpora(json: JsonOption = False, no_color: NoColorOption = False) -> None:
    """List the built-in corpora, with the true entropy of those where it is known."""
    from charlm.cli.streams import stdout_console
    from charlm.text.builtin import NAMES, default_size, describe, true_entropy
    from charlm.ui.corpora import CorpusTable
    from charlm.ui.sanitize import json_text

    corpora = []
    for name in NAMES:
        entropy = true_entropy(name)
        corpora.append(
            {
                "name": name,
                "characters": default_size(name),
                "description": describe(name),
                "true_nats": entropy and entropy.nats,
                "true_bits": entropy and entropy.bits,
            }
        )
    if json:
        sys.stdout.write(json_text({"corpora": corpora}) + "\n")
    else:
        stdout_console(no_color).print(CorpusTable(corpora))


@corpus.command("make")
def make(
    name: Annotated[str, typer.Argument(metavar="NAME", help="One of charlm corpus list.", show_default=False)],
    size: Annotated[
        int | None, typer.Option("--size", help="Characters; the line or tale that reaches it is the last.")
    ] = None,
    seed: Annotated[int, typer.Option("--seed", help="Same seed, same text.")] = 0,
    output: Annotated[
        Path | None, typer.Option("--output", metavar="FILE", help="Where to write; left out, to stdout.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace FILE if it exists.")] = False,
    json: Annotated[
        bool, typer.Option("--json", help="One JSON object on stdout, with the text or its file.")
    ] = False,
) -> None:
    """Make a built-in corpus: its text on stdout or in a file."""
    from charlm.cli.writing import open_text, refuse_existing
    from charlm.text.builtin import make_text
    from charlm.ui.sanitize import json_text, visible

    refuse_existing({"--output": output}, force=force)
    text = make_text(name, size=size, seed=seed)
    if output is not None or not json:
        with open_text(output) as stream:
            # a file or a pipe gets every character as it is, a terminal what cannot control it
            stream.write(visible(text) if stream.isatty() else text)
    if json:
        where = {"text": text} if output is None else {"output": str(output)}
        sys.stdout.write(json_text({"name": name, "seed": seed, "characters": len(text), **where}) + "\n")


@corpus.command("stats")
def stats(
    corpora: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[CORPUS]...",
            help="Files, folders, -, builtin:NAME; left out, builtin:tales.",
            show_default=False,
        ),
    ] = None,
    encoding: Annotated[str, typer.Option("--encoding", help="Of files and standard input.")] = "utf-8",
    errors: Annotated[
        str, typer.Option("--errors", metavar="strict|replace", help="What becomes of undecodable bytes.")
    ] = "strict",
    baseline: Annotated[
        bool, typer.Option("--baseline", help="Let an n-gram model of the first nine tenths predict the last.")
    ] = False,
    json: JsonOption = False,
    no_color: NoColorOption = False,
) -> None:
    """Count what is in each corpus, and show how well a model of it can do at best, where that is known."""
    from charlm.analysis.text_baseline import corpus_baseline
    from charlm.cli.given_text import read_sources
    from charlm.cli.streams import stdout_console
    from charlm.text.builtin import true_entropy
    from charlm.text.corpus import BUILTIN, DEFAULT, STDIN
    from charlm.text.text_stats import count_text
    from charlm.ui.corpora import stats_table
    from charlm.ui.sanitize import json_text

    sources = corpora or [DEFAULT]
    if sources.count(STDIN) > 1:
        raise UsageError("standard input can be read once; give - once")
    rows = []
    for source in sources:
        text = read_sources([source], encoding=encoding, errors=errors).text
        entropy = true_entropy(source.removeprefix(BUILTIN)) if source.startswith(BUILTIN) else None
        counts = count_text(text)
        row = {"name": source, **asdict(counts), "unigram_bits": counts.unigram_nats / math.log(2)}
        row |= {"true_nats": entropy and entropy.nats, "true_bits": entropy and entropy.bits}
        if baseline:
            found = corpus_baseline(text)
            row["baseline"] = found and found.to_json()
        rows.append(row)
    if json:
        sys.stdout.write(json_text({"corpora": rows}) + "\n")
    else:
        stdout_console(no_color).print(stats_table(rows))
