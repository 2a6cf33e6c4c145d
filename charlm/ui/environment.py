"""The facts of `charlm.environment` as a table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.table import Table

from charlm.ui.sanitize import visible_line

__all__ = ["environment_table"]


def environment_table(facts: Mapping[str, Any]) -> Table:
    """Show facts, one a row; None is unknown."""
    table = Table(show_header=False, box=None, pad_edge=False)
    for name, value in facts.items():
        table.add_row(name.replace("_", " "), visible_line("unknown" if value is None else str(value)))
    return table
