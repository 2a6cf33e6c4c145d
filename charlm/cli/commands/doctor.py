"""``charlm doctor``: versions and hardware that affect speed and results."""

from __future__ import annotations

from typing import Annotated

import typer

from charlm import ui
from charlm.cli.options import NoColorOption
from charlm.cli.terminal.streams import stdout_console
from charlm.cli.writing.files import write_json

__all__ = ["doctor"]


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="One object on stdout.")] = False,
    no_color: NoColorOption = False,
) -> None:
    """Show versions, BLAS and its threads, cores and extras."""
    from charlm.environment import environment  # which asks BLAS, and so needs NumPy

    facts = environment()
    if as_json:
        write_json(facts)
    else:
        stdout_console(no_color).print(ui.environment_table(facts))
