"""``charlm report``: one self-contained page of a run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from charlm.cli.options import ModelArgument

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
    from charlm.checkpoint import load_checkpoint
    from charlm.cli.arguments.models import named_model
    from charlm.cli.terminal.waiting import waiting
    from charlm.cli.writing.files import open_text, refuse_existing
    from charlm.cli.writing.reporting import gather
    from charlm.ui.page.report import report_page
    from charlm.ui.sanitize import visible_line

    refuse_existing({"--output": output}, force=force)
    checkpoint = load_checkpoint(named_model(run, names_own=True, kind=None), kind=None)
    with waiting("inspecting"):
        page = report_page(gather(checkpoint))
    with open_text(output) as file:
        file.write(page)
    typer.echo(f"wrote {visible_line(str(output))}", err=True)
