"""What `train` and `resume` share: lock the folder, train, show, and end with the right code."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from charlm.cli.signals import StopRequest
from charlm.cli.streams import lasting_stderr, silence_stdout, stderr_console

if TYPE_CHECKING:
    from charlm.config import TrainConfig
    from charlm.model import CharModel
    from charlm.training.loop import RunOptions
    from charlm.training.report import Report

__all__ = ["check_wishes", "run_training"]


def check_wishes(tensorboard: Path | None) -> None:
    """Refuse, before a text is read, what could only be refused after.

    Raises
    ------
    UsageError
        If an extra is missing.
    """
    if tensorboard is not None:
        from charlm.ui.tensorboard import check_tensorboard

        check_tensorboard()


STOPPING = "stopping: saving after this step; once more to end at once without saving"
INTERRUPTED = 130


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
    tensorboard: Path | None,
) -> None:
    """Train in a run folder until the plan is done or a signal asks to stop; a second one ends it at once.

    It goes on where nobody sees what it tells; where nobody reads the events any more, it stops and saves.

    Raises
    ------
    typer.Exit
        With 130, 143 or 129 after a signal; once everything is saved, unless a second one came.
    DiskError
        If the events cannot be written, other than to a pipe that nobody reads.
    """
    from charlm.checkpoint import lock_run_folder
    from charlm.checkpoint.atomic import disk_error
    from charlm.training.history import read_log
    from charlm.training.loop import train
    from charlm.training.run_writer import LOG
    from charlm.ui.dashboard import Display, open_display
    from charlm.ui.plain import Silence
    from charlm.ui.tensorboard import EventFiles

    folder = Path(options.folder or ".")
    before = None if options.resumed is None else read_log(folder / LOG)
    display = open_display(stderr_console(no_color), name=folder.name, quiet=quiet or as_json, history=before)
    events: Display = Silence() if tensorboard is None else EventFiles(tensorboard / folder.absolute().name)

    def tell() -> None:
        if as_json and not quiet:  # the events go elsewhere, but a person may be there
            stderr_console(no_color).print(STOPPING)
        else:
            display.notice(STOPPING)

    def give_up(code: int) -> None:
        with contextlib.suppress(OSError):
            display.__exit__(None, None, None)  # gives the screen back
            sys.stderr.flush()
        os._exit(code)

    request, lines = StopRequest(tell, give_up), _EventLines(wanted=as_json)
    options = dataclasses.replace(options, should_stop=lambda: bool(request.exit_code or lines.error))
    reports = train(model, text, config, validation=validation, run=options)
    try:
        with (
            lasting_stderr(),
            lock_run_folder(folder),
            _free_if_unused(folder),
            request,
            display,
            events,
            contextlib.closing(reports),
        ):
            for report in reports:
                display.add(report)
                events.add(report)
                lines.add(report)
    except KeyboardInterrupt:
        raise typer.Exit(request.exit_code or INTERRUPTED) from None
    if request.exit_code:
        raise typer.Exit(request.exit_code)
    if lines.error is not None and not isinstance(lines.error, BrokenPipeError):
        raise disk_error(Path("standard output"), lines.error) from lines.error


class _EventLines:
    """Events as lines of JSON on standard output, for as long as they can be written."""

    def __init__(self, *, wanted: bool) -> None:
        self.error: OSError | None = None
        self._wanted = wanted

    def add(self, report: Report) -> None:
        if not self._wanted:
            return
        from charlm.ui.sanitize import json_text

        try:
            sys.stdout.write(json_text(report.to_json()) + "\n")
            sys.stdout.flush()
        except OSError as error:
            self.error, self._wanted = error, False
            silence_stdout()


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
