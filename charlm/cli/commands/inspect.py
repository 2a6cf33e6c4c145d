"""``charlm inspect``: units, gates and gradients of a model over a text."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from charlm import checkpoint, runs, ui
from charlm.cli.arguments.models import model_and_texts, named_model
from charlm.cli.arguments.texts import EncodingOption, ErrorsOption, LiteralOption, given_text
from charlm.cli.options import ModelArgument, NoColorOption, OnUnknownOption
from charlm.cli.terminal.streams import stdout_console
from charlm.cli.terminal.waiting import waiting
from charlm.cli.writing.files import refuse_existing, write_file, write_json
from charlm.config import SampleConfig
from charlm.errors import UsageError
from charlm.ui.sanitize import visible_line

if TYPE_CHECKING:
    from rich.console import RenderableType

    from charlm.analysis.surprisal import Progress
    from charlm.models.language_model import CharModel

__all__ = ["inspect"]

_DEFAULT = SampleConfig()
_VIEW = "What to show"


class _Asked(NamedTuple):
    """The request: models by name, the inspected one first; the text; the treatment of unknown symbols."""

    models: Mapping[str, CharModel]
    text: str
    unit: int
    on_unknown: Any
    progress: Progress | None

    @property
    def model(self) -> CharModel:
        return next(iter(self.models.values()))


class _Shown(NamedTuple):
    """The result of a view: for the screen, for JSON, and as a page if it differs from the screen."""

    screen: RenderableType
    data: Any
    page: str | None = None


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
    flags = {
        "find": find, "cell": cell is not None, "gates": gates, "gradients": gradients,
        "connectivity": connectivity, "health": health, "neighbours": neighbours,
    }  # fmt: skip
    view = _one_view([name for name, given in flags.items() if given])
    if against and view not in ("gradients", "connectivity"):
        raise UsageError(f"--against goes with --gradients or --connectivity and not with --{view}; leave it out")
    refuse_existing({"--svg": svg, "--html": html}, force=force)
    model, sources = model_and_texts("inspect", model, () if text is None else (text,), literal)
    content = "" if view == "neighbours" else given_text(sources, literal, encoding=encoding, errors=errors)
    paths = [named_model(model, names_own=True), *map(checkpoint.find_model, against or ())]
    names = map(visible_line, runs.name_runs([str(path) for path in paths]))
    models = {name: checkpoint.load_checkpoint(path).model for name, path in zip(names, paths, strict=True)}
    config = SampleConfig(on_unknown=on_unknown)  # type: ignore[arg-type]  # checked by the dataclass
    with waiting("reading", moving=not no_color) as progress:
        shown = _VIEWS[view](_Asked(models, content, cell or 0, config.on_unknown, progress))
    write_file(svg, lambda: ui.to_svg(shown.screen, title=f"{view}, {next(iter(models))}"))
    write_file(html, lambda: ui.to_html(shown.screen) if shown.page is None else shown.page)
    if as_json:
        write_json(_plain({"view": view, view: shown.data}))
    else:
        stdout_console(no_color).print(shown.screen)


def _one_view(named: list[str]) -> str:
    if len(named) > 1:
        raise UsageError(f"--{named[0]} and --{named[1]} are two views; give one at a time")
    return named[0] if named else "find"


def _find(asked: _Asked) -> _Shown:
    from charlm.analysis.inspection.reading import unit_name
    from charlm.analysis.inspection.search import find_units
    from charlm.ui.inspect.units import found_table

    found = find_units(asked.model, asked.text, on_unknown=asked.on_unknown, progress=asked.progress)
    data = [dataclasses.asdict(one) | {"tracks": one.tracks} for one in found]
    return _Shown(found_table(found, partial(unit_name, asked.model)), data)


def _cell(asked: _Asked) -> _Shown:
    from charlm.analysis.inspection.reading import read_units, unit_name
    from charlm.ui.inspect.units import unit_heat

    read = read_units(
        asked.model, asked.text, units=[asked.unit], on_unknown=asked.on_unknown, progress=asked.progress
    )
    values = read.values[:, 0].tolist()
    heat = unit_heat(read.pieces, values, unit_name(asked.model, asked.unit))
    return _Shown(heat, {"unit": asked.unit, "pieces": read.pieces, "values": values})


def _gates(asked: _Asked) -> _Shown:
    from charlm.analysis.inspection.saturation import gate_saturation
    from charlm.ui.inspect.units import saturation_table

    found = gate_saturation(asked.model, asked.text, on_unknown=asked.on_unknown, progress=asked.progress)
    return _Shown(saturation_table(found), found)


def _gradients(asked: _Asked) -> _Shown:
    from charlm.analysis.inspection.gradient_flow import fresh_cells, gradient_flow
    from charlm.ui.inspect.gradients import FlowTable

    models = {**asked.models, **{f"new {name}": one for name, one in fresh_cells(asked.model).items()}}
    flows = {name: gradient_flow(one, asked.text, on_unknown=asked.on_unknown) for name, one in models.items()}
    return _Shown(FlowTable(flows), flows)


def _connectivity(asked: _Asked) -> _Shown:
    from rich.console import Group

    from charlm.analysis.inspection.connectivity import connectivity
    from charlm.ui.inspect.connectivity import connectivity_heat, connectivity_page

    found = {name: connectivity(one, asked.text, on_unknown=asked.on_unknown) for name, one in asked.models.items()}
    screen = Group(*(connectivity_heat(one, name) for name, one in found.items()))
    return _Shown(screen, found, connectivity_page(found, title="Connectivity"))


def _health(asked: _Asked) -> _Shown:
    from charlm.analysis.inspection.health import health
    from charlm.ui.inspect.gradients import HealthReport

    found = health(asked.model, asked.text, on_unknown=asked.on_unknown)
    return _Shown(HealthReport(found), found)


def _neighbours(asked: _Asked) -> _Shown:
    from charlm.analysis.inspection.neighbours import neighbours
    from charlm.ui.inspect.units import neighbour_table

    found = neighbours(asked.model)
    return _Shown(neighbour_table(found), {name: [one._asdict() for one in near] for name, near in found.items()})


_VIEWS: Mapping[str, Callable[[_Asked], _Shown]] = {
    "find": _find,
    "cell": _cell,
    "gates": _gates,
    "gradients": _gradients,
    "connectivity": _connectivity,
    "health": _health,
    "neighbours": _neighbours,
}


def _plain(value: Any) -> Any:
    """Convert a value for JSON: records to mappings, arrays to lists."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {key: _plain(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(entry) for entry in value]
    return value.tolist() if hasattr(value, "tolist") else value
