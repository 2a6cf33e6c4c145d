"""A learner and a task from outside of the package: numbers in, numbers out, through an RNN of one's own making."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import numpy as np

import charlm
from charlm.nn import GRU, Linear, ParameterStore, join, squared_error
from charlm.nn.kernels.workspace import Workspace
from charlm.nn.stack import StackState
from charlm.text.batches import Batch, BatchShapes


class Sines:
    """Continues sines: a GRU and a linear head under squared error."""

    kind: ClassVar[str] = "sines"
    drops = False

    def __init__(self, hidden_size: int, params: ParameterStore | None = None) -> None:
        self.hidden_size = hidden_size
        self.gru, self.head = GRU(1, hidden_size), Linear(hidden_size, 1)
        self.params = join(gru=self.gru, head=self.head)
        if params is not None:
            self.params = params
            self.gru.params, self.head.params = params.under("gru"), params.under("head")

    def describe(self) -> dict[str, Any]:
        return {"hidden_size": self.hidden_size}

    @classmethod
    def build(cls, description: Mapping[str, Any], params: ParameterStore | None = None) -> Sines:
        return cls(description["hidden_size"], params)

    def zero_state(self, streams: int) -> StackState:
        return (self.gru.zero_state(streams),)

    def loss(
        self,
        batch: Batch,
        state: StackState | None = None,
        *,
        rng: np.random.Generator | None = None,
        weight_rng: np.random.Generator | None = None,
        scale: float | None = None,
        workspace: Workspace | None = None,
    ) -> tuple[float, StackState, Callable[[], StackState]]:
        scale = 1 / batch.counted if scale is None else scale
        h, end, backprop_gru = self.gru.forward(
            batch["x"], None if state is None else state[0], workspace=workspace
        )
        y, backprop_head = self.head.forward(h, workspace=workspace)
        loss, backprop_loss = squared_error(y, batch["y"])

        def backprop() -> StackState:
            _, dstart = backprop_gru(backprop_head(np.float32(scale) * backprop_loss()))
            return (dstart,)

        return loss * scale, (end,), backprop


class SineBatches:
    """Windows of sines of random phases, each after the one before."""

    def __init__(self, streams: int, length: int, rng: np.random.Generator) -> None:
        self.streams, self.length, self.lengths, self.rng, self.read = streams, length, (length,), rng, 0
        self.batches_per_epoch = 10

    def shapes(self) -> BatchShapes:
        shape = (self.length, self.streams, 1)
        return {"x": (shape, "<f4"), "y": (shape, "<f4")}

    @property
    def epoch(self) -> float:
        return self.read / self.batches_per_epoch

    def next(self) -> Batch:
        noise = self.rng.normal(scale=0.01, size=(self.length + 1, self.streams, 1))
        t = self.read * self.length + np.arange(self.length + 1)[:, None, None]
        wave = (np.sin(0.3 * t + np.arange(self.streams)[:, None]) + noise).astype(np.float32)
        self.read += 1
        return Batch({"x": wave[:-1], "y": wave[1:]}, self.length * self.streams)

    def state(self) -> dict[str, Any]:
        return {"read": self.read}

    def restore(self, state: Mapping[str, Any]) -> None:
        self.read = int(state["read"])


class SineTask:
    """The task of `Sines`."""

    characters, validation_characters, guess_nats = 800, 80, 5.0

    def fit(self, config: charlm.TrainConfig) -> charlm.TrainConfig:
        return config

    def batches(self, config: charlm.TrainConfig, rng: np.random.Generator) -> SineBatches:
        return SineBatches(config.batch_size, config.seq_length, rng)

    def validate(self, learner: Any, config: charlm.TrainConfig) -> dict[str, float]:
        batch = SineBatches(4, 20, np.random.default_rng(9)).next()
        loss, *_ = learner.loss(batch)
        return {"loss": float(loss)}

    def validation_s(self, learner: Any, config: charlm.TrainConfig) -> float:
        return 0.001

    def sample(self, learner: Any, seed: int) -> str:
        return " ".join(f"{x:.3f}" for x in continued(learner, np.sin(0.3 * np.arange(20)), 5))

    def facts(self) -> dict[str, Any]:
        return {}


def continued(learner: Sines, start: np.ndarray, count: int) -> list[float]:
    """Feed numbers in, then let the learner read its own."""
    step, state, x, made = learner.gru.stepper(1), learner.gru.zero_state(1), math.nan, list[float]()
    for k in range(len(start) + count):
        x = float(start[k]) if k < len(start) else made[-1]
        h, state = step(np.full((1, 1), x, np.float32), state)
        if k >= len(start) - 1:
            made.append(float(learner.head.forward(h)[0][0, 0]))
    return made[:count]
