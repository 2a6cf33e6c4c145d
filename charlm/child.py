"""Starting Python processes that do part of the work."""

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

    The pipe is closed when the calling process ends, however it ends; the child is to end then, too: see
    `end_with_parent`. Its standard output is a pipe too unless said; `descriptors` are open files that it is
    handed, on POSIX only. Nothing of the calling program is imported again, so that it needs no guard on any
    system. Ctrl-C is for the calling process alone. Its BLAS has one thread.
    """
    return subprocess.Popen(  # noqa: S603  charlm's own words
        [sys.executable, "-P", "-c", f"from {module} import main; main()"],
        stdin=subprocess.PIPE,
        stdout=stdout,
        pass_fds=tuple(descriptors),
        start_new_session=True,  # where there are sessions; on Windows a process group does it
        creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
        env={
            **os.environ,
            "OPENBLAS_NUM_THREADS": "1",
            "MKL_NUM_THREADS": "1",
            # modules are found where this process finds them, and not in the folder that it happens to be in
            "PYTHONPATH": os.pathsep.join(path or str(Path.cwd()) for path in sys.path),
        },
    )


def end_with_parent() -> None:
    """End this process, a child, as soon as its standard input ends, whatever it is about by then."""
    threading.Thread(target=_await_end, args=(sys.stdin.fileno(),), daemon=True).start()


def _await_end(descriptor: int) -> None:
    while os.read(descriptor, 1 << 16):  # nothing more is meant for this process
        pass
    os._exit(0)
