"""The result of gradient checks as a table."""

from __future__ import annotations

from collections.abc import Iterable

from rich.box import SIMPLE
from rich.table import Table
from rich.text import Text

from charlm.analysis.gradients import ModelCheck

__all__ = ["gradient_table"]


def gradient_table(checks: Iterable[ModelCheck]) -> Table:
    """Return a row for each model: the largest error of an entry, its tensor, and the error along a direction."""
    title = "Relative errors of gradients against central differences, float64"
    table = Table(
        title=title, title_justify="left", box=SIMPLE, show_edge=False, pad_edge=False, collapse_padding=True
    )
    table.add_column("model", overflow="fold")
    table.add_column("entries", justify="right", no_wrap=True)
    table.add_column("largest in", overflow="fold")
    table.add_column("direction", justify="right", no_wrap=True)
    table.add_column("")
    for check in checks:
        worst = max(check.result.elementwise, key=check.result.elementwise.__getitem__)
        table.add_row(
            check.name,
            f"{check.result.elementwise[worst]:.1e}",
            worst,
            f"{check.result.directional:.1e}",
            Text("ok", style="green") if check.result.passed else Text("WRONG", style="bold red"),
        )
    return table
