"""One update of the weights, shared out over ranks.

The N streams are cut into `shards` groups of columns. A rank computes the gradients of its own shards; then every
rank sums a slice of the flat gradients over all shards, along a fixed binary tree, and updates that slice of the
weights. Which rank does what changes no bit: shards, tree and the blocks of the norm are fixed.
"""

from __future__ import annotations

import math
from types import TracebackType

import numpy as np

from charlm.config import TrainConfig
from charlm.model import CharModel, State
from charlm.nn.clipping import BLOCK, clip_value_
from charlm.nn.optimizers import SGD, Adagrad, Adam, AdamW, Optimizer, RMSprop
from charlm.nn.parameters import ParameterStore
from charlm.nn.stack import map_state
from charlm.nn.workspace import Workspace
from charlm.text.batches import Batch
from charlm.training.communicator import Alone, Communicator, ThreadTeam, share

__all__ = ["Team", "make_optimizer"]


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


class Team:
    """Workers that update one model together. A context manager: leaving it ends the workers.

    Parameters
    ----------
    model : CharModel
        Its weights are updated in place.
    config : TrainConfig
        With `shards` and `workers` decided.
    optimizer : Optimizer
        On ``model.params``.

    Attributes
    ----------
    state : State
        Carried over to the next window, all N streams; each array (H, N).
    """

    def __init__(self, model: CharModel, config: TrainConfig, optimizer: Optimizer) -> None:
        self.config, self.optimizer, self.params = config, optimizer, model.params
        self.shards = config.shards or 1
        self.streams = config.batch_size // self.shards
        self.state: State = model.zero_state(config.batch_size)
        self._gradients = np.zeros((self.shards, model.params.value.size), model.params.dtype)
        self._models = [model.replica(gradient) for gradient in self._gradients]
        self._workspaces = [Workspace() for _ in range(self.shards)]
        self._losses = np.zeros(self.shards)
        self._squares = np.zeros(-(-model.params.value.size // BLOCK))
        self._batch: Batch | None = None
        self._dropout = model.config.dropout > 0
        self._norm = 0.0
        size = min(config.workers or 1, self.shards)
        self._threads = ThreadTeam(size, self._follow) if size > 1 else None
        self._me: Communicator = Alone() if self._threads is None else self._threads.leader

    def __enter__(self) -> Team:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._threads is not None:
            self._threads.dissolve()

    def update(self, batch: Batch, *, lr: float) -> tuple[float, float]:
        """Do one update: forward, backward, clip, optimiser.

        Parameters
        ----------
        batch : Batch
            Ids (T, N) of all streams.
        lr : float
            Learning rate of this update.

        Returns
        -------
        loss : float
            Nats per character, before the update.
        grad_norm : float
            Before clipping. If it or the loss is not finite, the weights are left as they were.
        """
        self._batch, self.optimizer.lr = batch, lr
        self._work(self._me)
        return math.fsum(self._losses) / batch.targets.size, self._norm

    def _follow(self, me: Communicator) -> None:
        while True:
            self._work(me)

    def _work(self, me: Communicator) -> None:
        """Do one rank's part of an update."""
        me.barrier()  # the batch is there
        batch = self._batch
        assert batch is not None  # noqa: S101  set before rank 0 comes to the barrier
        for shard in share(self.shards, me.rank, me.size):
            self._differentiate(shard, batch)
        me.barrier()  # all gradients are there
        blocks = share(len(self._squares), me.rank, me.size)
        part = slice(blocks.start * BLOCK, min(blocks.stop * BLOCK, self.params.value.size))
        self._sum_shards(part)
        for k in blocks:
            block = self.params.grad[k * BLOCK : (k + 1) * BLOCK]
            self._squares[k] = np.dot(block, block)
        me.barrier()  # the gradient is whole
        norm = math.sqrt(math.fsum(self._squares)) if np.isfinite(self._squares).all() else math.inf
        finite = math.isfinite(norm) and bool(np.isfinite(self._losses).all())
        if finite:
            self._apply(part, norm)
        if me.rank == 0:
            self._norm = norm
            self.optimizer.steps += finite
        me.barrier()  # the weights are new

    def _differentiate(self, shard: int, batch: Batch) -> None:
        """Compute one shard's loss and gradient, and carry its state on."""
        columns = slice(shard * self.streams, (shard + 1) * self.streams)
        model, gradient = self._models[shard], self._gradients[shard]
        rng = np.random.default_rng([self.config.seed, self.optimizer.steps, shard]) if self._dropout else None
        gradient[:] = 0
        loss, state, backprop = model.loss(
            batch.inputs[:, columns],
            batch.targets[:, columns],
            map_state(lambda a: a[:, columns], self.state),
            resets=None if batch.resets is None else batch.resets[:, columns],
            rng=rng,
            reduction="sum",
            scale=1 / batch.targets.size if self.config.loss_reduction == "mean" else 1.0,
            workspace=self._workspaces[shard],
        )
        backprop()
        self._losses[shard] = loss * (batch.targets.size if self.config.loss_reduction == "mean" else 1)
        for whole_layer, layer in zip(self.state, state, strict=True):
            for whole, own in zip(whole_layer, layer, strict=True):
                whole[:, columns] = own

    def _sum_shards(self, part: slice) -> None:
        """Sum a slice of all shards' gradients along a binary tree into ``params.grad``, in place."""
        rows = [gradient[part] for gradient in self._gradients]
        while len(rows) > 1:
            for left, right in zip(rows[::2], rows[1::2], strict=False):
                left += right
            rows = rows[::2]
        self.params.grad[part] = rows[0]

    def _apply(self, part: slice, norm: float) -> None:
        """Clip a slice of the gradient and update that slice of the weights, in place."""
        gradient, limit = self.params.grad[part], self.config.clip_norm
        if limit and norm > limit:
            gradient *= limit / norm
        clip_value_(gradient, self.config.clip_value)
        self.optimizer.update(part)
