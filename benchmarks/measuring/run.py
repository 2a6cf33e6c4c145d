"""One measurement: a fresh process, with the machine to itself as far as others let it."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from peers.protocol import Job

from measuring.machine import busy_cores_s
from measuring.points import Contestant, Point

__all__ = ["Measurement", "Runner", "tree_mib"]

ROOT = Path(__file__).resolve().parents[2]
PEERS = ROOT / "benchmarks" / "peers"
TIMEOUT_S = 600
POLL_S = 0.02
THREADS = (
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "BLIS_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "OMP_NUM_THREADS",
)


@dataclasses.dataclass(frozen=True)
class Measurement:
    """The measurement of one process.

    Attributes
    ----------
    group, title, contestant, round
        Which measurement this is.
    value : float or None
        The figure; None where there is none, and `note` says why.
    load : float or None
        Load average of the last minute, before.
    others : float or None
        Cores that other processes kept busy meanwhile.
    answer : dict
        All that the peer said.
    """

    group: str
    title: str
    contestant: str
    round: int
    value: float | None
    note: str
    load: float | None
    others: float | None
    answer: dict[str, Any]


class Runner:
    """Starts peers.

    Parameters
    ----------
    pythons : mapping of str to str
        Interpreter of each peer that is not to run in this one.
    folder : Path
        Where the scripts are.
    """

    def __init__(self, pythons: Mapping[str, str], *, folder: Path = PEERS) -> None:
        self._pythons, self._folder = pythons, folder

    def ask(self, peer: str, job: Job) -> dict[str, Any]:
        """Let a peer do a job; the answer has "missing" or "failed" where it has no figures."""
        return self._ask(peer, job, with_memory=False)

    def measure(self, point: Point, contestant: Contestant, k: int) -> Measurement:
        """Measure one contestant of a point, in round k."""
        load = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
        before, began = _foreign_s(), time.perf_counter()
        with _busy_process(contestant.busy):
            answer = self._ask(contestant.peer, contestant.job, with_memory=point.figure == "memory_mib")
        after, wall_s = _foreign_s(), time.perf_counter() - began
        others = None if before is None or after is None else max(0.0, round((after - before) / wall_s, 3))
        note = str(answer.get("missing") or answer.get("failed") or "")
        value = None if note else answer.get(point.figure)
        if value is None and not note:
            note = f"{point.figure} cannot be measured on this system"
        return Measurement(point.group, point.title, contestant.name, k, value, note, load, others, answer)

    def _ask(self, peer: str, job: Job, *, with_memory: bool) -> dict[str, Any]:
        command = [
            self._pythons.get(peer, sys.executable),
            str(self._folder / f"{peer}_peer.py"),
            json.dumps(dataclasses.asdict(job)),
        ]
        # every side has the whole machine, and this checkout is the charlm that is measured
        environment = {name: value for name, value in os.environ.items() if name not in THREADS}
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
        try:
            child = subprocess.Popen(
                command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
            )
        except OSError as error:
            return {"missing": f"{command[0]} cannot be started: {error.strerror}"}
        with child:
            peak = _watch_memory(child) if with_memory else None
            try:
                out, complaint = child.communicate(timeout=TIMEOUT_S)
            except subprocess.TimeoutExpired:
                child.kill()
                return {"failed": f"no answer within {TIMEOUT_S} s"}
        if child.returncode:
            return {"failed": (complaint.strip().splitlines() or [f"exit code {child.returncode}"])[-1]}
        answer: dict[str, Any] = json.loads(out.strip().splitlines()[-1])
        if with_memory and "missing" not in answer:
            answer["memory_mib"] = peak or answer.get("resident_mib")
        return answer


def _foreign_s() -> float | None:
    """Return the core-seconds of all processes but this one's ended children; None where that is not known."""
    total = busy_cores_s()
    if total is None:
        return None
    used = os.times()
    return total - used.children_user - used.children_system


@contextmanager
def _busy_process(how: str) -> Iterator[None]:
    """Keep a core busy meanwhile: always the same ("pinned"), or any ("anywhere"); "" does nothing."""
    if not how:
        yield
        return
    program = "while True: pass"
    if how == "pinned" and hasattr(os, "sched_setaffinity"):
        core = max(os.sched_getaffinity(0))
        program = f"import os; os.sched_setaffinity(0, {{{core}}})\n{program}"
    child = subprocess.Popen([sys.executable, "-c", program])
    try:
        yield
    finally:
        child.kill()
        child.wait()


def _watch_memory(child: subprocess.Popen[str]) -> float | None:
    """Return the largest memory, in MiB, of a process and all its descendants until it ends; None off Linux.

    The few lines that a peer prints fit into its pipe, so nothing is lost by not reading meanwhile.
    """
    peak = 0.0
    end = time.perf_counter() + TIMEOUT_S
    while child.poll() is None and time.perf_counter() < end:
        peak = max(peak, tree_mib(child.pid))
        time.sleep(POLL_S)
    return peak or None


def tree_mib(pid: int) -> float:
    """Return the MiB of a process and its descendants, pages that they share counted once; 0 off Linux.

    Two estimates fall short, and the larger one is taken: proportional shares, of which processes that have nothing
    to do with it take some; and all private pages with the shared ones of whoever has most of them.
    """
    sizes = list(_sizes_kib(pid))
    proportional = sum(size["Pss"] for size in sizes)
    private = [size["Private_Clean"] + size["Private_Dirty"] for size in sizes]
    shared = [size["Rss"] - own for size, own in zip(sizes, private, strict=True)]
    return max(proportional, sum(private) + max(shared, default=0)) / 1024


def _sizes_kib(pid: int) -> Iterator[dict[str, int]]:
    """Yield the sizes that Linux knows of a process and of each descendant."""
    folder = Path("/proc") / str(pid)
    try:
        lines = (folder / "smaps_rollup").read_text(encoding="ascii").splitlines()[1:]
        children = [int(k) for task in (folder / "task").iterdir() for k in (task / "children").read_text().split()]
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return  # it has just ended, or there is no /proc
    if lines:  # else it has ended and waits to be asked how
        yield {line.split(":")[0]: int(line.split()[1]) for line in lines}
    for child in children:
        yield from _sizes_kib(child)
