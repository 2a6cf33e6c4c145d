"""``charlm score``: how much each character of a text surprises a model."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from charlm import analysis, checkpoint, runs, ui
from charlm.cli.arguments.models import model_and_texts, named_model
from charlm.cli.arguments.texts import EncodingOption, ErrorsOption, LiteralOption, given_text
from charlm.cli.options import ModelArgument, NoColorOption, OnUnknownOption
from charlm.cli.terminal.streams import stdout_console
from charlm.cli.terminal.waiting import waiting
from charlm.cli.writing.files import refuse_existing, write_file, write_json
from charlm.config import SampleConfig
from charlm.errors import UsageError
from charlm.ui.sanitize import visible_line

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
    refuse_existing({"--svg": svg, "--html": html}, force=force)
    model, sources = model_and_texts("score", model, () if text is None else (text,), literal)
    if len(sources) > 1:
        raise UsageError(f"{sources[0]!r} and {sources[1]!r} are two texts; give a model and one text")
    content = given_text(sources, literal, encoding=encoding, errors=errors)
    path = named_model(model, names_own=True)
    config = SampleConfig(on_unknown=on_unknown)  # type: ignore[arg-type]  # checked by the dataclass
    with waiting("scoring", moving=not no_color) as progress:
        net = checkpoint.load_checkpoint(path).model
        result = analysis.score(net, content, on_unknown=config.on_unknown, progress=progress)
    heat = ui.Heat(result.pieces, result.bits.tolist())
    write_file(svg, lambda: ui.to_svg(heat, title=visible_line(f"surprisal, {runs.name_runs([str(path)])[0]}")))
    write_file(html, lambda: ui.to_html(heat))
    if as_json:
        write_json({"bits": result.bits.tolist(), "pieces": result.pieces})
    else:
        stdout_console(no_color).print(heat)
