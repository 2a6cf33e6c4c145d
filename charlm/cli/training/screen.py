"""The screen of a run, and training on it: lock the folder, train, show, end with the right code."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

import typer

import charlm
from charlm import checkpoint, runs, ui
from charlm.checkpoint.atomic import disk_error
from charlm.checkpoint.locate import LAST
from charlm.cli.arguments.texts import show_remarks
from charlm.cli.terminal.hidden_keys import HiddenKeys
from charlm.cli.terminal.signals import StopRequest
from charlm.cli.terminal.streams import lasting_stderr, silence_stdout, stderr_console
from charlm.errors import INTERRUPTED
from charlm.ui.run.tensorboard import EventFiles, check_tensorboard
from charlm.ui.sanitize import json_text

if TYPE_CHECKING:
    from charlm.config import TrainConfig
    from charlm.models.learner import Learner
    from charlm.runs.report import Report
    from charlm.training.task import Task
    from charlm.training.train import RunOptions

__all__ = ["RunScreen", "check_extras", "run_training"]


def check_extras(tensorboard: Path | None) -> None:
    """Check the extras of the flags early, before a text is read.

    Raises
    ------
    UsageError
        If an extra is missing.
    """
    if tensorboard is not None:
        check_tensorboard()


STOPPING = "stopping: saving after this step; once more to end at once without saving"


class RunScreen:
    """The screen of a run from the start of its command; a context manager.

    Before the first update there is nothing to save, so the first signal ends the command at once. A command that
    ends without saving says what is stored.

    Parameters
    ----------
    name : str
        Name of the run until its folder is known.
    quiet, as_json, no_color : bool
        As the flags.
    resumes : bool
        Whether the run is stored already.

    Raises
    ------
    typer.Exit
        At the end, with 130, 143 or 129 after a signal; after saving, unless it was too early or the second one.
    """

    def __init__(self, name: str, *, quiet: bool, as_json: bool, no_color: bool, resumes: bool = False) -> None:
        self._console = stderr_console(no_color)
        self._quiet, self._resumes = quiet, resumes
        self._speaks_aside = as_json and not quiet  # stdout has the events, but a person may watch stderr
        self.display = ui.open_display(self._console, name=name, quiet=quiet or as_json)
        self.request = StopRequest(self._tell, self._give_up)
        self.request.patient = False
        self.lines = _EventLines(wanted=as_json)
        self.folder: Path | None = None  # locked by this run
        self._keys = None if quiet or as_json else HiddenKeys(sys.stderr, by_lines=True)
        self._hidden = False

    def __enter__(self) -> RunScreen:
        """Listen to signals; the screen opens at the first phase."""
        with contextlib.ExitStack() as stack:
            stack.enter_context(lasting_stderr())
            stack.enter_context(self.request)
            stack.enter_context(self.display)
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Restore the screen, and end the command as a signal asks for."""
        self._stack.__exit__(kind, error, trace)
        if isinstance(error, KeyboardInterrupt):
            self._tell_what_is_stored()
            raise typer.Exit(self.request.exit_code or INTERRUPTED) from None
        if error is None and self.request.exit_code:
            raise typer.Exit(self.request.exit_code)

    def phase(self, name: str) -> None:
        """Show a phase before the first update; from now on, keys are not echoed."""
        if self._keys is not None and not self._hidden:
            self._hidden = True
            self._stack.enter_context(self._keys)
        self.display.phase(name)

    def remark(self, *messages: str) -> None:
        """Show remarks on the text, and keep them visible when the screen is restored."""
        if self._speaks_aside:
            show_remarks(messages)
        else:
            for message in messages:
                self.display.remark(message)

    def _tell(self) -> None:
        if self._speaks_aside:
            self._console.print(STOPPING)
        else:
            self.display.notice(STOPPING)

    def _tell_what_is_stored(self) -> None:
        if not self.request.patient:
            line = "stopped before the first update; nothing is saved"
            if self._resumes:
                line = "stopped before the next update; the run is unchanged"
        elif self.folder is not None and (self.folder / LAST).exists():
            line = "ended without saving; the run is as it was at its last save"
        else:
            line = "ended without saving; nothing of the run is stored"
        if not self._quiet:
            with contextlib.suppress(OSError):
                self._console.print(line, soft_wrap=True)

    def _give_up(self, code: int) -> None:
        if self._keys is not None:
            self._keys.show()
        with contextlib.suppress(OSError):
            self.display.__exit__(None, None, None)  # restores the screen
            self._tell_what_is_stored()
            sys.stderr.flush()
        if self.folder is not None:
            _free_if_unused(self.folder)
        os._exit(code)


def run_training(
    model: Learner,
    task: Task,
    config: TrainConfig,
    options: RunOptions,
    *,
    screen: RunScreen,
    tensorboard: Path | None,
) -> None:
    """Train in a run folder to the end of the plan or to a stop request; a second signal ends it at once.

    It continues if nobody sees its screen; if nobody reads its events any more, it stops and saves.

    Raises
    ------
    DiskError
        If the events cannot be written, except for a closed pipe.
    """
    folder = Path(options.folder or ".")
    before = None if options.resumed is None else runs.read_log(folder / runs.LOG)
    display, request, lines = screen.display, screen.request, screen.lines
    display.begin(folder.absolute().name, before)
    events = ui.Silence() if tensorboard is None else EventFiles(tensorboard / folder.absolute().name)
    options = dataclasses.replace(
        options, should_stop=lambda: bool(request.exit_code or lines.error), on_phase=screen.phase
    )
    reports = charlm.train(model, task, config, run=options)
    with checkpoint.lock_run_folder(folder), _freed_if_unused(folder), events, contextlib.closing(reports):
        screen.folder = folder
        for report in reports:
            request.patient = True  # the first update follows
            display.add(report)
            events.add(report)
            lines.add(report)
    if lines.error is not None and not isinstance(lines.error, BrokenPipeError) and not request.exit_code:
        raise disk_error(Path("standard output"), lines.error) from lines.error


class _EventLines:
    """Events as lines of JSON on standard output, until writing fails."""

    def __init__(self, *, wanted: bool) -> None:
        self.error: OSError | None = None
        self._wanted = wanted

    def add(self, report: Report) -> None:
        if not self._wanted:
            return
        try:
            sys.stdout.write(json_text(report.to_json()) + "\n")
            sys.stdout.flush()
        except OSError as error:
            self.error, self._wanted = error, False
            silence_stdout()


@contextlib.contextmanager
def _freed_if_unused(folder: Path) -> Iterator[None]:
    try:
        yield
    finally:
        _free_if_unused(folder)


def _free_if_unused(folder: Path) -> None:
    """Remove a locked run folder in which nothing was saved, so that a second attempt can use its name."""
    files = list(folder.iterdir())
    if [file.name for file in files] == [".lock"]:
        with contextlib.suppress(OSError):  # the folder stays on systems that cannot remove an open file
            files[0].unlink()
            folder.rmdir()
