"""``charlm transduce``: apply a model of pairs to strings."""

from __future__ import annotations

import secrets
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

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
    from charlm.checkpoint import load_checkpoint
    from charlm.cli.terminal.streams import stdin_bytes, stdin_is_terminal
    from charlm.cli.writing.files import open_text, refuse_existing, refuse_raw_terminal
    from charlm.cli.writing.transductions import AnswerWriter, Transducing, model_path
    from charlm.models.transducer import Transducer
    from charlm.runs.stored import name_runs

    if raw:
        refuse_raw_terminal(sys.stdout)
    refuse_existing({"--svg": svg, "--html": html}, force=force)
    path = model_path(model)
    net = load_checkpoint(path, Transducer).model
    drawn = seed is None and temperature > 0
    settings: dict[str, Any] = {
        "beam": 1 if beam is None else beam,
        "temperature": temperature,
        "length": length,
        "seed": secrets.randbelow(2**32) if drawn else seed,
        "on_unknown": on_unknown,
    }
    if (attention or svg or html) and not net.config.attends:
        raise UsageError("this model has no attention; leave out --attention, --svg and --html")
    typed = not strings and stdin_is_terminal()
    transducing = Transducing(net, settings, patient=typed)
    if drawn:
        typer.echo(f"seed {settings['seed']}", err=True)
    if typed:
        typer.echo("a source a line; Ctrl-D ends", err=True)
    with open_text(None) as stream:
        writer = AnswerWriter(
            stream,
            seed=settings["seed"] if temperature else None,
            as_json=as_json,
            raw=raw,
            no_color=no_color,
            attention=attention,
            pictures=bool(svg or html),
        )
        for answers in transducing.strings(strings) if strings else transducing.lines(stdin_bytes()):
            writer.write(answers)
    writer.write_pictures(svg, html, title=f"attention, {name_runs([str(path)])[0]}")
    writer.tell(length)
