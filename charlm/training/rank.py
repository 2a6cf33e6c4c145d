"""What one rank does in an update, and the memory that all ranks see.

The N streams are cut into `shards` groups. A rank computes the gradients of its own shards; then every
rank sums a slice of the flat gradients over all shards, along a fixed binary tree, and updates that slice of the
weights. Which rank does what changes no bit: shards, tree and the blocks of the norm are fixed.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from charlm.config import TrainConfig
from charlm.model import CharModel
from charlm.nn.arrays import Shape
from charlm.nn.averaging import average_
from charlm.nn.clipping import BLOCK, clip_value_, norm_of_squares, squared_norm
from charlm.nn.kernels.workspace import Workspace
from charlm.nn.optimizers import SGD, Adagrad, Adam, AdamW, Optimizer, RMSprop
from charlm.nn.parameters import ParameterStore
from charlm.nn.stack import StackState, map_state, named_state
from charlm.training.communicator import Communicator, share

__all__ = ["Arrays", "Layout", "Rank", "carve", "layout", "make_optimizer", "part_of", "size_of"]

Layout = dict[str, tuple[Shape, np.dtype[Any]]]
Arrays = Mapping[str, NDArray[Any]]

ALIGNMENT = 64


def layout(model: CharModel, config: TrainConfig, optimizer: Optimizer) -> Layout:
    """Return shape and dtype of every array that all ranks see.

    ``value`` (P,), ``gradients`` (shards, P), the first of which becomes their sum, ``optimizer.<slot>`` (P,),
    ``ema`` (P,) if the weights are averaged, ``state.<layer>.<part>`` (N, H), ``inputs``, ``targets``, ``resets``
    (T, N) of the longest window, ``losses`` (shards,), ``squares`` of the norm's blocks, and ``control``: learning
    rate, finished updates, gradient norm, whether there are resets, and T of this window.
    """
    P, N, T, S = model.params.value.size, config.batch_size, config.seq_length, config.shards or 1
    real, ids, double = model.params.dtype, np.dtype(np.intp), np.dtype(np.float64)
    arrays: Layout = {"value": ((P,), real), "gradients": ((S, P), real)}
    arrays |= {f"optimizer.{slot}": ((P,), real) for slot in optimizer.slots}
    if config.ema:
        arrays["ema"] = ((P,), real)
    arrays |= {name: (array.shape, real) for name, array in named_state(model.zero_state(N)).items()}
    arrays |= {"inputs": ((T, N), ids), "targets": ((T, N), ids), "resets": ((T, N), np.dtype(np.bool_))}
    return arrays | {"losses": ((S,), double), "squares": ((-(-P // BLOCK),), double), "control": ((5,), double)}


def size_of(arrays: Layout) -> int:
    """Return how many bytes a layout takes."""
    return sum(_aligned(math.prod(shape) * dtype.itemsize) for shape, dtype in arrays.values())


def carve(memory: Any, arrays: Layout) -> Arrays:
    """Cut a block of memory into the arrays of a layout."""
    cut, start = {}, 0
    for name, (shape, dtype) in arrays.items():
        count = math.prod(shape)
        cut[name] = np.frombuffer(memory, dtype, count, start).reshape(shape)
        start += _aligned(count * dtype.itemsize)
    return cut


def _aligned(size: int) -> int:
    return -(-size // ALIGNMENT) * ALIGNMENT


def part_of(blocks: range, P: int) -> slice:
    """Return which of the P weights some blocks of the norm hold."""
    return slice(blocks.start * BLOCK, min(blocks.stop * BLOCK, P))


def make_optimizer(params: ParameterStore, config: TrainConfig) -> Optimizer:
    """Build the update rule that a configuration names."""
    lr, decay = config.learning_rate, config.weight_decay
    match config.optimizer:
        case "sgd":
            return SGD(params, lr=lr, momentum=config.momentum, nesterov=config.nesterov, weight_decay=decay)
        case "adagrad":
            return Adagrad(params, lr=lr, weight_decay=decay)
        case "rmsprop":
            return RMSprop(params, lr=lr, weight_decay=decay)
        case "adam":
            return Adam(params, lr=lr, weight_decay=decay)
        case "adamw":
            return AdamW(params, lr=lr, weight_decay=decay)


class Rank:
    """One rank's part in every update.

    Parameters
    ----------
    model : CharModel
        On the shared ``value``.
    optimizer : Optimizer
        On the model's parameters; its slots become the shared ones.
    config : TrainConfig
        With `shards` and `workers` decided.
    arrays : mapping of str to ndarray
        As `layout` says.
    me : Communicator
    """

    def __init__(
        self, model: CharModel, optimizer: Optimizer, config: TrainConfig, arrays: Arrays, me: Communicator
    ) -> None:
        self.config, self.arrays, self.me = config, arrays, me
        self.params = model.params.replica(arrays["gradients"][0])
        self.optimizer = optimizer
        optimizer.params = self.params
        optimizer.slots = {slot: arrays[f"optimizer.{slot}"] for slot in optimizer.slots}
        names = iter(named_state(model.zero_state(1)))
        self.state = map_state(lambda _: arrays[next(names)], model.zero_state(1))
        shards = config.shards or 1
        self.streams = config.batch_size // shards
        self._ends: dict[int, StackState] = {}
        self._drops = model.config.dropout > 0 or model.config.weight_drop > 0
        self._shards = {
            shard: (model.replica(arrays["gradients"][shard]), Workspace())
            for shard in share(shards, me.rank, me.size)
        }
        P, blocks = self.params.value.size, share(len(arrays["squares"]), me.rank, me.size)
        self._blocks = [(k, part_of(range(k, k + 1), P)) for k in blocks]
        self._part = part_of(blocks, P)

    def work(self) -> None:
        """Do this rank's part of one update."""
        with np.errstate(over="ignore", invalid="ignore"):  # what comes of them is found, and told as an error
            self._work()

    def _work(self) -> None:
        arrays = self.arrays
        self.me.release("control", "inputs", "targets", "resets")  # the batch is there
        lr, steps, _, with_resets, length = arrays["control"]
        self.optimizer.lr, self.optimizer.steps = float(lr), int(steps)
        for shard, (model, workspace) in self._shards.items():
            self._differentiate(shard, model, workspace, int(length), bool(with_resets))
        self.me.barrier("gradients", "losses")  # all gradients are there
        self._sum_shards()
        for k, block in self._blocks:
            arrays["squares"][k] = squared_norm(self.params.grad[block])
        self.me.barrier("squares")  # the gradient is whole
        norm = norm_of_squares(arrays["squares"].tolist())
        finite = math.isfinite(norm) and bool(np.isfinite(arrays["losses"]).all())
        if finite:  # otherwise weights and state stay as they were
            self._apply(norm)
            self._carry_on()
        if self.me.rank == 0:
            arrays["control"][1:3] = int(steps) + finite, norm
        self.me.gather("value")  # the weights are new

    def _differentiate(
        self, shard: int, model: CharModel, workspace: Workspace, length: int, with_resets: bool
    ) -> None:
        """Compute one shard's loss and gradient, and keep the state that it ends in."""
        own = slice(shard * self.streams, (shard + 1) * self.streams)
        inputs, targets, resets = (self.arrays[name][:length, own] for name in ("inputs", "targets", "resets"))
        mean = self.config.loss_reduction == "mean"
        count = length * self.config.batch_size
        model.params.grad[:] = 0
        loss, self._ends[shard], backprop = model.loss(
            inputs,
            targets,
            map_state(lambda a: a[own], self.state),
            resets=resets if with_resets else None,
            rng=self._chance(shard),
            weight_rng=self._chance(len(self.arrays["gradients"])),  # the same for all shards
            reduction="sum",
            scale=1 / count if mean else 1.0,
            workspace=workspace,
        )
        backprop()
        self.arrays["losses"][shard] = loss if mean else loss / count

    def _chance(self, stream: int) -> np.random.Generator | None:
        """Return a source of masks for this update; the same whoever asks."""
        return np.random.default_rng([self.config.seed, self.optimizer.steps, stream]) if self._drops else None

    def _carry_on(self) -> None:
        """Let this rank's streams begin their next window from the state in which this one ended, in place."""
        for shard, state in self._ends.items():
            own = slice(shard * self.streams, (shard + 1) * self.streams)
            for name, array in named_state(state).items():
                self.arrays[name][own] = array

    def _sum_shards(self) -> None:
        """Sum this rank's slice of all shards' gradients along a binary tree into the first, in place."""
        rows = [gradient[self._part] for gradient in self.arrays["gradients"]]
        while len(rows) > 1:
            for left, right in zip(rows[::2], rows[1::2], strict=False):
                left += right
            rows = rows[::2]

    def _apply(self, norm: float) -> None:
        """Clip this rank's slice of the gradient and update that slice of the weights, in place."""
        gradient, limit = self.params.grad[self._part], self.config.clip_norm
        if limit and norm > limit:
            gradient *= limit / norm
        clip_value_(gradient, self.config.clip_value)
        self.optimizer.update(self._part)
        if self.config.ema:
            steps = self.optimizer.steps
            average_(
                self.arrays["ema"][self._part],
                self.params.value[self._part],
                min(self.config.ema, (steps + 1) / (steps + 10)),  # else the start weights would stay for long
            )
