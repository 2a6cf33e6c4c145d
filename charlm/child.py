"""Child processes: Python processes that run a module of charlm."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

__all__ = ["end_with_parent", "start_child"]


def start_child(
    module: str, *, stdout: int = subprocess.PIPE, descriptors: Sequence[int] = ()
) -> subprocess.Popen[bytes]:
    """Start a process that runs ``main()`` of a module of charlm, with a pipe as its standard input.

    The pipe is closed when the calling process ends, however it ends; a child that calls `end_with_parent` then
    ends too. The calling program's main module is not imported again, so it needs no ``if __name__`` guard.
    Ctrl-C does not reach the child. Its BLAS has one thread.

    Parameters
    ----------
    module : str
    stdout : int
        As for `subprocess.Popen`; by default a pipe.
    descriptors : sequence of int
        Open files that the child inherits; on POSIX only.
    """
    return subprocess.Popen(  # noqa: S603  the arguments are fixed
        [sys.executable, "-P", "-c", f"from {module} import main; main()"],
        stdin=subprocess.PIPE,
        stdout=stdout,
        pass_fds=tuple(descriptors),
        start_new_session=True,  # on POSIX; on Windows a process group does the same
        creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
        env={
            **os.environ,
            "OPENBLAS_NUM_THREADS": "1",
            "MKL_NUM_THREADS": "1",
            # the child imports modules from the folders of this process, not from the working folder
            "PYTHONPATH": os.pathsep.join(path or str(Path.cwd()) for path in sys.path),
        },
    )


def end_with_parent() -> None:
    """End this process, a child, as soon as its standard input ends, even in the middle of its work."""
    threading.Thread(target=_exit_at_end_of_file, args=(sys.stdin.fileno(),), daemon=True).start()


def _exit_at_end_of_file(descriptor: int) -> None:
    while os.read(descriptor, 1 << 16):  # its content is ignored
        pass
    os._exit(0)
