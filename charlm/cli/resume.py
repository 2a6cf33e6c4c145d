"""``charlm resume``: go on where a run stopped."""

from __future__ import annotations

from typing import Annotated

import typer

from charlm.cli.options import NoColorOption

__all__ = ["resume"]


def resume(
    run: Annotated[
        str | None,
        typer.Argument(metavar="[RUN]", help="A run folder; left out, the newest run.", show_default=False),
    ] = None,
    epochs: Annotated[float | None, typer.Option("--epochs", help="A new total of passes.")] = None,
    steps: Annotated[int | None, typer.Option("--steps", help="A new total of updates.")] = None,
    minutes: Annotated[float | None, typer.Option("--minutes", help="A new total of minutes.")] = None,
    workers: Annotated[int | None, typer.Option("--workers", help="Threads on the shards.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Events as JSON lines on stdout.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Show nothing.")] = False,
    no_color: NoColorOption = False,
) -> None:
    """Go on exactly where a run stopped, to its planned end or to a new total."""
    from charlm.cli.old_run import OldRun
    from charlm.cli.run_training import run_training
    from charlm.cli.streams import stderr_console

    old = OldRun(run, budget={"epochs": epochs, "steps": steps, "minutes": minutes}, workers=workers)
    if old.finished:
        if not quiet:
            stderr_console(no_color).print(old.finished, soft_wrap=True)
        return
    run_training(
        old.model,
        old.text,
        old.config,
        old.options,
        validation=old.validation,
        quiet=quiet,
        as_json=as_json,
        no_color=no_color,
    )
