"""Child processes: Python processes that run a module of charlm, and the messages to and from them."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

__all__ = ["messages", "receive", "send", "start_child"]


def start_child(
    module: str, *, stdout: int = subprocess.PIPE, descriptors: Sequence[int] = ()
) -> subprocess.Popen[bytes]:
    """Start a process that runs ``main()`` of a module of charlm, with a pipe as its standard input.

    The pipe is closed when the calling process ends, however it ends; a child that waits for `messages` then
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


def send(stream: IO[bytes] | None, message: Mapping[str, Any]) -> None:
    """Send a message to the process at the other end of a pipe: a line of JSON.

    Raises
    ------
    BrokenPipeError
        If that process has ended.
    """
    assert stream is not None  # noqa: S101  it is a pipe
    stream.write(json.dumps(message).encode("ascii") + b"\n")
    stream.flush()


def receive(stream: IO[bytes] | None) -> Any:
    """Wait for a message; return None if the process at the other end has ended."""
    assert stream is not None  # noqa: S101  it is a pipe
    line = stream.readline()
    return json.loads(line) if line.endswith(b"\n") else None


def messages() -> Iterator[Any]:
    """Yield the messages of the parent process; end this one as soon as the parent closes the pipe or ends.

    From the first message on, the child ends even in the middle of its work.
    """
    received: queue.SimpleQueue[Any] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(received,), daemon=True).start()
    while True:
        yield received.get()


def _listen(received: queue.SimpleQueue[Any]) -> None:
    # a separate stream: at exit, Python waits for a thread that reads `sys.stdin`
    with open(sys.stdin.fileno(), "rb", closefd=False) as stream:
        while (message := receive(stream)) is not None:
            received.put(message)
    os._exit(0)
