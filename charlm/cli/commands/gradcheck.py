"""``charlm gradcheck``: checks of all gradients."""

from __future__ import annotations

from typing import Annotated

import typer

from charlm import analysis, ui
from charlm.cli.options import NoColorOption
from charlm.cli.terminal.streams import stdout_console
from charlm.cli.terminal.waiting import waiting
from charlm.cli.writing.files import write_json
from charlm.config.checks import check_number
from charlm.errors import CharlmError

__all__ = ["gradcheck"]


def gradcheck(
    hidden_size: Annotated[int, typer.Option("--hidden-size", metavar="N", help="Hidden units.")] = 7,
    layers: Annotated[int, typer.Option("--layers", metavar="N", help="Recurrent layers.")] = 2,
    entries: Annotated[int, typer.Option("--entries", metavar="N", help="Entries to try of each tensor.")] = 20,
    seed: Annotated[
        int, typer.Option("--seed", metavar="N", help="Fixes weights, text, entries and directions.")
    ] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="One object a model on stdout.")] = False,
    no_color: NoColorOption = False,
) -> None:
    """Check every gradient against finite differences.

    This covers every kind of model, in float64, in two ways: entry by entry, and along one random direction,
    which checks all parameters at once. Ends with code 1 if an error is above 1e-6.
    """
    check_number("entries", entries, low=1, whole=True)
    check_number("seed", seed, whole=True)
    with waiting("checking", moving=not no_color):
        sizes = {"hidden_size": hidden_size, "layers": layers}
        checks = list(analysis.check_models(**sizes, entries=entries, seed=seed))
    if as_json:
        for check in checks:
            write_json(check.to_json())
    else:
        stdout_console(no_color).print(ui.gradient_table(checks))
    if not all(check.result.passed for check in checks):
        raise typer.Exit(CharlmError.exit_code)
