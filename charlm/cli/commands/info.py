"""``charlm info``: the facts of a checkpoint, or the list of runs."""

from __future__ import annotations

from typing import Annotated

import typer

from charlm import checkpoint, runs, ui
from charlm.cli.options import NoColorOption
from charlm.cli.terminal.streams import stderr_console, stdout_console
from charlm.cli.writing.files import write_json

__all__ = ["info"]


def info(
    model: Annotated[
        str | None,
        typer.Argument(metavar="MODEL", help="A checkpoint, run folder or name of a run; left out, the runs."),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
    no_color: NoColorOption = False,
) -> None:
    """Show what a checkpoint holds and how its run went.

    That is configuration, sizes, history, verdict and checksums. Without MODEL, list the runs.
    """
    if model is not None:
        found, history = checkpoint.describe_model(checkpoint.find_model(model)), runs.read_history(model)
        values, view = found.to_json() | {"run": ui.run_facts(history)}, ui.model_view(found, history)
    else:
        stored = checkpoint.describe_runs()
        values, view = {"runs": [run.to_json() for run in stored]}, ui.run_table(stored)
    if json:
        write_json(values)
    elif values.get("runs") == []:
        stderr_console(no_color).print(f"no runs in {checkpoint.RUNS}; charlm train makes one")
    else:
        stdout_console(no_color).print(view)
