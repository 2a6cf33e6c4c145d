"""The views of ``charlm inspect``: what the library finds, and its renderable."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from functools import partial
from typing import NamedTuple

from rich.console import Group

from charlm.analysis.inspection.connectivity import connectivity
from charlm.analysis.inspection.gradient_flow import fresh_cells, gradient_flow
from charlm.analysis.inspection.health import health
from charlm.analysis.inspection.neighbours import neighbours
from charlm.analysis.inspection.reading import read_units, unit_name
from charlm.analysis.inspection.saturation import gate_saturation
from charlm.analysis.inspection.search import find_units
from charlm.analysis.surprisal import Progress
from charlm.cli.writing.views import Shown
from charlm.config import OnUnknown
from charlm.models.language_model import CharModel
from charlm.ui.inspect.connectivity import connectivity_heat, connectivity_page
from charlm.ui.inspect.gradients import FlowTable, HealthReport
from charlm.ui.inspect.units import found_table, neighbour_table, saturation_table, unit_heat

__all__ = ["VIEWS", "Asked"]


class Asked(NamedTuple):
    """The request: models by name, the inspected one first; text, unit, and the treatment of unknown symbols."""

    models: Mapping[str, CharModel]
    text: str
    unit: int
    on_unknown: OnUnknown
    progress: Progress | None

    @property
    def model(self) -> CharModel:
        """The inspected model."""
        return next(iter(self.models.values()))


def _find(asked: Asked) -> Shown:
    found = find_units(asked.model, asked.text, on_unknown=asked.on_unknown, progress=asked.progress)
    data = [dataclasses.asdict(one) | {"tracks": one.tracks} for one in found]
    return Shown(found_table(found, partial(unit_name, asked.model)), data)


def _cell(asked: Asked) -> Shown:
    read = read_units(
        asked.model, asked.text, units=[asked.unit], on_unknown=asked.on_unknown, progress=asked.progress
    )
    values = read.values[:, 0].tolist()
    heat = unit_heat(read.pieces, values, unit_name(asked.model, asked.unit))
    return Shown(heat, {"unit": asked.unit, "pieces": read.pieces, "values": values})


def _gates(asked: Asked) -> Shown:
    found = gate_saturation(asked.model, asked.text, on_unknown=asked.on_unknown, progress=asked.progress)
    return Shown(saturation_table(found), found)


def _gradients(asked: Asked) -> Shown:
    models = {**asked.models, **{f"new {name}": one for name, one in fresh_cells(asked.model).items()}}
    flows = {name: gradient_flow(one, asked.text, on_unknown=asked.on_unknown) for name, one in models.items()}
    return Shown(FlowTable(flows), flows)


def _connectivity(asked: Asked) -> Shown:

    found = {name: connectivity(one, asked.text, on_unknown=asked.on_unknown) for name, one in asked.models.items()}
    screen = Group(*(connectivity_heat(one, name) for name, one in found.items()))
    return Shown(screen, found, connectivity_page(found, title="Connectivity"))


def _health(asked: Asked) -> Shown:
    found = health(asked.model, asked.text, on_unknown=asked.on_unknown)
    return Shown(HealthReport(found), found)


def _neighbours(asked: Asked) -> Shown:
    found = neighbours(asked.model)
    return Shown(neighbour_table(found), {name: [one._asdict() for one in near] for name, near in found.items()})


VIEWS: Mapping[str, Callable[[Asked], Shown]] = {
    "find": _find,
    "cell": _cell,
    "gates": _gates,
    "gradients": _gradients,
    "connectivity": _connectivity,
    "health": _health,
    "neighbours": _neighbours,
}
