"""A worker process: one rank above 0, with its job description on standard input."""

from __future__ import annotations

import json
import signal
import sys

from charlm.child import end_with_parent
from charlm.training.parallel.communicator import PeerFailedError, PipeRank
from charlm.training.parallel.job import make_rank

__all__ = ["main"]


def main() -> None:
    """Work until rank 0 leaves, and not a moment longer."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    line = sys.stdin.buffer.readline()
    if not line.endswith(b"\n"):  # rank 0 has ended already
        return
    job = json.loads(line)
    end_with_parent()
    comm = PipeRank(job["rank"], job["size"], job["readers"], job["writers"])
    rank = make_rank(job, memory=job["memory"], comm=lambda _: comm)
    try:
        while True:
            rank.work()
    except PeerFailedError:
        return
