"""Start and end of the program: BLAS threads are set before NumPy is imported, errors become exit codes."""

from __future__ import annotations

import errno
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

__all__ = ["main", "run"]

BLAS_VARIABLES = (
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "BLIS_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "OMP_NUM_THREADS",
)
UNWRITABLE = (errno.ENOSPC, errno.EFBIG, errno.EBADF)  # of a stream: a full disk, or a stream that is read-only
COMPLETION = "_CHARLM_COMPLETE"  # as in charlm.cli.completion, which is not imported without need


def main() -> None:
    """Run the command line and exit with its code."""
    started_s = time.perf_counter() - time.process_time()  # the start took processor time only
    sys.excepthook = _show_traceback
    sys.exit(run(sys.argv[1:], started_s=started_s))


def run(arguments: Sequence[str], *, started_s: float | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    arguments : sequence of str
        Without the program's name.
    started_s : float, optional
        Start of the process, of `time.perf_counter`; by default now.

    Returns
    -------
    int
        The exit code.
    """
    started_s = time.perf_counter() if started_s is None else started_s
    from charlm.cli.terminal.streams import prepare_streams, silence_stdout

    prepare_streams()
    if COMPLETION in os.environ:
        return _complete(os.environ[COMPLETION], arguments)
    for variable in BLAS_VARIABLES:  # workers run in parallel, each with its own products
        os.environ[variable] = "1"
    import typer

    from charlm.cli.app import build
    from charlm.cli.parsing import usage_message
    from charlm.errors import INTERRUPTED, CharlmError, UsageError

    debug = bool(os.environ.get("CHARLM_DEBUG"))
    click_error: Any = typer.BadParameter.__mro__[2]  # ClickException: its module depends on the version of typer
    try:
        command = build()
        with command.make_context("charlm", list(arguments), obj=started_s) as context:
            command.invoke(context)  # not main(), whose exit code after a closed pipe is 1
        sys.stdout.flush()
        return 0
    except BrokenPipeError:
        silence_stdout()  # `charlm sample | head`: the reader has closed the pipe
        return 0
    except typer.Exit as end:
        return end.exit_code
    except (KeyboardInterrupt, typer.Abort):
        return INTERRUPTED
    except CharlmError as error:
        if debug:
            raise
        from charlm.ui.flags import as_flags

        return _tell(as_flags(str(error)), error.exit_code)
    except click_error as error:
        return _tell(usage_message(error), UsageError.exit_code)
    except MemoryError:
        if debug:
            raise
        remedy = "choose a smaller --hidden-size, --batch-size or --seq-length"
        return _tell(f"out of memory; {remedy}", CharlmError.exit_code)
    except Exception as error:
        if debug:
            raise
        if isinstance(error, OSError) and error.filename is None and error.errno in UNWRITABLE:
            from charlm.checkpoint.atomic import disk_error

            silence_stdout()  # its buffer would fail again at exit
            refused = disk_error(Path("standard output"), error)
            return _tell(str(refused), refused.exit_code)
        message = f"unexpected {type(error).__name__}: {error}; set CHARLM_DEBUG=1 for the traceback"
        return _tell(message, CharlmError.exit_code)


def _complete(shell: str, words: Sequence[str]) -> int:
    """Answer a shell that completes a line; an error gives no answer, since a person is typing."""
    from charlm.cli.terminal.streams import silence_stdout

    try:
        from charlm.cli.app import build
        from charlm.cli.completion import answer

        sys.stdout.buffer.write(os.fsencode(answer(build(), shell, words)))
        sys.stdout.flush()
    except (Exception, KeyboardInterrupt):
        if os.environ.get("CHARLM_DEBUG"):
            raise
        silence_stdout()
    return 0


def _show_traceback(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Show a traceback, sanitised, since it may quote untrusted input."""
    import traceback

    from charlm.ui.sanitize import visible

    sys.stderr.write(visible("".join(traceback.format_exception(kind, error, trace))))


def _tell(message: str, code: int) -> int:
    """Write a message on stderr as one sanitised line."""
    from charlm.cli.terminal.streams import Lasting
    from charlm.ui.sanitize import visible_line

    if message:
        Lasting(sys.stderr).write(f"charlm: {visible_line(message)}\n")
    return code
