"""``charlm plot``: the curves of runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from charlm.cli.options import NoColorOption

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
    from charlm.checkpoint import find_model
    from charlm.cli.terminal.streams import stdout_console
    from charlm.cli.writing.files import open_bytes, open_text, refuse_existing
    from charlm.runs.stored import find_history, name_runs
    from charlm.ui.plot.curves import curves_of
    from charlm.ui.plot.picture import draw_picture
    from charlm.ui.plot.png import check_png, to_png
    from charlm.ui.plot.svg import to_page, to_picture
    from charlm.ui.plot.terminal import CurvePlot

    refuse_existing({"--svg": svg, "--html": html, "--png": png}, force=force)
    if png is not None:
        check_png()
    found = runs or [str(find_model().parent)]
    drawn = [
        curves_of(name, find_history(run), axis=x, first=first)
        for name, run in zip(name_runs(found), found, strict=True)
    ]
    picture = draw_picture(drawn, axis=x)
    if svg is not None:
        with open_text(svg) as file:
            file.write(to_picture(picture))
    if html is not None:
        with open_text(html) as file:
            file.write(to_page(picture, drawn))
    if png is not None:
        with open_bytes(png) as image:
            image.write(to_png(picture))
    stdout_console(no_color).print(CurvePlot(drawn, axis=x))
