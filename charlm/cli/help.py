"""Help in a terminal too narrow for two columns, where click writes beyond the edge."""

from __future__ import annotations

from typing import Any

__all__ = ["NARROW", "fit_help"]

NARROW = 52
"""Columns from which on click's own layout fits."""
_INDENT = 4
_WHOLE = 1000  # characters: click would cut a command's first sentence at the width of a column


def fit_help(command: Any, columns: int) -> None:
    """Let a command of click, and all below it, write help for so many columns.

    Parameters
    ----------
    command : Command
        Changed in place where the terminal is narrow.
    columns : int
    """
    if columns >= NARROW:
        return
    context: Any = command.context_class  # where click lives depends on the typer
    formatter: Any = context.formatter_class

    def start(self: Any, indent_increment: int = 2, width: int | None = None, max_width: int | None = None) -> None:
        formatter.__init__(self, indent_increment, max(columns - 2, 1) if width is None else width, max_width)

    def write_list(self: Any, rows: Any, *_layout: int) -> None:
        formatter.write_dl(self, rows, col_max=_INDENT)  # so that what is explained has a row of its own

    narrow = type("NarrowFormatter", (formatter,), {"__init__": start, "write_dl": write_list})
    command.context_class = type("NarrowContext", (context,), {"formatter_class": narrow})
    for inner in getattr(command, "commands", {}).values():
        inner.short_help = inner.get_short_help_str(_WHOLE)
        fit_help(inner, columns)
