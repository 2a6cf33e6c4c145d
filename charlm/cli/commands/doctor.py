"""``charlm doctor``: what is in force on this machine."""

from __future__ import annotations

from typing import Annotated

import typer

from charlm.cli.options import NoColorOption

__all__ = ["doctor"]


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="One object on stdout.")] = False,
    no_color: NoColorOption = False,
) -> None:
    """Show versions, BLAS and its threads, cores and extras."""
    import sys

    from rich.table import Table

    from charlm.cli.terminal.streams import stdout_console
    from charlm.environment import environment
    from charlm.ui.sanitize import json_text, visible_line

    facts = environment()
    if as_json:
        sys.stdout.write(json_text(facts) + "\n")
        return
    table = Table(show_header=False, box=None, pad_edge=False)
    for name, value in facts.items():
        table.add_row(name.replace("_", " "), visible_line("unknown" if value is None else str(value)))
    stdout_console(no_color).print(table)
