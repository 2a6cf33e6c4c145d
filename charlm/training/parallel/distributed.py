"""Ranks that share no memory: what each writes goes to those that read it, in the collectives of an update.

::

    broadcast   rank 0's batch to all                      (T, N)
    exchange    every rank's gradients, split into parts:  shards · P / ranks to each other rank
                each rank gets its part of all shards
    exchange    squares of the parts' blocks to all
    all_gather  every rank's part of the new weights       P / ranks to each other rank

Nothing is added up on the way: a rank sums its part over the shards in the order in which one rank alone would, so
that a run has the same bits however many ranks there are. Slots, averaged weights and carried state stay in parts
where they are updated, and come together at rank 0 when it asks, which it does for a checkpoint.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable, Mapping
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from charlm.blas import one_blas_thread
from charlm.training.parallel.communicator import Order, PeerFailedError, ProcessGroup, share
from charlm.training.parallel.processes import make_rank
from charlm.training.parallel.update import Arrays, part_of

__all__ = ["DistributedRank", "follow"]

AT_HOME = ("optimizer.", "ema", "state.")  # stay where they are updated


class DistributedRank:
    """One of several ranks, each with arrays of its own, of the same layout.

    Parameters
    ----------
    group : ProcessGroup
    arrays : mapping of str to ndarray
        This rank's, as `charlm.training.parallel.update.layout` says.
    """

    def __init__(self, group: ProcessGroup, arrays: Arrays) -> None:
        self.rank, self.size = group.rank, group.size
        self._group, self._arrays = group, arrays
        shards, P = arrays["gradients"].shape
        self._shards = [share(shards, rank, group.size) for rank in range(group.size)]
        streams = _streams(arrays) // shards
        everyone = range(group.size)
        self._blocks = [share(len(arrays["squares"]), rank, group.size) for rank in everyone]
        self._parts = [part_of(blocks, P) for blocks in self._blocks]
        self._streams = [slice(own.start * streams, own.stop * streams) for own in self._shards]
        self._at_home = [name for name in arrays if name.startswith(AT_HOME)]
        self._whole = False

    @classmethod
    def lead(cls, group: ProcessGroup, job: Mapping[str, Any], arrays: Arrays) -> Self:
        """Have the other ranks begin a job, and return rank 0's communicator."""
        group.order(Order.BEGIN, json.dumps(job).encode("ascii"))
        return cls(group, arrays)

    def end(self) -> None:
        """End the job; the other ranks wait for the next one."""
        if not self._group.broken:
            self._group.order(Order.CLOSE)

    def exchange(self, *written: str) -> None:
        """Send every other rank what it needs of what this one wrote, and get the same from it."""
        self._move(written, writers=range(self.size), readers=range(self.size))

    all_gather = exchange

    def broadcast(self, *written: str) -> None:
        """Hand rank 0's batch to the others, which do until then what rank 0 orders.

        Raises
        ------
        PeerFailedError
            Once rank 0 says that the job is done.
        """
        if self.rank == 0:
            self._group.order(Order.WORK)
        else:
            while (order := self._group.await_order()[0]) != Order.WORK:
                self._serve(order)
        self._whole = False
        self._move(written, writers=[0], readers=range(self.size))

    def _serve(self, order: Order) -> None:
        if order == Order.BROADCAST:
            self._take_over()
        elif order == Order.COLLECT:
            self._hand_in()
        else:
            raise PeerFailedError

    def hand_out(self) -> None:
        """Let every other rank continue from rank 0's weights, slots, average and state."""
        self._group.order(Order.BROADCAST)
        self._take_over()

    def collect(self) -> None:
        """Bring slots, average and state together at rank 0, unless they are since the last update."""
        if not self._whole and not self._group.broken:
            self._group.order(Order.COLLECT)
            self._hand_in()

    def _take_over(self) -> None:
        arrays = [self._arrays[name] for name in ("value", *self._at_home)]
        if self.rank == 0:
            self._group.exchange(dict.fromkeys(self._group.others, arrays), {})
        else:
            self._group.exchange({}, {0: arrays})
        self._whole = True

    def _hand_in(self) -> None:
        self._move(self._at_home, writers=range(self.size), readers=[0])
        self._whole = True

    def _move(self, names: Iterable[str], *, writers: Iterable[int], readers: Iterable[int]) -> None:
        """Send what is written here and read elsewhere, and get what is written elsewhere and read here."""
        rank, names, outgoing, incoming = self.rank, list(names), {}, {}
        if rank in writers:
            outgoing = {
                other: [np.ascontiguousarray(piece) for piece in self._pieces(names, rank, other)]
                for other in readers
                if other != rank
            }
        if rank in readers:
            incoming = {other: self._pieces(names, other, rank) for other in writers if other != rank}
        landing = {
            other: [piece if piece.flags.c_contiguous else np.empty_like(piece, order="C") for piece in pieces]
            for other, pieces in incoming.items()
        }
        self._group.exchange(outgoing, landing)
        for other, pieces in incoming.items():
            for piece, landed in zip(pieces, landing[other], strict=True):
                if landed is not piece:
                    piece[...] = landed

    def _pieces(self, names: Iterable[str], writer: int, reader: int) -> list[NDArray[Any]]:
        """Return the views of what one rank writes and another needs of it, none of them empty."""
        pieces = [piece for name in names for piece in self._cut(name, writer, reader)]
        return [piece for piece in pieces if piece.size]

    def _cut(self, name: str, writer: int, reader: int) -> list[NDArray[Any]]:
        array, shards, blocks = self._arrays[name], self._shards[writer], self._blocks[writer]
        match name.split(".")[0]:
            case "gradients":
                return [array[shard, self._parts[reader]] for shard in shards]
            case "losses":
                return [array[shards.start : shards.stop]]
            case "squares":
                return [array[blocks.start : blocks.stop]]
            case "value" | "optimizer" | "ema":
                return [array[self._parts[writer]]]
            case "state":
                return [array[self._streams[writer]]]
        if writer:
            return []
        return [array.view(np.uint8) if name == "update" else array]  # MPI has no type for a record


def _streams(arrays: Arrays) -> int:
    """Return N."""
    return next(int(array.shape[1]) for name, array in arrays.items() if name.startswith("batch."))


def follow(group: ProcessGroup) -> int:
    """Work as rank 0 says until the run is over.

    Returns
    -------
    int
        The exit code of the run.

    Raises
    ------
    PeerLostError
        If rank 0 has failed.
    """
    try:
        with one_blas_thread():
            while (order := group.await_order())[0] == Order.BEGIN:
                rank = make_rank(json.loads(order[1]), comm=lambda arrays: DistributedRank(group, arrays))
                with contextlib.suppress(PeerFailedError):
                    while True:
                        rank.work()
        group.leave()
        return int(order[1])
    except BaseException:
        group.broken = True
        raise
