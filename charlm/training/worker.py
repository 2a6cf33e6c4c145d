"""A worker process: one rank above 0, told on standard input what it works on."""

from __future__ import annotations

import json
import signal
import sys

from charlm.child import end_with_parent
from charlm.training.communicator import PeerGoneError, PipeRank
from charlm.training.job import make_rank

__all__ = ["main"]


def main() -> None:
    """Work until rank 0 leaves, and not a moment longer."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    line = sys.stdin.buffer.readline()
    if not line.endswith(b"\n"):  # rank 0 has ended already
        return
    job = json.loads(line)
    end_with_parent()
    me = PipeRank(job["rank"], job["size"], job["readers"], job["writers"])
    rank = make_rank(job, memory=job["memory"], me=lambda _: me)
    try:
        while True:
            rank.work()
    except PeerGoneError:
        return
