"""What `train` and `resume` share: lock the folder, train, show, and end with the right code."""

from __future__ import annotations

import contextlib
import dataclasses
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from charlm.cli.signals import StopRequest
from charlm.cli.streams import stderr_console

if TYPE_CHECKING:
    from charlm.config import TrainConfig
    from charlm.model import CharModel
    from charlm.training.loop import RunOptions

__all__ = ["run_training"]


def run_training(
    model: CharModel,
    text: str,
    config: TrainConfig,
    options: RunOptions,
    *,
    validation: str | None,
    quiet: bool,
    as_json: bool,
    no_color: bool,
) -> None:
    """Train in a run folder until the plan is done or a signal asks to stop.

    Raises
    ------
    typer.Exit
        With 130 or 143 after a signal, once everything is saved.
    """
    from charlm.checkpoint import lock_run_folder
    from charlm.training.loop import train
    from charlm.ui.dashboard import open_display
    from charlm.ui.sanitize import json_text

    folder = Path(options.folder or ".")
    display = open_display(stderr_console(no_color), name=folder.name, quiet=quiet or as_json)
    told = False

    def should_stop() -> bool:
        nonlocal told
        if request.exit_code and not told:
            told = True
            display.notice("stopping: saving after this step; once more to end at once without saving")
        return bool(request.exit_code)

    with lock_run_folder(folder), _free_if_unused(folder), StopRequest() as request, display:
        options = dataclasses.replace(options, should_stop=should_stop)
        for report in train(model, text, config, validation=validation, run=options):
            display.add(report)
            if as_json:
                sys.stdout.write(json_text(report.to_json()) + "\n")
                sys.stdout.flush()
    if request.exit_code and report.details.get("reason") == "interrupted":
        raise typer.Exit(request.exit_code)


@contextlib.contextmanager
def _free_if_unused(folder: Path) -> Iterator[None]:
    """Remove a locked run folder in which nothing was saved, so that a second attempt finds its name free."""
    try:
        yield
    finally:
        files = list(folder.iterdir())
        if [file.name for file in files] == [".lock"]:
            with contextlib.suppress(OSError):  # where an open file cannot be removed, the folder stays
                files[0].unlink()
                folder.rmdir()
