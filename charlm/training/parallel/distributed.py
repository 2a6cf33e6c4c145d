"""Ranks without shared memory: the collectives of an update send arrays from their writers to their readers.

::

    broadcast   rank 0's batch to all                      (T, N)
    exchange    every rank's gradients, split into parts:  shards · P / ranks to each other rank
                each rank receives its part of all shards
    exchange    squares of the parts' blocks to all
    all_gather  every rank's part of the new weights       P / ranks to each other rank

Collectives add nothing up: a rank sums its part over the shards in the order of a single rank, so the bits of a run
do not depend on the number of ranks. Slots, averaged weights and carried state stay partitioned over the ranks that
update them; rank 0 gathers them for a checkpoint.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable, Mapping
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from charlm.blas import one_blas_thread
from charlm.nn.parameters import ParameterStore
from charlm.training.parallel.communicator import Order, PeerFailedError, ProcessGroup, share
from charlm.training.parallel.parts import common_slice, network_slices, parts_of
from charlm.training.parallel.processes import build_rank
from charlm.training.parallel.shared_arrays import Arrays

__all__ = ["DistributedRank", "follow"]

PARTITIONED = ("optimizer.", "ema", "state.")  # stay at the ranks that update them


class DistributedRank:
    """One of several ranks with separate arrays of the same layout.

    Parameters
    ----------
    group : ProcessGroup
    arrays : mapping of str to ndarray
        Of this rank, with the layout of `charlm.training.parallel.shared_arrays.layout`.
    params : ParameterStore
        The weights in these arrays.
    """

    def __init__(self, group: ProcessGroup, arrays: Arrays, params: ParameterStore) -> None:
        self.rank, self.size = group.rank, group.size
        self._group, self._arrays = group, arrays
        networks, shards = arrays["losses"].shape
        everyone = range(group.size)
        self._losses = [share(networks * shards, rank, group.size) for rank in everyone]
        self._shards = [[divmod(k, shards) for k in own] for own in self._losses]  # (network, shard)
        self._networks = network_slices(params, networks)
        self._columns = [params.columns_in(where) for where in self._networks]
        self._layers = len({_layer(name) for name in arrays if name.startswith("state.")}) // networks
        self._streams = _streams(arrays) // shards
        self._parts = [parts_of(params, networks, rank, group.size) for rank in everyone]
        self._partitioned = [name for name in arrays if name.startswith(PARTITIONED)]
        self._gathered = False

    @classmethod
    def lead(cls, group: ProcessGroup, job: Mapping[str, Any], arrays: Arrays, params: ParameterStore) -> Self:
        """Begin a job at the other ranks, and return rank 0's communicator."""
        group.order(Order.BEGIN, json.dumps(job).encode("ascii"))
        return cls(group, arrays, params)

    def end(self) -> None:
        """End the job; the other ranks wait for the next one."""
        if not self._group.broken:
            self._group.order(Order.CLOSE)

    def exchange(self, *written: str) -> None:
        """Exchange arrays with every other rank: send the parts it reads, receive the parts this rank reads."""
        self._exchange_parts(written, writers=range(self.size), readers=range(self.size))

    all_gather = exchange

    def broadcast(self, *written: str) -> None:
        """Broadcast rank 0's batch; other ranks carry out rank 0's orders until it comes.

        Raises
        ------
        PeerFailedError
            When rank 0 ends the job.
        """
        if self.rank == 0:
            self._group.order(Order.WORK)
        else:
            while (order := self._group.await_order()[0]) != Order.WORK:
                self._carry_out(order)
        self._gathered = False
        self._exchange_parts(written, writers=[0], readers=range(self.size))

    def _carry_out(self, order: Order) -> None:
        if order == Order.BROADCAST:
            self._broadcast_parts()
        elif order == Order.COLLECT:
            self._gather_parts()
        else:
            raise PeerFailedError

    def broadcast_state(self) -> None:
        """Broadcast rank 0's weights, slots, averaged weights and state."""
        self._group.order(Order.BROADCAST)
        self._broadcast_parts()

    def collect(self) -> None:
        """Gather slots, averaged weights and state at rank 0, once after an update."""
        if not self._gathered and not self._group.broken:
            self._group.order(Order.COLLECT)
            self._gather_parts()

    def _broadcast_parts(self) -> None:
        arrays = [self._arrays[name] for name in ("value", *self._partitioned)]
        if self.rank == 0:
            self._group.exchange(dict.fromkeys(self._group.others, arrays), {})
        else:
            self._group.exchange({}, {0: arrays})
        self._gathered = True

    def _gather_parts(self) -> None:
        self._exchange_parts(self._partitioned, writers=range(self.size), readers=[0])
        self._gathered = True

    def _exchange_parts(self, names: Iterable[str], *, writers: Iterable[int], readers: Iterable[int]) -> None:
        """Send the parts that this rank writes and others read; receive the parts that it reads."""
        rank, names, outgoing, incoming = self.rank, list(names), {}, {}
        if rank in writers:
            outgoing = {
                other: [np.ascontiguousarray(part) for part in self._parts_of(names, rank, other)]
                for other in readers
                if other != rank
            }
        if rank in readers:
            incoming = {other: self._parts_of(names, other, rank) for other in writers if other != rank}
        buffers = {
            other: [part if part.flags.c_contiguous else np.empty_like(part, order="C") for part in parts]
            for other, parts in incoming.items()
        }
        self._group.exchange(outgoing, buffers)
        for other, parts in incoming.items():
            for part, buffer in zip(parts, buffers[other], strict=True):
                if buffer is not part:
                    part[...] = buffer

    def _parts_of(self, names: Iterable[str], writer: int, reader: int) -> list[NDArray[Any]]:
        """Return views of the parts that one rank writes and another reads, none of them empty."""
        parts = [part for name in names for part in self._slices(name, writer, reader)]
        return [part for part in parts if part.size]

    def _slices(self, name: str, writer: int, reader: int) -> list[NDArray[Any]]:
        array, own = self._arrays[name], self._shards[writer]
        match name.split(".")[0]:
            case "gradients":
                parts = self._parts[reader]
                return [array[k, common_slice(part.where, self._networks[n])] for n, k in own for part in parts]
            case "losses":
                losses = self._losses[writer]
                return [array.reshape(-1)[losses.start : losses.stop]]
            case "touched":
                return [array[k, self._columns[n]].view(np.uint8) for n, k in own]
            case "squares":
                return [array[part.squares] for part in self._parts[writer]]
            case "value" | "optimizer" | "ema":
                return [array[part.where] for part in self._parts[writer]]
            case "state":
                N = self._streams
                return [array[k * N : (k + 1) * N] for n, k in own if n == _layer(name) // self._layers]
        if writer:
            return []
        return [array.view(np.uint8) if name == "update" else array]  # MPI has no type for a record


def _layer(name: str) -> int:
    """Return the layer of ``state.<layer>.<part>``."""
    return int(name.split(".")[1])


def _streams(arrays: Arrays) -> int:
    """Return N."""
    return next(int(array.shape[1]) for name, array in arrays.items() if name.startswith("batch."))


def follow(group: ProcessGroup) -> int:
    """Carry out rank 0's orders until the run ends.

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
                rank = build_rank(json.loads(order[1]), comm=lambda *own: DistributedRank(group, *own))
                with contextlib.suppress(PeerFailedError):
                    while True:
                        rank.work()
        group.leave()
        return int(order[1])
    except BaseException:
        group.broken = True
        raise
