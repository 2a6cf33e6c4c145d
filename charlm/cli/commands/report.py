"""``charlm report``: one self-contained page of a run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from charlm import checkpoint, ui
from charlm.cli.arguments.models import named_model
from charlm.cli.options import ModelArgument
from charlm.cli.terminal.waiting import waiting
from charlm.cli.writing.files import refuse_existing, write_file
from charlm.ui.sanitize import visible_line

__all__ = ["report"]


def report(
    run: ModelArgument = None,
    output: Annotated[Path, typer.Option("--output", metavar="FILE", help="The page to write.")] = Path(
        "report.html"
    ),
    force: Annotated[bool, typer.Option("--force", help="Replace FILE if it exists.")] = False,
) -> None:
    """Write a page about a run: curves, samples, held-out text, units, memory, settings.

    The page stands alone and loads nothing. A run whose text is gone has the sections that need none.
    """
    from charlm.cli.writing.reporting import gather  # here, since it imports rich and NumPy

    refuse_existing({"--output": output}, force=force)
    loaded = checkpoint.load_checkpoint(named_model(run, names_own=True, kind=None), kind=None)
    with waiting("inspecting"):
        page = ui.report_page(gather(loaded))
    write_file(output, lambda: page)
    typer.echo(f"wrote {visible_line(str(output))}", err=True)
