"""The recurrent layers under test, each with its scalar oracle, and random cases of unequal sizes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import DTypeLike

from charlm.nn.arrays import FloatArray, LayerState
from charlm.nn.gru import GRU
from charlm.nn.lstm import LSTM
from charlm.nn.recurrent import Recurrent
from charlm.nn.rnn import RNN

from . import scalar


@dataclass(frozen=True)
class Kind:
    """A layer's constructor and the scalar step that says what it should compute."""

    make: Callable[..., Recurrent]
    step: scalar.Step


KINDS = {
    "rnn": Kind(RNN, scalar.rnn_step),
    "lstm": Kind(LSTM, scalar.lstm_step),
    "lstm-identity": Kind(partial(LSTM, output_activation="identity"), partial(scalar.lstm_step, squash=False)),
    "gru-after": Kind(partial(GRU, reset="after"), partial(scalar.gru_step, reset_after=True)),
    "gru-before": Kind(partial(GRU, reset="before"), partial(scalar.gru_step, reset_after=False)),
}


class Case(NamedTuple):
    """A layer and everything that goes into its forward and backward pass."""

    layer: Recurrent
    x: FloatArray  # (T, N, D)
    state: LayerState  # (N, H) each
    dy: FloatArray  # (T, N, H)
    dstate: LayerState


class Result(NamedTuple):
    """Everything that comes out."""

    y: FloatArray
    state: LayerState
    dx: FloatArray | None
    dstate: LayerState
    gradients: dict[str, FloatArray]


def draw_case(
    name: str,
    *,
    T: int = 3,
    N: int = 2,
    D: int = 4,
    H: int = 5,
    seed: int = 0,
    scale: float = 0.5,
    dtype: DTypeLike = np.float64,
) -> Case:
    """Draw weights (biases too), inputs, initial state and incoming gradients from normal distributions."""
    rng = np.random.default_rng(seed)
    layer = KINDS[name].make(D, H, dtype=dtype)
    layer.params.value[:] = rng.normal(scale=scale, size=layer.params.value.shape)

    def normal(*shape: int) -> FloatArray:
        return rng.normal(size=shape).astype(dtype)

    def state() -> LayerState:
        return layer.state_type(*(normal(N, H) for _ in layer.zero_state(N)))

    return Case(layer, normal(T, N, D), state(), normal(T, N, H), state())


def run(case: Case, **changes: Any) -> Result:
    """Run forward and backward from a zero gradient; `changes` replace parts of the case or are passed on."""
    parts = {name: changes.pop(name) for name in Case._fields if name in changes}
    layer, x, state, dy, dstate = case._replace(**parts)
    layer.params.grad[:] = 0
    y, end, backprop = layer.forward(x, state, **changes)
    y = y.copy()  # a workspace's next window would overwrite it
    dx, dstart = backprop(dy, dstate)
    gradients = {name: layer.params.gradient(name).copy() for name in layer.params}
    return Result(y, end, dx, dstart, gradients)
