"""``charlm transduce``: apply a model of pairs to strings."""

from __future__ import annotations

import secrets
import sys
from pathlib import Path
from typing import Annotated

import typer

import charlm
from charlm import checkpoint, runs
from charlm.cli.arguments.models import named_transducer
from charlm.cli.arguments.sources import Transducing
from charlm.cli.options import (
    OUTPUT,
    BeamOption,
    ModelArgument,
    NoColorOption,
    OnUnknownOption,
    RawOption,
    SeedOption,
    TemperatureOption,
)
from charlm.cli.terminal.streams import stdin_bytes, stdin_is_terminal
from charlm.cli.writing.files import open_text, refuse_existing, refuse_raw_terminal
from charlm.cli.writing.transductions import TransductionWriter
from charlm.config import LONGEST_OUTPUT, SampleConfig
from charlm.errors import UsageError

__all__ = ["transduce"]

_DEFAULT = SampleConfig()


def transduce(
    model: ModelArgument = None,
    strings: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="STRING", help="Sources; left out, the lines of standard input.", show_default=False
        ),
    ] = None,
    on_unknown: OnUnknownOption = _DEFAULT.on_unknown,
    beam: BeamOption = None,
    temperature: TemperatureOption = 0.0,
    length: Annotated[
        int, typer.Option("--length", metavar="N", help="Characters of an output at most.")
    ] = LONGEST_OUTPUT,
    seed: SeedOption = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="One object a source, with its score.", rich_help_panel=OUTPUT)
    ] = False,
    attention: Annotated[
        bool, typer.Option("--attention", help="Show which characters of a source the model attends to.")
    ] = False,
    svg: Annotated[
        Path | None, typer.Option("--svg", metavar="FILE", help="Write a picture of the attention there.")
    ] = None,
    html: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="Write a page of the attention there.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace files that exist.")] = False,
    raw: RawOption = False,
    no_color: NoColorOption = False,
) -> None:
    r"""Apply a model of pairs to strings: a line in, a line out.

    Lines are answered as they come. In one, as in a file of pairs, \n, \t and \\ stand for a line feed, a tab and
    a backslash.
    """
    if raw:
        refuse_raw_terminal(sys.stdout)
    refuse_existing({"--svg": svg, "--html": html}, force=force)
    path = named_transducer(model)
    net = checkpoint.load_checkpoint(path, charlm.Transducer).model
    if (attention or svg or html) and not net.config.attends:
        raise UsageError("this model has no attention; leave out --attention, --svg and --html")
    reported_seed = secrets.randbelow(2**32) if seed is None and temperature else None
    seed = reported_seed if seed is None else seed
    beam = 1 if beam is None else beam
    settings = {"beam": beam, "temperature": temperature, "length": length, "on_unknown": on_unknown}
    typed = not strings and stdin_is_terminal()
    transducing = Transducing(net, settings | {"seed": seed}, patient=typed)
    if reported_seed is not None:
        typer.echo(f"seed {reported_seed}", err=True)
    if typed:
        typer.echo("a source a line; Ctrl-D ends", err=True)
    with open_text(None) as stream:
        writer = TransductionWriter(
            stream,
            seed=seed if temperature else None,
            as_json=as_json,
            raw=raw,
            no_color=no_color,
            attention=attention,
            pictures=bool(svg or html),
        )
        for some in transducing.strings(strings) if strings else transducing.lines(stdin_bytes()):
            writer.write(some)
    writer.write_pictures(svg, html, title=f"attention, {runs.name_runs([str(path)])[0]}")
    writer.report(length)
