"""``charlm resume``: continue a run where it stopped."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from charlm import ui
from charlm.cli.options import NoColorOption, TensorboardOption
from charlm.cli.terminal.streams import print_lines, stderr_console
from charlm.cli.training.choice import chosen_run
from charlm.cli.training.ranks import all_ranks
from charlm.cli.training.screen import RunScreen, check_extras, run_training
from charlm.training import preparation

__all__ = ["resume"]


def resume(
    context: typer.Context,
    run: Annotated[
        str | None,
        typer.Argument(
            metavar="RUN",
            help="A run folder or name of a run; left out, the newest unfinished one.",
            show_default=False,
        ),
    ] = None,
    epochs: Annotated[float | None, typer.Option("--epochs", metavar="X", help="A new total of passes.")] = None,
    steps: Annotated[int | None, typer.Option("--steps", metavar="N", help="A new total of updates.")] = None,
    minutes: Annotated[float | None, typer.Option("--minutes", metavar="X", help="A new total of minutes.")] = None,
    workers: Annotated[
        int | None,
        typer.Option("--workers", metavar="N", help="Threads on the shards; left out, one for each core."),
    ] = None,
    distributed: Annotated[
        bool, typer.Option("--distributed", help="Under mpiexec: share the shards among its ranks.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Events as JSON lines on stdout.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Show nothing.")] = False,
    no_color: NoColorOption = False,
    tensorboard: TensorboardOption = None,
) -> None:
    """Continue a run exactly where it stopped.

    It goes to its planned end or to a new total.
    """
    flags = dict(locals())
    started_s = flags.pop("context").obj
    with all_ranks(flags, wanted=distributed) as group:
        check_extras(tensorboard)
        totals: dict[str, Any] = {"epochs": epochs, "steps": steps, "minutes": minutes}
        folder = chosen_run(
            run, stderr_console(no_color), larger=any(total is not None for total in totals.values()), quiet=quiet
        )
        if folder is None:
            return
        name = folder.absolute().name
        with RunScreen(name, quiet=quiet, as_json=as_json, no_color=no_color, resumes=True) as screen:
            screen.phase("reading the checkpoint and the text")
            old = preparation.resumed_run(folder, **totals, workers=workers, started_s=started_s, group=group)
            if not old.finished:
                run_training(old.model, old.task(), old.config, old.options, screen=screen, tensorboard=tensorboard)
        if old.finished and not quiet:
            print_lines(stderr_console(no_color), ui.already_finished(folder, old.step, old.minutes))
