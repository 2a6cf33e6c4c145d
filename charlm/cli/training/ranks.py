"""``--distributed``: the ranks that ``mpiexec`` started; rank 0 runs the program, the others follow it."""

from __future__ import annotations

import atexit
import contextlib
import os
import signal
import sys
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import typer

from charlm.cli.terminal.streams import stderr_console
from charlm.errors import INTERRUPTED, CharlmError, UsageError

if TYPE_CHECKING:
    from charlm.training.parallel.communicator import ProcessGroup

__all__ = ["all_ranks"]

LAUNCHERS = ("PMI_SIZE", "OMPI_COMM_WORLD_SIZE")  # the number of ranks, as MPICH and Open MPI set it


@contextlib.contextmanager
def all_ranks(flags: Mapping[str, Any], *, wanted: bool) -> Iterator[ProcessGroup | None]:
    """Connect to the other ranks, if that is wanted; they end with this block, in any case, and with the same code.

    Only rank 0 runs the block: the others take part in the training here until the run ends, and show nothing.

    Parameters
    ----------
    flags : mapping
        Arguments of the command: equal at every rank.
    wanted : bool

    Yields
    ------
    ProcessGroup or None
        None for a single process.

    Raises
    ------
    UsageError
        If MPI is missing, or the ranks differ.
    typer.Exit
        At the other ranks, once the run has ended.
    """
    group = _join(flags) if wanted else None
    if group is None:
        yield None
        return
    code = 0
    try:
        try:
            group.compare(_facts(flags))
            if group.rank:
                _leave_signals_to_rank_0()
                raise typer.Exit(_follow(group))
            if flags.get("workers") is not None:
                raise UsageError("--workers is for one machine, each rank of --distributed is one; leave it out")
            yield group
        except BaseException as error:
            code = _exit_code(error)
            raise
        finally:
            if group.rank == 0:
                group.end(code)
    except BaseException as error:
        if group.broken:
            atexit.register(_end_at_once, _exit_code(error))
        raise


def _join(flags: Mapping[str, Any]) -> ProcessGroup | None:
    """Start MPI; None if there is one rank."""
    from charlm.training.parallel.mpi import join_ranks

    group = join_ranks(several=any(os.environ.get(name, "1") != "1" for name in LAUNCHERS))
    if group is None and not flags["quiet"]:
        stderr_console(flags["no_color"]).print("one rank only: for more, mpiexec -n 2 charlm …")
    return group


def _facts(flags: Mapping[str, Any]) -> dict[str, str]:
    """Return what every rank must have in common for the results to be the bits of a single process.

    The text is not included: rank 0 alone reads it.
    """
    import numpy as np

    import charlm

    given = {f"--{name.replace('_', '-')}": repr(value) for name, value in flags.items()}
    return {"charlm": charlm.__version__, "NumPy": np.__version__, **given}


def _leave_signals_to_rank_0() -> None:
    """Ignore signals that end a program: launchers send them to every rank; rank 0 saves and ends the others."""
    for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)


def _follow(group: ProcessGroup) -> int:
    from charlm.training.parallel.distributed import follow

    return follow(group)


def _exit_code(error: BaseException) -> int:
    match error:
        case typer.Exit():
            return error.exit_code
        case CharlmError():
            return type(error).exit_code
        case KeyboardInterrupt():
            return INTERRUPTED
    return CharlmError.exit_code


def _end_at_once(code: int) -> None:
    """End without finalising MPI, which would wait for a rank that has failed; the launcher ends the others."""
    with contextlib.suppress(OSError):
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(code)
