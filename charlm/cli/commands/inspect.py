"""``charlm inspect``: units, gates and gradients of a model over a text."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from charlm import checkpoint
from charlm.cli.arguments.models import model_and_texts, named_model, named_networks
from charlm.cli.arguments.texts import EncodingOption, ErrorsOption, LiteralOption, given_text
from charlm.cli.options import ModelArgument, NoColorOption, OnUnknownOption
from charlm.cli.terminal.waiting import waiting
from charlm.cli.writing.files import refuse_existing
from charlm.cli.writing.views import one_view, write_view
from charlm.config import SampleConfig
from charlm.errors import UsageError

__all__ = ["inspect"]

_DEFAULT = SampleConfig()
_VIEW = "What to show"


def inspect(
    model: ModelArgument = None,
    text: Annotated[
        str | None, typer.Argument(metavar="TEXT", help="A file, or - for standard input.", show_default=False)
    ] = None,
    literal: LiteralOption = None,
    find: Annotated[
        bool,
        typer.Option("--find", help="The units that track quotes, columns or case.", rich_help_panel=_VIEW),
    ] = False,
    cell: Annotated[
        int | None,
        typer.Option(
            "--cell", metavar="K", help="Colour the text by the activation of unit K.", rich_help_panel=_VIEW
        ),
    ] = None,
    gates: Annotated[
        bool, typer.Option("--gates", help="How often each gate is closed or open.", rich_help_panel=_VIEW)
    ] = False,
    gradients: Annotated[
        bool,
        typer.Option(
            "--gradients", help="How the gradient fades with distance, in new cells too.", rich_help_panel=_VIEW
        ),
    ] = False,
    connectivity: Annotated[
        bool,
        typer.Option(
            "--connectivity", help="The earlier characters that predictions depend on.", rich_help_panel=_VIEW
        ),
    ] = False,
    health: Annotated[
        bool,
        typer.Option("--health", help="Histograms of activations and gradients.", rich_help_panel=_VIEW),
    ] = False,
    neighbours: Annotated[
        bool,
        typer.Option(
            "--neighbours", help="Symbols with similar input vectors; without text.", rich_help_panel=_VIEW
        ),
    ] = False,
    against: Annotated[
        list[str] | None,
        typer.Option(
            "--against",
            metavar="MODEL",
            help="Another model beside it: --gradients, --connectivity.",
        ),
    ] = None,
    network: Annotated[
        int | None,
        typer.Option("--network", metavar="N", help="Of a mixture, its N-th network; left out, the first."),
    ] = None,
    encoding: EncodingOption = "utf-8",
    errors: ErrorsOption = "strict",
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
    svg: Annotated[Path | None, typer.Option("--svg", metavar="FILE", help="Write the picture there, too.")] = None,
    html: Annotated[Path | None, typer.Option("--html", metavar="FILE", help="Write the page there, too.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace files that exist.")] = False,
    on_unknown: OnUnknownOption = _DEFAULT.on_unknown,
    no_color: NoColorOption = False,
) -> None:
    """Look inside a model that reads a text: units, gates, gradients.

    Shows one view, --find when none is named. Units are counted from 0, through all layers.
    """
    from charlm.cli.writing.inspections import VIEWS, Asked

    view = one_view({
        "find": find, "cell": cell is not None, "gates": gates, "gradients": gradients,
        "connectivity": connectivity, "health": health, "neighbours": neighbours,
    }) or "find"  # fmt: skip
    if against and view not in ("gradients", "connectivity"):
        raise UsageError(f"--against goes with --gradients or --connectivity and not with --{view}; leave it out")
    refuse_existing({"--svg": svg, "--html": html}, force=force)
    model, sources = model_and_texts("inspect", model, () if text is None else (text,), literal)
    content = "" if view == "neighbours" else given_text(sources, literal, encoding=encoding, errors=errors)
    paths = [named_model(model, names_own=True), *map(checkpoint.find_model, against or ())]
    models = named_networks(paths, network)
    config = SampleConfig(on_unknown=on_unknown)  # type: ignore[arg-type]  # checked by the dataclass
    with waiting("reading", moving=not no_color) as progress:
        found = VIEWS[view](Asked(models, content, cell or 0, config.on_unknown, progress))
    shown = found._replace(data={"view": view, view: found.data})
    title = f"{view}, {next(iter(models))}"
    write_view(shown, title=title, svg=svg, html=html, as_json=as_json, no_color=no_color)
