"""Ranks that share no memory: what each writes goes to those that read it, at the meeting points.

::

    release   rank 0's batch to all                        (T, N)
    barrier   every rank's gradients, cut into parts:      shards · P / ranks to each other rank
              each rank gets its part of all shards
    barrier   squares of the parts' blocks to all
    gather    every rank's part of the new weights to all  P / ranks to each other rank

Nothing is added up on the way: a rank sums its part over the shards in the order in which one rank alone would, so
that a run has the same bits however many ranks there are. Slots, averaged weights and carried state stay in parts
where they are updated, and come together at rank 0 when it asks, which it does for a checkpoint.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from charlm.blas import one_blas_thread
from charlm.training.communicator import PeerGoneError, share
from charlm.training.job import make_rank
from charlm.training.rank import Arrays, part_of
from charlm.training.world import Order, World

__all__ = ["SpreadRank", "follow"]

AT_HOME = ("optimizer.", "ema", "state.")  # stay where they are updated


class SpreadRank:
    """One of several ranks, each with arrays of its own, of the same layout.

    Parameters
    ----------
    world : World
    arrays : mapping of str to ndarray
        This rank's, as `charlm.training.rank.layout` says.
    """

    def __init__(self, world: World, arrays: Arrays) -> None:
        self.rank, self.size = world.rank, world.size
        self._world, self._arrays = world, arrays
        shards, P = arrays["gradients"].shape
        streams = arrays["inputs"].shape[1] // shards
        everyone = range(world.size)
        self._blocks = [share(len(arrays["squares"]), rank, world.size) for rank in everyone]
        self._parts = [part_of(blocks, P) for blocks in self._blocks]
        self._shards = [share(shards, rank, world.size) for rank in everyone]
        self._streams = [slice(own.start * streams, own.stop * streams) for own in self._shards]
        self._at_home = [name for name in arrays if name.startswith(AT_HOME)]
        self._whole = False

    def barrier(self, *written: str) -> None:
        """Send every other rank what it needs of what this one wrote, and get the same from it."""
        self._move(written, writers=range(self.size), readers=range(self.size))

    gather = barrier

    def release(self, *written: str) -> None:
        """Hand rank 0's batch to the others, which do until then what rank 0 orders.

        Raises
        ------
        PeerGoneError
            Once rank 0 says that the job is done.
        """
        if self.rank == 0:
            self._world.order(Order.WORK)
        else:
            while (order := self._world.await_order()[0]) != Order.WORK:
                self._serve(order)
        self._whole = False
        self._move(written, writers=[0], readers=range(self.size))

    def _serve(self, order: Order) -> None:
        if order == Order.SPREAD:
            self._take_over()
        elif order == Order.COLLECT:
            self._hand_in()
        else:
            raise PeerGoneError

    def spread(self) -> None:
        """Let every other rank go on from rank 0's weights, slots, average and state."""
        self._world.order(Order.SPREAD)
        self._take_over()

    def collect(self) -> None:
        """Bring slots, average and state together at rank 0, unless they are since the last update."""
        if not self._whole and not self._world.broken:
            self._world.order(Order.COLLECT)
            self._hand_in()

    def _take_over(self) -> None:
        arrays = [self._arrays[name] for name in ("value", *self._at_home)]
        if self.rank == 0:
            self._world.exchange(dict.fromkeys(self._world.others, arrays), {})
        else:
            self._world.exchange({}, {0: arrays})
        self._whole = True

    def _hand_in(self) -> None:
        self._move(self._at_home, writers=range(self.size), readers=[0])
        self._whole = True

    def _move(self, names: Iterable[str], *, writers: Iterable[int], readers: Iterable[int]) -> None:
        """Send what is written here and read elsewhere, and get what is written elsewhere and read here."""
        me, names, outgoing, incoming = self.rank, list(names), {}, {}
        if me in writers:
            outgoing = {
                other: [np.ascontiguousarray(piece) for piece in self._pieces(names, me, other)]
                for other in readers
                if other != me
            }
        if me in readers:
            incoming = {other: self._pieces(names, other, me) for other in writers if other != me}
        landing = {
            other: [piece if piece.flags.c_contiguous else np.empty_like(piece, order="C") for piece in pieces]
            for other, pieces in incoming.items()
        }
        self._world.exchange(outgoing, landing)
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
        return [array] if writer == 0 else []  # the batch


def follow(world: World) -> int:
    """Work as rank 0 says until the run is over.

    Returns
    -------
    int
        The exit code of the run.

    Raises
    ------
    PeerLostError
        If rank 0 is gone.
    """
    try:
        with one_blas_thread():
            while (order := world.await_order())[0] == Order.BEGIN:
                rank = make_rank(json.loads(order[1]), me=lambda arrays: SpreadRank(world, arrays))
                with contextlib.suppress(PeerGoneError):
                    while True:
                        rank.work()
        world.leave()
        return int(order[1])
    except BaseException:
        world.broken = True
        raise
