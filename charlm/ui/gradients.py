"""The result of gradient checks as a table."""

from __future__ import annotations

from collections.abc import Iterable

from rich.table import Table
from rich.text import Text

from charlm.analysis.gradients import ModelCheck

__all__ = ["gradient_table"]


def gradient_table(checks: Iterable[ModelCheck]) -> Table:
    """Return a row a model: the largest error among entries, where it is, and that along a direction."""
    table = Table(title="Analytic gradients against central differences, float64", title_justify="left")
    table.add_column("model")
    table.add_column("entries: largest relative error", justify="right")
    table.add_column("in", overflow="fold")
    table.add_column("random direction", justify="right")
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
