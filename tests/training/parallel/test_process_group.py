from __future__ import annotations

import threading

import numpy as np
import pytest

from charlm.errors import PeerLostError, UsageError
from charlm.training.parallel.communicator import Order, ProcessGroup
from charlm.training.parallel.distributed import follow
from tests.training.ranks import queue_links


def worlds(size: int) -> list[ProcessGroup]:
    return [ProcessGroup(links) for links in queue_links(size)]


def test_orders_arrive_in_order_with_what_belongs_to_them() -> None:
    first, second, third = worlds(3)
    first.order(Order.BEGIN, b"job")
    first.order(Order.WORK)
    for other in (second, third):
        assert other.await_order() == (Order.BEGIN, b"job")
        assert other.await_order() == (Order.WORK, b"")


def test_ranks_that_agree() -> None:
    first, second = worlds(2)
    second.compare({"NumPy": "2.0"})
    first.compare({"NumPy": "2.0"})


@pytest.mark.parametrize(
    ("theirs", "message"),
    [
        ({"charlm": "1", "NumPy": "1.26"}, "rank 2 has NumPy 1.26 and rank 0 has 2.0; start every rank"),
        ({"charlm": "1"}, "rank 2 has NumPy None and rank 0 has 2.0"),
        ({"charlm": "1", "NumPy": "2.0", "--seed": "3"}, "rank 2 has --seed 3 and rank 0 has None"),
    ],
)
def test_ranks_that_differ_are_told_by_rank_0_which_can_still_end_them(
    theirs: dict[str, str], message: str
) -> None:
    first, second, third = worlds(3)
    ours = {"charlm": "1", "NumPy": "2.0"}
    second.compare(ours)
    third.compare(theirs)
    with pytest.raises(UsageError, match=message):
        first.compare(ours)
    first.end(2)
    assert [follow(other) for other in (second, third)] == [2, 2]


def test_a_rank_that_fails_tells_nobody_anything_more() -> None:
    class Failing:
        rank, size = 0, 2
        sent = 0

        def exchange(self, outgoing: object, incoming: object) -> None:
            self.sent += 1
            raise PeerLostError("rank 1 has failed; continue without it")

        def close(self) -> None:
            raise AssertionError

    links = Failing()
    group = ProcessGroup(links)
    with pytest.raises(PeerLostError):
        group.order(Order.WORK)
    assert group.broken
    group.end(70)
    assert links.sent == 1


def test_a_follower_that_fails_is_broken() -> None:
    first, second = worlds(2)
    first.order(Order.BEGIN, b"{}")  # of which no rank can be made
    with pytest.raises(KeyError):
        follow(second)
    assert second.broken


def test_arrays_of_every_kind_are_exchanged() -> None:
    first, second = worlds(2)
    arrays = [np.arange(3), np.ones((2, 3), np.float32), np.array([True, False])]
    landed = [np.zeros_like(array) for array in arrays]
    thread = threading.Thread(target=second.exchange, args=({}, {0: landed}))
    thread.start()
    first.exchange({1: arrays}, {})
    thread.join(10)
    for got, wanted in zip(landed, arrays, strict=True):
        np.testing.assert_array_equal(got, wanted)
