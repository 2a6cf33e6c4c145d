"""The arrays of an update that all ranks share, in one block of memory, and the batch among them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from charlm.config import TrainConfig
from charlm.models.ensemble import independent
from charlm.models.learner import Learner
from charlm.nn.arrays import Shape
from charlm.nn.optimizers import Optimizer
from charlm.nn.stack import named_state
from charlm.text.batches import Batch, BatchShapes
from charlm.training.parallel.parts import norm_blocks

__all__ = ["Arrays", "Layout", "SharedBatch", "allocate", "layout", "size_of"]

Layout = dict[str, tuple[Shape, np.dtype[Any]]]
"""Shape and type of each array, in their order in memory."""
Arrays = Mapping[str, NDArray[Any]]

ALIGNMENT = 64
ABSENT = -1
BATCH = "batch."


def layout(learner: Learner, config: TrainConfig, optimizer: Optimizer, batch: BatchShapes) -> Layout:
    """Return shape and dtype of every array of an update, shared by the ranks.

    ``value`` (P,), ``gradients`` (shards, P), the first of which becomes their sum, ``optimizer.<slot>`` (P,),
    ``ema`` (P,) if the weights are averaged, ``state.<layer>.<part>`` (N, H), ``batch.<name>`` of the largest
    batch, ``losses`` (K, shards), ``squares`` of the norms' blocks, ``touched`` (shards, columns) if there are
    tables of a large vocabulary (`ParameterStore.touched`), and ``update`` (1,), a record: its learning rate
    ``lr`` and ``decay``, the finished updates ``steps``, the gradient's ``norm``, and of the batch ``counted`` and
    each array's ``lengths``.
    """
    P, N, S, K = learner.params.value.size, config.batch_size, config.shards or 1, len(independent(learner))
    real, double = learner.params.dtype, np.dtype(np.float64)
    update = np.dtype(
        [(name, "f8") for name in ("lr", "decay", "norm")]
        + [("steps", "i8"), ("counted", "i8"), ("lengths", "i8", (len(batch),))]
    )
    arrays: Layout = {"value": ((P,), real), "gradients": ((S, P), real)}
    arrays |= {f"optimizer.{slot}": ((P,), real) for slot in optimizer.slots}
    if config.ema:
        arrays["ema"] = ((P,), real)
    arrays |= {name: (array.shape, real) for name, array in named_state(learner.zero_state(N)).items()}
    arrays |= {BATCH + name: (tuple(shape), np.dtype(dtype)) for name, (shape, dtype) in batch.items()}
    if learner.params.touched.size:
        arrays["touched"] = ((S, learner.params.touched.size), np.dtype(bool))
    blocks = norm_blocks(learner.params, K)[-1].stop
    return arrays | {"losses": ((K, S), double), "squares": ((blocks,), double), "update": ((1,), update)}


def size_of(arrays: Layout) -> int:
    """Return the bytes of a layout."""
    return sum(_aligned(math.prod(shape) * dtype.itemsize) for shape, dtype in arrays.values())


def allocate(memory: Any, arrays: Layout) -> Arrays:
    """Return the arrays of a layout as views of a block of memory."""
    views, start = {}, 0
    for name, (shape, dtype) in arrays.items():
        count = math.prod(shape)
        views[name] = np.frombuffer(memory, dtype, count, start).reshape(shape)
        start += _aligned(count * dtype.itemsize)
    return views


def _aligned(size: int) -> int:
    return -(-size // ALIGNMENT) * ALIGNMENT


class SharedBatch:
    """The batch of an update in the shared arrays; a single rank reads the batch itself.

    Parameters
    ----------
    arrays : mapping of str to ndarray
        With the layout of `layout`.
    ranks : int

    Attributes
    ----------
    names : tuple of str
        Names of its arrays in the layout.
    """

    def __init__(self, arrays: Arrays, ranks: int) -> None:
        self._alone, self._batch = ranks == 1, Batch({}, 0)
        self.names = tuple(name for name in arrays if name.startswith(BATCH))
        self._arrays = {name.removeprefix(BATCH): arrays[name] for name in self.names}
        self._counted, self._lengths = arrays["update"]["counted"], arrays["update"]["lengths"][0]

    def put(self, batch: Batch) -> None:
        """Copy a batch into the arrays."""
        if self._alone:
            self._batch = batch
            return
        self._counted[0] = batch.counted
        for k, (name, whole) in enumerate(self._arrays.items()):
            array = batch.get(name)
            self._lengths[k] = ABSENT if array is None else len(array)
            if array is not None:
                whole[: len(array)] = array

    def get(self, streams: slice) -> Batch:
        """Return the batch of some of the streams, as views; `counted` is that of the whole."""
        if self._alone:
            part = {name: array[:, streams] for name, array in self._batch.arrays.items()}
            return Batch(part, self._batch.counted)
        arrays = zip(self._arrays.items(), self._lengths.tolist(), strict=True)
        part = {name: whole[:T, streams] for (name, whole), T in arrays if T != ABSENT}
        return Batch(part, int(self._counted[0]))
