"""The protocol of the runner and every peer: a job goes in as JSON, an answer comes out as JSON.

A peer is a script, ``python peers/torch_peer.py '{"what": "train", "cell": "lstm", "hidden": 256, "streams": 32,
"length": 64}'``, that measures one job in its own process and prints one object. Only the standard library is
used here: a peer's interpreter need have nothing but the peer.
"""

from __future__ import annotations

import dataclasses
import json
import sys
import time
from collections.abc import Callable
from statistics import median
from typing import Any, NoReturn

__all__ = [
    "Job",
    "answer_training",
    "median_prepared_s",
    "median_s",
    "missing",
    "read_job",
    "reply",
    "resident_mib",
]

WARM_UP = 2
FEWEST = 5
GATES = {"rnn": 1, "lstm": 4, "gru": 3}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Job:
    """A measurement to take.

    Parameters
    ----------
    what : str
        "train", "run", "sample", "write", "product", "help", "first", or "about": only the peer's version.
    cell : {"rnn", "lstm", "gru"}
    hidden, streams, length, layers, vocab : int
        H, N, T, layers and V.
    embedding : int
        Features E; 0 is one-hot input.
    dropout : float
        Between layers and before the head.
    pattern : str
        What a text that is written must match; empty for any.
    seconds : float
        For how long to measure; at least five times are taken.
    """

    what: str
    cell: str = "lstm"
    hidden: int = 128
    streams: int = 1
    length: int = 1
    layers: int = 1
    embedding: int = 0
    dropout: float = 0.0
    pattern: str = ""
    vocab: int = 65
    seconds: float = 2.0

    @property
    def flops_per_char(self) -> int:
        """Floating-point operations of the products that training on one character cannot do without.

        The first layer's input product is not among them: ids pick columns.
        """
        H = self.hidden
        weights = GATES[self.cell] * H * H * (2 * self.layers - 1) + H * self.vocab
        return 6 * weights  # a multiplication and an addition: forward, back to the input, and for the weights


def read_job() -> Job:
    """Return the job on the command line."""
    return Job(**json.loads(sys.argv[1]))


def reply(**answer: Any) -> None:
    """Print the answer: the last line of standard output."""
    print(json.dumps(answer), flush=True)


def missing(reason: object) -> NoReturn:
    """Say that this peer, or this job of it, is not to be had here, and end."""
    reply(missing=str(reason))
    sys.exit(0)


def answer_training(job: Job, step_s: float, **details: Any) -> None:
    """Reply to a "train" job with the median seconds of an update."""
    chars_per_s = job.streams * job.length / step_s
    gflops = job.flops_per_char * chars_per_s / 1e9
    reply(seconds=step_s, chars_per_s=chars_per_s, gflops=gflops, **details)


def median_s(step: Callable[[], object], seconds: float) -> float:
    """Return the median seconds of a step, the first two left out: they find cold caches, or compile."""
    return median_prepared_s(lambda: step, seconds)


def median_prepared_s(prepare: Callable[[], Callable[[], object]], seconds: float) -> float:
    """Do what `median_s` does with steps that must each be prepared, which is not counted."""
    for _ in range(WARM_UP):
        prepare()()
    times: list[float] = []
    end = time.perf_counter() + seconds
    while len(times) < FEWEST or time.perf_counter() < end:
        step = prepare()
        begin = time.perf_counter()
        step()
        times.append(time.perf_counter() - begin)
    return median(times)


def resident_mib(children: int = 0) -> float | None:
    """Return the largest resident size so far of this process and its ended children, or None on Windows.

    Pages that processes share count once in each: an upper bound.
    """
    try:
        import resource
    except ImportError:
        return None
    unit = 2**20 if sys.platform == "darwin" else 2**10
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    largest_child = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    return float(own + children * largest_child) / unit
