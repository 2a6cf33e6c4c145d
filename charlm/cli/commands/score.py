"""``charlm score``: how much each character of a text surprises a model."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from charlm.cli.arguments.texts import (
    EncodingOption,
    ErrorsOption,
    LiteralOption,
    given_text,
    model_and_texts,
    named_model,
)
from charlm.cli.options import ModelArgument, NoColorOption, OnUnknownOption
from charlm.config import SampleConfig
from charlm.errors import UsageError

__all__ = ["score"]

_DEFAULT = SampleConfig()


def score(
    model: ModelArgument = None,
    text: Annotated[
        str | None, typer.Argument(metavar="TEXT", help="A file, or - for standard input.", show_default=False)
    ] = None,
    literal: LiteralOption = None,
    encoding: EncodingOption = "utf-8",
    errors: ErrorsOption = "strict",
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object: bits of each character, null where not predicted.")
    ] = False,
    svg: Annotated[Path | None, typer.Option("--svg", metavar="FILE", help="Write the picture there, too.")] = None,
    html: Annotated[Path | None, typer.Option("--html", metavar="FILE", help="Write the page there, too.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace files that exist.")] = False,
    on_unknown: OnUnknownOption = _DEFAULT.on_unknown,
    no_color: NoColorOption = False,
) -> None:
    """Show how much each character of a text surprises a model.

    The surprisal is in bits, shown as a heat map.
    """
    from charlm import analysis
    from charlm.checkpoint import load_checkpoint
    from charlm.cli.terminal.streams import stdout_console
    from charlm.cli.terminal.waiting import waiting
    from charlm.cli.writing.files import open_text, refuse_existing
    from charlm.runs.stored import name_runs
    from charlm.ui.heat import Heat
    from charlm.ui.page.export import to_html, to_svg
    from charlm.ui.sanitize import json_text, visible_line

    refuse_existing({"--svg": svg, "--html": html}, force=force)
    model, sources = model_and_texts("score", model, () if text is None else (text,), literal)
    if len(sources) > 1:
        raise UsageError(f"{sources[0]!r} and {sources[1]!r} are two texts; give a model and one text")
    content = given_text(sources, literal, encoding=encoding, errors=errors)
    path = named_model(model, names_own=True)
    config = SampleConfig(on_unknown=on_unknown)  # type: ignore[arg-type]  # checked by the dataclass
    with waiting("scoring", moving=not no_color) as progress:
        result = analysis.score(
            load_checkpoint(path).model, content, on_unknown=config.on_unknown, progress=progress
        )
    bits = result.bits.tolist()
    heat = Heat(result.pieces, bits)
    if svg is not None:
        with open_text(svg) as file:
            file.write(to_svg(heat, title=visible_line(f"surprisal, {name_runs([str(path)])[0]}")))
    if html is not None:
        with open_text(html) as file:
            file.write(to_html(heat))
    if as_json:
        sys.stdout.write(json_text({"bits": bits, "pieces": result.pieces}) + "\n")
    else:
        stdout_console(no_color).print(heat)
