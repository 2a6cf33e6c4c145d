"""``charlm score``: the surprisal of each character of a text."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from charlm import checkpoint
from charlm.cli.arguments.mixing import CountsOption, MixOption, mixed
from charlm.cli.arguments.models import model_and_texts, named_model, named_models
from charlm.cli.arguments.texts import EncodingOption, ErrorsOption, LiteralOption, given_text
from charlm.cli.options import ModelArgument, NoColorOption, OnUnknownOption
from charlm.cli.terminal.waiting import waiting
from charlm.cli.writing.files import refuse_existing
from charlm.cli.writing.scores import LONG, VIEWS, Scoring, stream_scores
from charlm.cli.writing.views import one_view, write_view
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
    likeliest: Annotated[
        bool, typer.Option("--likeliest", help="Under each character the five that the model found most probable.")
    ] = False,
    totals: Annotated[
        bool, typer.Option("--totals", help="By class of character and by line, and the most surprising places.")
    ] = False,
    against: Annotated[
        str | None, typer.Option("--against", metavar="MODEL", help="Colour the difference to another model.")
    ] = None,
    mix: MixOption = None,
    counts: CountsOption = None,
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

    The surprisal is in bits, shown as a heat map. A long text is shown as it is read.
    """
    refuse_existing({"--svg": svg, "--html": html}, force=force)
    view = one_view({"likeliest": likeliest, "totals": totals, "against": against is not None})
    model, sources = model_and_texts("score", model, () if text is None else (text,), literal)
    if len(sources) > 1:
        raise UsageError(f"{sources[0]!r} and {sources[1]!r} are two texts; give a model and one text")
    content = given_text(sources, literal, encoding=encoding, errors=errors)
    others = [] if against is None else [checkpoint.find_model(against)]
    paths = [named_model(model, names_own=True), *others]
    models = named_models(paths)
    config = SampleConfig(on_unknown=on_unknown)  # type: ignore[arg-type]  # checked by the dataclass
    name, first = next(iter(models.items()))
    if mix or counts is not None:
        models[name] = first = mixed(checkpoint.load_predictor(paths[0]), mix, counts)
    if view is None and len(content) > LONG and svg is None and html is None:
        stream_scores(first, content, on_unknown=config.on_unknown, as_json=as_json, no_color=no_color)
        return
    with waiting("scoring", moving=not no_color) as progress:
        shown = VIEWS[view](Scoring(models, content, config.on_unknown, progress))
    write_view(
        shown,
        title=f"surprisal, {name}{', mixed' * bool(mix or counts)}",
        svg=svg,
        html=html,
        as_json=as_json,
        no_color=no_color,
    )
