"""``charlm info``: what a checkpoint holds, or which runs there are."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from charlm.cli.options import NoColorOption

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
    from charlm.checkpoint import RUNS, describe_model, describe_runs, find_model
    from charlm.cli.terminal.streams import stderr_console, stdout_console
    from charlm.runs.stored import read_history
    from charlm.ui.info import model_view, run_facts, run_table
    from charlm.ui.sanitize import json_text

    if model is not None:
        found, history = describe_model(find_model(model)), read_history(model)
        values, view = found.to_json() | {"run": run_facts(history)}, model_view(found, history)
    else:
        runs = describe_runs(RUNS)
        values, view = {"runs": [run.to_json() for run in runs]}, run_table(runs)
    if json:
        sys.stdout.write(json_text(values) + "\n")
    elif values.get("runs") == []:
        stderr_console(no_color).print(f"no runs in {RUNS}; charlm train makes one")
    else:
        stdout_console(no_color).print(view)
