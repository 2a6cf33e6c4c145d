from __future__ import annotations

import os
import threading
from collections.abc import Callable
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charlm.training.parallel.communicator import Communicator, PeerFailedError, SingleRank, ThreadRank, share
from charlm.training.parallel.processes import PipeRank, PipeReader

SIZE = 3


@given(st.integers(0, 100), st.integers(1, 20))
def test_shares_are_contiguous_whole_and_even(items: int, size: int) -> None:
    shares = [share(items, rank, size) for rank in range(size)]
    assert [item for part in shares for item in part] == list(range(items))
    assert max(map(len, shares)) - min(map(len, shares)) <= 1


def thread_ranks() -> list[ThreadRank]:
    barrier = threading.Barrier(SIZE)
    return [ThreadRank(rank, barrier) for rank in range(SIZE)]


def pipe_ranks() -> list[PipeRank]:
    pipes = {pair: os.pipe() for pair in permutations(range(SIZE), 2)}
    return [
        PipeRank(
            rank,
            SIZE,
            [pipes[other, rank][0] for other in range(SIZE) if other != rank],
            [pipes[rank, other][1] for other in range(SIZE) if other != rank],
        )
        for rank in range(SIZE)
    ]


def run_all(work: Callable[[Communicator], None], ranks: list[Communicator]) -> list[BaseException]:
    errors: list[BaseException] = []

    def guarded(rank: Communicator) -> None:
        try:
            work(rank)
        except PeerFailedError as error:
            errors.append(error)

    threads = [threading.Thread(target=guarded, args=(rank,), daemon=True) for rank in ranks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=10)
        assert not thread.is_alive(), "a rank waits for ever"
    return errors


@pytest.mark.parametrize("make", [thread_ranks, pipe_ranks])
def test_nobody_passes_before_all_are_there(make: Callable[[], list[Communicator]]) -> None:
    ranks, rounds = make(), 50
    counts = [0] * SIZE
    seen: list[list[int]] = []

    def work(comm: Communicator) -> None:
        for _ in range(rounds):
            counts[comm.rank] += 1
            comm.exchange()
            if comm.rank == 0:
                seen.append(counts.copy())
            comm.exchange()

    assert run_all(work, ranks) == []
    assert seen == [[k] * SIZE for k in range(1, rounds + 1)]
    for rank in ranks:
        if isinstance(rank, PipeRank):
            rank.close()


@pytest.mark.parametrize("make", [thread_ranks, pipe_ranks])
def test_rank_0_lets_the_others_go_on_and_then_waits_for_them(make: Callable[[], list[Communicator]]) -> None:
    ranks, rounds = make(), 50
    job, done = [0], [0] * SIZE
    seen: list[list[int]] = []

    def work(comm: Communicator) -> None:
        for k in range(1, rounds + 1):
            if comm.rank == 0:
                job[0] = k  # nobody may see it change while at work
            comm.broadcast()
            done[comm.rank] = job[0]
            comm.all_gather()
            if comm.rank == 0:
                seen.append(done.copy())

    assert run_all(work, ranks) == []
    assert seen == [[k] * SIZE for k in range(1, rounds + 1)]


def test_rank_0_passes_a_broadcast_and_the_others_an_all_gather_without_waiting() -> None:
    ranks = pipe_ranks()
    ranks[0].broadcast()
    ranks[1].all_gather()
    ranks[2].all_gather()
    ranks[0].all_gather()
    ranks[1].broadcast()
    ranks[2].broadcast()


def test_who_is_kept_waiting_for_long_soon_sleeps_at_once_and_tries_again_later() -> None:
    reader, writer = os.pipe()
    reader_end = PipeReader(reader)
    for _ in range(
        100
    ):  # ten are more than halvings from the longest to the shortest; a busy machine wakes it late
        if not reader_end.poll_s:
            break
        late = threading.Timer(2 * PipeReader.LONGEST_S, os.write, (writer, b"."))
        late.start()
        reader_end.wait()
        late.join()
    assert reader_end.poll_s == 0
    for _ in range(PipeReader.SLEEPS_BEFORE_POLLING + 10):  # and now the other is always there first
        os.write(writer, b".")
        reader_end.wait()
    assert reader_end.poll_s == PipeReader.LONGEST_S
    for descriptor in (reader, writer):
        os.close(descriptor)


@pytest.mark.parametrize("leave", ["broadcast", "all_gather"])
def test_a_process_that_leaves_is_missed_at_every_meeting_point(leave: str) -> None:
    first, second = pipe_ranks()[:2]
    if leave == "broadcast":
        first.close()
        with pytest.raises(PeerFailedError):
            second.broadcast()
    else:
        second.close()
        with pytest.raises(PeerFailedError):
            first.all_gather()


def test_a_process_that_leaves_is_missed() -> None:
    ranks = pipe_ranks()

    def work(comm: Communicator) -> None:
        try:
            comm.exchange()
            if comm.rank != 1:
                comm.exchange()
        finally:
            ranks[comm.rank].close()  # whoever misses another leaves, too

    assert len(run_all(work, ranks)) == SIZE - 1


def test_a_thread_that_leaves_is_missed() -> None:
    barrier = threading.Barrier(2)
    barrier.abort()
    with pytest.raises(PeerFailedError):
        ThreadRank(0, barrier).exchange()


def test_the_only_one_never_waits() -> None:
    comm = SingleRank()
    comm.exchange()
    assert (comm.rank, comm.size) == (0, 1)
