"""Progress messages on standard error: the share that is done, and the time that is left."""

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
"""Takes the amount done and the total."""

_PATIENCE_S, _LINES_PATIENCE_S = 0.5, 2.0  # before the first message on a terminal, and elsewhere
_EVERY_S, _LINES_EVERY_S = 0.2, 5.0


@contextlib.contextmanager
def waiting(
    task: str, *, moving: bool = True, console: Console | None = None, patience_s: float | None = None
) -> Iterator[Progress]:
    """Show on standard error what a command does while the ``with`` block runs, if that takes long.

    On a terminal this is a row that disappears at the end; elsewhere it is a line every few seconds. The block
    itself must not write to the terminal.

    Parameters
    ----------
    task : str
        The activity, such as "evaluating".
    moving : bool
        Whether a row may be repainted on a terminal.
    console : Console, optional
        By default standard error.
    patience_s : float, optional
        Seconds before the first message.

    Yields
    ------
    Progress
        Takes the amount done and the total; until it is called, only the elapsed time is shown.
    """
    done, total, begun_s, ended = 0, 0, time.monotonic(), threading.Event()

    def progress(now_done: int, of_total: int) -> None:
        nonlocal done, total
        done, total = now_done, of_total

    def line() -> str:
        return waiting_line(task, done, total, time.monotonic() - begun_s)

    def show() -> None:
        if ended.wait(_PATIENCE_S if patience_s is None else patience_s):
            return  # the most frequent case, without imports
        from charlm.cli.terminal.streams import stderr_console

        screen = console or stderr_console()
        with contextlib.suppress(OSError, ValueError):  # the stream is closed
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
    """Return a function that takes an additional amount done, for work that does not count the total itself."""
    done = 0

    def add(more: int) -> None:
        nonlocal done
        done += more
        progress(done, total)

    return add


def waiting_line(task: str, done: int, total: int, elapsed_s: float) -> str:
    """Return the message: the share done and the time left, or the elapsed time.

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
    """Repaint a row until the end, then erase it; the rest of the terminal is unchanged."""
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
