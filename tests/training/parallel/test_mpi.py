"""Connections through MPI, held against an MPI of threads that does as it is told."""

# ruff: noqa: N802  MPI names its functions so

from __future__ import annotations

import threading
import time
from collections import defaultdict, deque
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from charlm.errors import PeerLostError, UsageError
from charlm.training.parallel.mpi import MPILinks

WITHIN_S = 30


class MPIError(Exception):
    """The error that MPI raises."""


class Network:
    """Two ranks' MPI. A rank in `silent` is heard by nobody; with `fails` every call is an error.

    What is sent from one rank to another fills the arrays that wait for it in the order they began to wait.
    """

    def __init__(self) -> None:
        self.boxes: dict[tuple[int, int, int], deque[np.ndarray]] = defaultdict(deque)
        self.waiting: dict[tuple[int, int, int], deque[tuple[np.ndarray, list[bool]]]] = defaultdict(deque)
        self.silent: set[int] = set()
        self.fails = False

    def module(self, rank: int, *, threads: int = 2) -> Any:
        """Return what ``mpi4py.MPI`` is to a rank."""
        return SimpleNamespace(
            Query_thread=lambda: threads,
            THREAD_SERIALIZED=2,
            Exception=MPIError,
            Request=SimpleNamespace(Testall=look_at_all),
            COMM_WORLD=Comm(self, rank),
        )


def look_at_all(requests: list[Any]) -> bool:
    """Look at every request, as MPI does."""
    return sum(request.Test() for request in requests) == len(requests)


class Comm:
    def __init__(self, network: Network, rank: int) -> None:
        self.network, self.rank, self.busy = network, rank, threading.Lock()

    def Get_rank(self) -> int:
        return self.rank

    def Get_size(self) -> int:
        return 2

    def Isend(self, array: np.ndarray, to: int, tag: int) -> Any:
        with self._alone():
            if self.rank not in self.network.silent:
                self.network.boxes[self.rank, to, tag].append(array.copy())
        return SimpleNamespace(Test=lambda: True)

    def Irecv(self, array: np.ndarray, source: int, tag: int) -> Any:
        sent, waiting = (q[source, self.rank, tag] for q in (self.network.boxes, self.network.waiting))
        done: list[bool] = []
        waiting.append((array, done))

        def test() -> bool:
            with self._alone():
                while sent and waiting:
                    filled, its_done = waiting.popleft()
                    filled[...] = sent.popleft()
                    its_done.append(True)
                return bool(done)

        return SimpleNamespace(Test=test)

    def Iprobe(self, source: int, tag: int) -> bool:
        with self._alone():
            return bool(self.network.boxes[source, self.rank, tag])

    def Recv(self, array: np.ndarray, source: int, tag: int) -> None:
        with self._alone():
            array[...] = self.network.boxes[source, self.rank, tag].popleft()

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Be no place for two threads of a rank at once."""
        assert self.busy.acquire(blocking=False), "two threads call MPI at once"
        try:
            time.sleep(1e-4)  # long enough to be caught
            if self.network.fails:
                raise MPIError("the other one is gone")
            yield
        finally:
            self.busy.release()


@pytest.fixture
def network(monkeypatch: pytest.MonkeyPatch) -> Network:
    monkeypatch.setattr(MPILinks, "HEARTBEAT_S", 0.01)
    monkeypatch.setattr(MPILinks, "MOST_MISSED", 200)  # two seconds, however busy the machine
    return Network()


def close_both(first: MPILinks, second: MPILinks) -> None:
    thread = threading.Thread(target=second.close)
    thread.start()
    first.close()
    thread.join(WITHIN_S)
    assert not thread.is_alive()


def test_what_is_sent_arrives(network: Network) -> None:
    first, second = (MPILinks(network.module(rank)) for rank in range(2))
    assert (first.rank, second.rank, first.size) == (0, 1, 2)
    got = [np.zeros(3), np.zeros(2)]
    thread = threading.Thread(target=second.exchange, args=({}, {0: got}))
    thread.start()
    time.sleep(0.02)  # the other one naps by now
    first.exchange({1: [np.arange(3.0), np.ones(2)]}, {})
    thread.join(WITHIN_S)
    np.testing.assert_array_equal(np.concatenate(got), [0, 1, 2, 1, 1])
    close_both(first, second)
    assert not any(network.boxes.values())  # no beat is left on its way


def test_who_works_for_long_is_not_taken_for_lost(network: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(MPILinks, "MOST_MISSED", 50)
    first, second = (MPILinks(network.module(rank)) for rank in range(2))
    got = [np.zeros(1)]
    thread = threading.Thread(target=second.exchange, args=({}, {0: got}))
    thread.start()
    time.sleep(1.0)  # twice as long as silence may be
    first.exchange({1: [np.ones(1)]}, {})
    thread.join(WITHIN_S)
    assert got[0] == 1
    close_both(first, second)


@pytest.mark.parametrize("silent", [0, 1])
def test_who_is_silent_for_long_is_lost(silent: int, network: Network) -> None:
    links = [MPILinks(network.module(rank)) for rank in range(2)]
    network.silent.add(silent)
    errors: list[str] = []

    def wait() -> None:
        try:
            links[1 - silent].exchange({}, {silent: [np.zeros(1)]})
        except PeerLostError as error:
            errors.append(str(error))

    thread = threading.Thread(target=wait, daemon=True)
    thread.start()
    thread.join(WITHIN_S)
    assert [error.partition(";")[0] for error in errors] == [f"rank {silent} of 2 has been silent for 2 s"]
    assert "charlm resume" in errors[0]


def test_an_error_of_mpi_is_a_lost_peer(network: Network) -> None:
    links = MPILinks(network.module(0))
    network.fails = True
    with pytest.raises(PeerLostError, match=r"a rank has failed \(the other one is gone\); the last save"):
        links.exchange({1: [np.zeros(1)]}, {})
    links._heartbeat_thread.join(WITHIN_S)  # the heartbeats found out, too
    assert not links._heartbeat_thread.is_alive()
    assert "has failed" in links._lost
    with pytest.raises(PeerLostError, match="has failed"):
        links.close()


def test_who_does_not_come_to_the_end_is_lost(network: Network) -> None:
    links = MPILinks(network.module(0))
    with pytest.raises(PeerLostError, match="a rank did not come to the end; the last save is whole"):
        links.close()


def test_an_mpi_for_one_thread_only_is_refused(network: Network) -> None:
    with pytest.raises(UsageError, match="one thread only; install one that is built with threads"):
        MPILinks(network.module(0, threads=1))
