"""Stacks: layers composed by hand, dropout between them and nowhere else."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from charlm.nn import GRU, LSTM, RNN, Stack, Workspace, check_gradients
from charlm.nn.stack import StackState

T, N, D = 4, 3, 5
SIZES = (6, 2, 7)


def make_stack(dropout: float = 0.0, dtype: type = np.float64) -> Stack:
    layers = [cell(d, h, dtype=dtype) for cell, d, h in zip((LSTM, GRU, RNN), (D, *SIZES), SIZES, strict=False)]
    rng = np.random.default_rng(0)
    for layer in layers:
        layer.params.value[:] = rng.normal(scale=0.7, size=layer.params.value.shape)
    return Stack(layers, dropout=dropout)


def draw_state(stack: Stack, rng: np.random.Generator) -> StackState:
    return tuple(state._make(rng.normal(size=part.shape) for part in state) for state in stack.zero_state(N))


def flat(states: StackState) -> dict[str, Any]:
    return {f"{k}.{name}": part for k, state in enumerate(states) for name, part in state._asdict().items()}


def test_zero_state_belongs_to_the_layers() -> None:
    states = make_stack().zero_state(N)
    assert [type(state).__name__ for state in states] == ["LSTMState", "GRUState", "RNNState"]
    assert [part.shape for state in states for part in state] == [(N, 6), (N, 6), (N, 2), (N, 7)]
    assert not any(part.any() for state in states for part in state)


def test_it_is_one_layer_after_the_other() -> None:
    stack, rng = make_stack(), np.random.default_rng(1)
    x, state = rng.normal(size=(T, N, D)), draw_state(stack, rng)
    resets = rng.random((T, N)) < 0.3
    y, end, _ = stack.forward(x, state, resets=resets)
    wanted = x
    for layer, start, last in zip(stack.layers, state, end, strict=True):
        wanted, layer_end, _ = layer.forward(wanted, start, resets=resets)
        np.testing.assert_array_equal(last, layer_end)
    np.testing.assert_array_equal(y, wanted)


@pytest.mark.parametrize("dropout", [0.0, 0.4])
@pytest.mark.parametrize("with_resets", [False, True])
def test_every_gradient(dropout: float, with_resets: bool) -> None:
    stack, rng = make_stack(dropout), np.random.default_rng(1)
    x, state = rng.normal(size=(T, N, D)), draw_state(stack, rng)
    dy, dstate = rng.normal(size=(T, N, SIZES[-1])), draw_state(stack, rng)
    resets = rng.random((T, N)) < 0.3 if with_resets else None

    def forward() -> Any:
        return stack.forward(x, state, resets=resets, rng=np.random.default_rng(2))  # the same masks each time

    def loss() -> float:
        y, end, _ = forward()
        ends, weights = flat(end), flat(dstate)
        return float((dy * y).sum()) + sum(float((weights[key] * ends[key]).sum()) for key in ends)

    _, _, backprop = forward()
    dx, dstart = backprop(dy.copy(), dstate)
    tensors, gradients = {"x": x, **flat(state)}, {"x": dx, **flat(dstart)}
    for k, layer in enumerate(stack.layers):
        for name in layer.params:
            tensors[f"{k}.{name}"], gradients[f"{k}.{name}"] = layer.params[name], layer.params.gradient(name)
    assert check_gradients(loss, tensors, gradients, rng=np.random.default_rng(3), entries=10).passed


def test_dropout_is_between_layers_only() -> None:
    x, seed = np.random.default_rng(1).normal(size=(T, N, D)), np.random.default_rng
    alone = Stack(make_stack().layers[:1], dropout=0.9)
    plain, _, _ = alone.forward(x)
    np.testing.assert_array_equal(alone.forward(x, rng=seed(2))[0], plain)
    stack = make_stack(dropout=0.5)
    evaluated, _, _ = stack.forward(x)
    np.testing.assert_array_equal(evaluated, make_stack().forward(x)[0])
    trained, _, _ = stack.forward(x, rng=seed(2))
    assert (trained != evaluated).any()
    assert trained.all()  # nothing is dropped behind the last layer


def test_no_incoming_state_gradient_means_zeros() -> None:
    stack, rng = make_stack(), np.random.default_rng(1)
    x, dy = rng.normal(size=(T, N, D)), rng.normal(size=(T, N, SIZES[-1]))
    (dx, dstart), (dx_zero, dstart_zero) = (
        stack.forward(x)[2](dy, dstate) for dstate in (None, stack.zero_state(N))
    )
    np.testing.assert_array_equal(dx, dx_zero)
    for key, part in flat(dstart).items():
        np.testing.assert_array_equal(part, flat(dstart_zero)[key])


def test_a_workspace_changes_no_bit() -> None:
    stack, workspace = make_stack(dropout=0.3), Workspace()
    for seed, steps in ((0, T), (1, T), (2, T + 1)):
        rng = np.random.default_rng(seed)
        x, dy, state = rng.normal(size=(steps, N, D)), rng.normal(size=(steps, N, 7)), draw_state(stack, rng)
        results = []
        for cupboard in (workspace, None):
            for layer in stack.layers:
                layer.params.grad[:] = 0
            y, end, backprop = stack.forward(x, state, rng=np.random.default_rng(seed), workspace=cupboard)
            y = y.copy()
            dx, dstart = backprop(dy.copy())
            gradients = [layer.params.grad.copy() for layer in stack.layers]
            results.append([y, dx, *gradients, *flat(end).values(), *flat(dstart).values()])
        for got, wanted in zip(*results, strict=True):
            np.testing.assert_array_equal(got, wanted)
