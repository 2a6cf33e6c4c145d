"""One update of a model by several ranks.

The N streams are split into `shards` groups. Each of the K networks of an ensemble, or the one network of another
learner, differentiates each shard, and the K · shards of them are shared among the ranks. An update is, on every
rank::

    broadcast the batch → gradients of the rank's shards → reduce-scatter the gradients → norms → clip
    → update the rank's slice of the weights → all-gather the weights

The bits do not depend on the assignment to ranks: shards, the binary tree of their sum, and the blocks of the norm
are fixed.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import chain
from operator import itemgetter
from typing import NamedTuple

import numpy as np

from charlm.config import TrainConfig
from charlm.models.ensemble import independent
from charlm.models.learner import Learner, State, with_params
from charlm.nn.averaging import average_
from charlm.nn.clipping import clip_value_, norm_of_squares, scale_to_norm_
from charlm.nn.kernels.workspace import Workspace
from charlm.nn.optimizers import SGD, Adagrad, Adam, AdamW, Optimizer, RMSprop
from charlm.nn.parameters import ParameterStore
from charlm.nn.stack import map_state, named_state
from charlm.training.parallel.communicator import Communicator, share
from charlm.training.parallel.parts import clear_, common_slice, norm_blocks, parts_of
from charlm.training.parallel.shared_arrays import Arrays, SharedBatch

__all__ = ["Rank", "make_optimizer"]

DECAYED = ("W_h", "head.W")  # the weights that `run_decay` acts on


class _Shard(NamedTuple):
    """A shard of the streams, as one of the networks reads it.

    Parameters
    ----------
    number, network : int
    learner : Learner
        The network, with the shard's gradient.
    streams : slice
        Of the batch.
    state : State
        Of the network and these streams, in the shared arrays.
    workspace : Workspace
    """

    number: int
    network: int
    learner: Learner
    streams: slice
    state: State
    workspace: Workspace


class Rank:
    """One rank's part of every update.

    Parameters
    ----------
    learner : Learner
        With its weights in the shared ``value``.
    optimizer : Optimizer
        Of the learner's parameters; its slots become the shared ones.
    config : TrainConfig
        With `shards` and `workers` set.
    arrays : mapping of str to ndarray
        With the layout of `charlm.training.parallel.shared_arrays.layout`.
    comm : Communicator
    """

    def __init__(
        self, learner: Learner, optimizer: Optimizer, config: TrainConfig, arrays: Arrays, comm: Communicator
    ) -> None:
        self.config, self.arrays, self.comm = config, arrays, comm
        self.batch = SharedBatch(arrays, comm.size)
        self.params = learner.params.replica(arrays["gradients"][0])
        self.optimizer = optimizer
        optimizer.params = self.params
        optimizer.slots = {slot: arrays[f"optimizer.{slot}"] for slot in optimizer.slots}
        names = iter(named_state(learner.zero_state(1)))
        self.state = map_state(lambda _: arrays[next(names)], learner.zero_state(1))
        self._drops = learner.drops
        self._touched = arrays.get("touched", np.zeros((config.shards or 1, 0), bool))
        own = share(arrays["losses"].size, comm.rank, comm.size)
        self._shards = [self._shard(learner, *divmod(k, config.shards or 1)) for k in own]
        self._ends: list[State] = []
        networks = len(arrays["losses"])
        self._parts = parts_of(self.params, networks, comm.rank, comm.size)
        self._decayed = [
            common_slice(part.where, self.params.slice_of(name))
            for part in self._parts
            for name in self.params
            if name.endswith(DECAYED)
        ]
        self._norm_blocks = norm_blocks(self.params, networks)

    def _shard(self, learner: Learner, network: int, number: int) -> _Shard:
        replica = learner.params.replica(self.arrays["gradients"][number], self._touched[number])
        networks = independent(with_params(learner, replica))
        N, layers = self.config.batch_size // (self.config.shards or 1), len(self.state) // len(networks)
        streams = slice(number * N, (number + 1) * N)
        state = map_state(itemgetter(streams), self.state[network * layers : (network + 1) * layers])
        return _Shard(number, network, networks[network], streams, state, Workspace())

    def work(self) -> None:
        """Do this rank's part of one update."""
        arrays, comm, update = self.arrays, self.comm, self.arrays["update"][0]
        with np.errstate(over="ignore", invalid="ignore"):  # detected below by their results
            comm.broadcast("update", *self.batch.names)
            self.optimizer.lr, self.optimizer.steps = float(update["lr"]), int(update["steps"])
            self._ends = [self._differentiate(shard) for shard in self._shards]
            comm.exchange("gradients", "losses", *(["touched"] if self._touched.size else []))
            for part in self._parts:
                part.reduce(arrays["gradients"], self._touched)
                arrays["squares"][part.squares] = part.squared_norms()
            comm.exchange("squares")
            norms = [norm_of_squares(arrays["squares"][blocks].tolist()) for blocks in self._norm_blocks]
            norm = math.hypot(*norms)
            finite = math.isfinite(norm) and bool(np.isfinite(arrays["losses"]).all())
            if finite:  # otherwise weights and state are unchanged
                self._clip(norms)
                self._update_weights()
                self._carry_state()
        if comm.rank == 0:
            update["steps"], update["norm"] = self.optimizer.steps + finite, norm
        comm.all_gather("value")

    def _differentiate(self, shard: _Shard) -> State:
        """Compute a shard's loss and gradient, and return its final state."""
        batch, losses = self.batch.get(shard.streams), self.arrays["losses"]
        mean = self.config.loss_reduction == "mean"
        clear_(shard.learner.params)
        loss, end, backprop = shard.learner.loss(
            batch,
            shard.state,
            rng=self._mask_generator(shard.number, shard.network),
            weight_rng=self._mask_generator(losses.shape[1], shard.network),  # the same for all shards
            scale=1 / batch.counted if mean else 1.0,
            workspace=shard.workspace,
        )
        backprop()
        losses[shard.network, shard.number] = (loss if mean else loss / batch.counted) / len(losses)
        return end

    def _mask_generator(self, number: int, network: int) -> np.random.Generator | None:
        """Return a random generator for this update's masks by their number; the same on every rank."""
        if not self._drops:
            return None
        which = [number, network] if network else [number]
        return np.random.default_rng([self.config.seed, self.optimizer.steps, *which])

    def _clip(self, norms: Sequence[float]) -> None:
        """Clip this rank's parts of the gradient, in place, each by the norm of its network's gradient."""
        for part in self._parts:
            scale_to_norm_(part.gradient, norms[part.network], self.config.clip_norm)
            clip_value_(part.gradient, self.config.clip_value)

    def _update_weights(self) -> None:
        """Update this rank's parts of the weights and of their average, in place."""
        steps = self.optimizer.steps
        keep = 1 - float(self.arrays["update"][0]["decay"])
        if keep < 1:
            for where in self._decayed:
                self.params.value[where] *= keep
        decay = min(self.config.ema, (steps + 1) / (steps + 10))  # smaller at first, to forget the initial weights
        for part in self._parts:
            part.update(self.optimizer)
            if self.config.ema:
                average_(self.arrays["ema"][part.where], self.params.value[part.where], decay)

    def _carry_state(self) -> None:
        """Copy the final states of this rank's shards as the initial states of their next window, in place."""
        for shard, end in zip(self._shards, self._ends, strict=True):
            for into, array in zip(chain(*shard.state), chain(*end), strict=True):
                into[...] = array


def make_optimizer(params: ParameterStore, config: TrainConfig) -> Optimizer:
    """Build the optimiser of a configuration."""
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
