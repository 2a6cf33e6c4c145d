"""The gradient against distance, and the health of a network, as tables with bars."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

from rich.box import SIMPLE
from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult
from rich.table import Table
from rich.text import Text

from charlm.analysis.inspection.gradient_flow import GradientFlow
from charlm.analysis.inspection.health import Health, Histogram
from charlm.ui.plot.sparkline import BLOCKS, sparkline

__all__ = ["FlowTable", "HealthReport"]

_DISTANCES = (0, 1, 2, 5, 10, 20, 30, 40, 49)


class FlowTable:
    """A renderable: norms of ∂L/∂h by distance, relative to distance 0, a row for each model.

    Parameters
    ----------
    flows : mapping of str to GradientFlow
        By the name of each model.
    """

    def __init__(self, flows: Mapping[str, GradientFlow]) -> None:
        self.flows = flows

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        columns = {name: [x / (norms[0] or 1.0) for x in norms] for name, norms in self._columns()}
        distances = [d for d in _DISTANCES if d < min(map(len, columns.values()))]
        table = _table(
            "Norm of the gradient ∂L/∂h at a distance before the prediction, relative to distance 0; c: of ∂L/∂c"
        )
        table.add_column("")
        if options.max_width >= max(map(cell_len, columns)) + 7 * len(distances):
            for d in distances:
                table.add_column(str(d), justify="right", no_wrap=True)
            for name, norms in columns.items():
                table.add_row(name, *(_power(norms[d]) for d in distances))
        else:  # if columns do not fit: a row for each distance
            table.add_column("distance", justify="right")
            table.add_column("norm", justify="right")
            for name, norms in columns.items():
                for d in distances:
                    table.add_row("" if d else name, str(d), _power(norms[d]))
        yield table
        yield Text()
        yield Text("The same as bars, on a logarithmic scale:")
        low = min((math.log10(x) for norms in columns.values() for x in norms if x > 0), default=-1.0)
        for name, norms in columns.items():
            bars = _bars([max(math.log10(x), low) - low if x > 0 else 0.0 for x in norms], -low or 1.0)
            if len(bars) + 2 + max(map(cell_len, columns)) <= options.max_width:
                yield Text(f"{bars}  {name}")
            else:
                yield Text(name)
                yield Text(bars[:: -(-len(bars) // options.max_width)], no_wrap=True)

    def _columns(self) -> Iterator[tuple[str, Sequence[float]]]:
        for name, flow in self.flows.items():
            layers = flow.h.tolist()
            for k, norms in enumerate(layers):
                yield (name if len(layers) == 1 else f"{name}: layer {k + 1}"), norms
            if flow.c is not None:
                top = flow.c[-1].tolist()
                if len(top) > 1 and top[1] > 0:
                    yield f"{name}: c", [flow.h[-1, 0], *top[1:]]


def _power(value: float) -> str:
    return "1" if value == 1 else f"{value:.0e}" if value else "0"


def _bars(values: Sequence[float], top: float) -> str:
    """Draw values from 0 to `top` as bars, one a character, the smallest an eighth high."""
    return "".join(BLOCKS[1 + round(min(value / top, 1.0) * (len(BLOCKS) - 2))] for value in values)


class HealthReport:
    """A renderable: histograms of activations and gradients, one a row.

    Parameters
    ----------
    health : Health
    """

    def __init__(self, health: Health) -> None:
        self.health = health

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        health = self.health
        yield Text(f"Over one window of the text: {health.loss_nats:.3f} nats per symbol.")
        yield Text()
        activations = _table("Activations", "", "from", "histogram", "to")
        for name, histogram in health.activations.items():
            activations.add_row(name, f"{histogram.low:g}", _row(histogram), f"{histogram.high:g}")
        yield activations
        for name, share in health.saturated.items():
            yield Text(f"{name}: {share:.1%} of |h| above 0.95")
        yield Text()
        low, high = health.tensors[0].orders.low, health.tensors[0].orders.high
        title = f"Gradients, by their power of ten from {low:g} to {high:g}"
        gradients = _table(title, "", "histogram", "norm", "g/w", "0")
        for tensor in health.tensors:
            ratio = f"{tensor.grad_norm / tensor.weight_norm:.0e}" if tensor.weight_norm else "–"
            gradients.add_row(
                tensor.name,
                _row(tensor.orders),
                f"{tensor.grad_norm:.0e}",
                ratio,
                f"{tensor.zeros:.0%}",
            )
        yield gradients
        yield Text("g/w: norm of the gradient by that of the weights; 0: entries without a gradient")


def _row(histogram: Histogram) -> str:
    (row,) = sparkline(histogram.shares.tolist(), width=12)
    return row


def _table(title: str, *columns: str) -> Table:
    table = Table(
        title=title, title_justify="left", box=SIMPLE, show_edge=False, pad_edge=False, collapse_padding=True
    )
    for k, column in enumerate(columns):
        justify: Literal["left", "right"] = "right" if k and column != "histogram" else "left"
        table.add_column(column, justify=justify, overflow="fold", no_wrap=bool(k), min_width=4 if k else 6)
    return table
