"""Interrupting a process in the middle of a write, as a signal may at any time."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import time

import pytest

__all__ = ["interrupt_write"]

WITHIN_S = 60  # generous: other work may share the machine; only a failing test waits so long


def interrupt_write(child: subprocess.Popen[bytes]) -> None:
    """Wait until a process has filled the pipe that is its standard output, and stop and continue it then.

    The system ends its write early, and tells how much of it is written, if that is more than a page of memory.
    """
    if sys.platform != "linux":
        pytest.skip("only Linux tells whether a pipe is full")
    assert child.stdout is not None
    other_end = os.open(f"/proc/self/fd/{child.stdout.fileno()}", os.O_WRONLY)
    until = time.monotonic() + WITHIN_S
    while select.select([], [other_end], [], 0)[1]:
        assert time.monotonic() < until
        time.sleep(0.01)
    os.close(other_end)
    child.send_signal(signal.SIGSTOP)
    os.waitid(os.P_PID, child.pid, os.WSTOPPED)
    child.send_signal(signal.SIGCONT)
