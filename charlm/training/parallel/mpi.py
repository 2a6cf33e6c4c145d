"""`join_ranks` and `MPILinks`: connections between the ranks that ``mpiexec`` started.

MPI does not report the failure of a machine, and a rank would wait for it forever. So a thread of every rank sends
heartbeats to rank 0, and that of rank 0 sends them to all. A rank that misses more in a row than any network
explains counts as failed. Time is measured by the process's own heartbeats and not by a clock, so a machine that
was suspended does not count the others as failed when it wakes.

MPI is called under a lock, by one thread at a time, and never blocks: a waiting rank polls.
"""

from __future__ import annotations

import threading
import time
from importlib import import_module
from typing import Any

import numpy as np

from charlm.errors import PeerLostError, UsageError
from charlm.extras import load_extra
from charlm.training.parallel.communicator import Messages, ProcessGroup

__all__ = ["MPILinks", "join_ranks"]

DATA, HEARTBEAT = 1, 2
ALIVE, LAST = 0, 1
POLL_S = 3e-4  # a rank polls so long without sleeping; most waits are shorter or much longer
LONGEST_SLEEP_S = 5e-3  # it then sleeps for an eighth of its wait so far, up to this


def join_ranks(*, several: bool = False) -> ProcessGroup | None:
    """Start MPI and connect to the other ranks; None if there are none.

    Parameters
    ----------
    several : bool
        Whether the launcher says that there are others.

    Raises
    ------
    UsageError
        If MPI is missing, or is another than the launcher's.
    """
    load_extra("mpi4py", package="mpi4py", extra="mpi", wanted_by="distributed")
    try:
        MPI: Any = import_module("mpi4py.MPI")
    except (ImportError, RuntimeError) as error:
        raise UsageError(
            f"`distributed` finds no MPI library ({str(error).partition(chr(10))[0]}); "
            f"pip install mpich, or load that of your cluster"
        ) from error
    if MPI.COMM_WORLD.Get_size() > 1:
        return ProcessGroup(MPILinks(MPI))
    if several:
        raise UsageError(
            "mpiexec is of another MPI than the one that mpi4py found, so that every rank is alone; "
            "use the mpiexec of that one, or install mpi4py for this one"
        )
    return None


class MPILinks:
    """Connections through MPI.

    Parameters
    ----------
    MPI : module
        ``mpi4py.MPI``.

    Raises
    ------
    UsageError
        If this MPI cannot be called by more than one thread.
    """

    HEARTBEAT_S = 2.0  # between two heartbeats
    MOST_MISSED = 30  # in a row

    def __init__(self, MPI: Any) -> None:
        if MPI.Query_thread() < MPI.THREAD_SERIALIZED:
            raise UsageError("this MPI library allows one thread only; install one that is built with threads")
        self._MPI, self._comm = MPI, MPI.COMM_WORLD
        self.rank, self.size = int(self._comm.Get_rank()), int(self._comm.Get_size())
        self._lock, self._leaving = threading.Lock(), threading.Event()
        self._missed = dict.fromkeys(range(1, self.size) if self.rank == 0 else (0,), 0)
        self._last_message: set[int] = set()
        self._heartbeats: list[Any] = []
        self._lost = ""
        self._heartbeat_thread = threading.Thread(target=self._send_heartbeats, daemon=True)
        self._heartbeat_thread.start()

    def exchange(self, outgoing: Messages, incoming: Messages) -> None:
        """Send arrays and fill arrays; see `charlm.training.parallel.communicator.Links`."""
        comm = self._comm
        try:
            with self._lock:
                requests = [comm.Irecv(a, rank, DATA) for rank, arrays in incoming.items() for a in arrays]
                requests += [comm.Isend(a, rank, DATA) for rank, arrays in outgoing.items() for a in arrays]
            self._wait(requests)
        except self._MPI.Exception as error:
            raise _lost(f"a rank has failed ({error})") from error

    def _wait(self, requests: list[Any]) -> None:
        began = time.perf_counter()
        while True:
            with self._lock:
                if self._MPI.Request.Testall(requests):
                    return
            if self._lost:
                raise _lost(self._lost)
            waited_s = time.perf_counter() - began
            if waited_s > POLL_S:
                time.sleep(min(waited_s / 8, LONGEST_SLEEP_S))

    def close(self) -> None:
        """Disconnect: stop the heartbeats and wait until all have arrived."""
        self._leaving.set()
        self._heartbeat_thread.join()
        try:
            self._send(LAST)
            for _ in range(int(self.MOST_MISSED * self.HEARTBEAT_S / LONGEST_SLEEP_S)):
                self._receive()
                if self._last_message == self._missed.keys() and self._MPI.Request.Testall(self._heartbeats):
                    return
                time.sleep(LONGEST_SLEEP_S)
        except self._MPI.Exception as error:
            raise _lost(f"a rank has failed ({error})") from error
        raise _lost("a rank did not come to the end")

    def _send_heartbeats(self) -> None:
        while not self._leaving.wait(self.HEARTBEAT_S):
            try:
                with self._lock:
                    self._send(ALIVE)
                    self._receive()
            except self._MPI.Exception as error:
                self._lost = f"a rank has failed ({error})"
                return
            for rank, missed in self._missed.items():
                if missed > self.MOST_MISSED:
                    self._lost = f"rank {rank} of {self.size} has been silent for {missed * self.HEARTBEAT_S:.0f} s"

    def _send(self, kind: int) -> None:
        self._heartbeats = [sent for sent in self._heartbeats if not sent.Test()]
        self._heartbeats += [self._comm.Isend(np.array([kind], np.int64), rank, HEARTBEAT) for rank in self._missed]

    def _receive(self) -> None:
        message = np.zeros(1, np.int64)
        for rank in self._missed:
            self._missed[rank] += rank not in self._last_message
            while self._comm.Iprobe(rank, HEARTBEAT):
                self._comm.Recv(message, rank, HEARTBEAT)
                self._missed[rank] = 0
                if message[0] == LAST:
                    self._last_message.add(rank)


def _lost(cause: str) -> PeerLostError:
    return PeerLostError(f"{cause}; the last save is whole: continue it with charlm resume on what is left")
