"""A word on standard error about what takes long: how far it is, and how long it still takes."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["Progress", "adding", "waiting", "waiting_line"]

Progress: TypeAlias = Callable[[int, int], None]
"""Takes how much is done, and of how much."""

_PATIENCE_S, _LINES_PATIENCE_S = 0.5, 2.0  # before the first word on a terminal, and elsewhere
_EVERY_S, _LINES_EVERY_S = 0.2, 5.0


@contextlib.contextmanager
def waiting(
    task: str, *, moving: bool = True, console: Console | None = None, patience_s: float | None = None
) -> Iterator[Progress]:
    """Say on standard error what a command does, as long as the ``with`` block runs, if that is long.

    On a terminal this is a row that disappears at the end; elsewhere it is a line every few seconds. The block
    itself must not write to the terminal.

    Parameters
    ----------
    task : str
        What is being done, such as "evaluating".
    moving : bool
        Whether a row may change on a terminal.
    console : Console, optional
        Standard error, if none is given.
    patience_s : float, optional
        How long to be silent.

    Yields
    ------
    Progress
        To be called with how much is done; without it there is only the time that has passed.
    """
    done, total, begun_s, ended = 0, 0, time.monotonic(), threading.Event()

    def progress(now_done: int, of_total: int) -> None:
        nonlocal done, total
        done, total = now_done, of_total

    def line() -> str:
        return waiting_line(task, done, total, time.monotonic() - begun_s)

    def show() -> None:
        if ended.wait(_PATIENCE_S if patience_s is None else patience_s):
            return  # as most often: nothing had to be imported
        from charlm.cli.terminal.streams import stderr_console

        screen = console or stderr_console()
        with contextlib.suppress(OSError, ValueError):  # nobody reads it any more
            if moving and screen.is_terminal and not (screen.is_dumb_terminal or screen.legacy_windows):
                _repaint(screen, line, ended)
            elif not ended.wait(_LINES_PATIENCE_S - _PATIENCE_S if patience_s is None else 0):
                _print_lines(screen, line, ended)

    thread = threading.Thread(target=show, daemon=True)
    thread.start()
    try:
        yield progress
    finally:
        ended.set()
        thread.join()


def adding(progress: Progress, total: int) -> Callable[[int], None]:
    """Return a function that takes how much more is done, for work that does not know how much that is in all."""
    done = 0

    def add(more: int) -> None:
        nonlocal done
        done += more
        progress(done, total)

    return add


def waiting_line(task: str, done: int, total: int, elapsed_s: float) -> str:
    """Say how far something is.

    Examples
    --------
    >>> waiting_line("evaluating", 250, 1000, 20), waiting_line("reading the text", 0, 0, 20)
    ('evaluating: 25%, 1:00 left', 'reading the text: 0:20')
    """
    from charlm.ui.wording import duration

    if not 0 < done <= total:
        return f"{task}: {duration(elapsed_s)}"
    return f"{task}: {int(100 * done / total)}%, {duration(elapsed_s * (total - done) / done)} left"


def _repaint(screen: Console, line: Callable[[], str], ended: threading.Event) -> None:
    """Keep a row up to date, and take it away at the end; nothing else of the terminal is changed."""
    from rich.control import Control
    from rich.segment import ControlType
    from rich.text import Text

    erase = Control(ControlType.CARRIAGE_RETURN, (ControlType.ERASE_IN_LINE, 2))
    try:
        while True:
            row = Text(line(), "dim", no_wrap=True)
            row.truncate(screen.width - 1, overflow="ellipsis")
            screen.control(erase)
            screen.print(row, end="")
            screen.file.flush()
            if ended.wait(_EVERY_S):
                return
    finally:
        screen.control(erase)
        screen.file.flush()


def _print_lines(screen: Console, line: Callable[[], str], ended: threading.Event) -> None:
    while True:
        screen.print(line(), soft_wrap=True)
        if ended.wait(_LINES_EVERY_S):
            return
