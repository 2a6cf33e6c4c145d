"""``charlm plot``: the curves of runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from charlm import checkpoint, ui
from charlm import runs as records
from charlm.cli.options import NoColorOption
from charlm.cli.terminal.streams import stdout_console
from charlm.cli.writing.files import open_bytes, refuse_existing, write_file

__all__ = ["plot"]


def plot(
    runs: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="RUN",
            help="Run folders, names of runs or checkpoints; left out, the newest run.",
            show_default=False,
        ),
    ] = None,
    x: Annotated[str, typer.Option("--x", metavar="steps|chars|minutes|epochs", help="What the x axis counts.")] = (
        "steps"
    ),
    first: Annotated[
        float, typer.Option("--from", metavar="X", help="Leave out what comes before, in the x axis's unit.")
    ] = 0.0,
    svg: Annotated[Path | None, typer.Option("--svg", metavar="FILE", help="Write a picture there, too.")] = None,
    html: Annotated[Path | None, typer.Option("--html", metavar="FILE", help="Write a page there, too.")] = None,
    png: Annotated[
        Path | None, typer.Option("--png", metavar="FILE", help="Write a picture there, too; needs the extra png.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace files that exist.")] = False,
    no_color: NoColorOption = False,
) -> None:
    """Draw the losses of runs, in nats per character.

    The training loss is drawn as the mean of each hundredth of its run, the validation loss as it was measured.
    """
    refuse_existing({"--svg": svg, "--html": html, "--png": png}, force=force)
    if png is not None:
        ui.check_png()
    found = runs or [str(checkpoint.find_model().parent)]
    curves = [
        ui.curves_of(name, records.find_history(run), axis=x, first=first)
        for name, run in zip(records.name_runs(found), found, strict=True)
    ]
    picture = ui.draw_picture(curves, axis=x)
    write_file(svg, lambda: ui.to_picture(picture))
    write_file(html, lambda: ui.to_page(picture, curves))
    if png is not None:
        with open_bytes(png) as image:
            image.write(ui.to_png(picture))
    stdout_console(no_color).print(ui.CurvePlot(curves, axis=x))
