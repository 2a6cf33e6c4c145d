"""Bidirectional layers against two layers run by hand, one of them over reversed sequences."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from charlm.errors import UsageError
from charlm.nn import (
    GRU,
    LSTM,
    RNN,
    Bidirectional,
    BidirectionalState,
    Linear,
    Lookup,
    Stack,
    check_gradients,
    join,
)

T, N, D, H, H2 = 5, 3, 4, 2, 6
CELLS = {"rnn": RNN, "lstm": LSTM, "gru": GRU}
ALL = pytest.mark.parametrize("cell", CELLS)


def make(cell: str) -> Bidirectional:
    layer = Bidirectional(CELLS[cell](D, H, dtype=np.float64), CELLS[cell](D, H2, dtype=np.float64))
    layer.params.value[:] = np.random.default_rng(0).normal(scale=0.6, size=layer.params.value.shape)
    return layer


def draw_state(layer: Bidirectional, rng: np.random.Generator) -> BidirectionalState:
    return BidirectionalState(
        *(part._make(rng.normal(size=array.shape) for array in part) for part in layer.zero_state(N))
    )


def by_hand(layer: Bidirectional, x: Any, state: Any, dh: Any, dstate: Any) -> list[Any]:
    """Return outputs, final states, and gradients of inputs, initial states and weights."""
    (one, other), (start, start_b), (dend, dend_b) = layer.directions, state, dstate
    layer.params.grad[:] = 0
    h, end, backprop = one.forward(x, start)
    h_b, end_b, backprop_b = other.forward(x[::-1].copy(), start_b)
    dx, dstart = backprop(dh[..., :H].copy(), dend)
    dx_b, dstart_b = backprop_b(dh[::-1, :, H:].copy(), dend_b)
    states = [*end, *end_b, *dstart, *dstart_b]
    return [np.concatenate([h, h_b[::-1]], axis=2), dx + dx_b[::-1], *states, layer.params.grad.copy()]


@ALL
def test_it_is_two_layers(cell: str) -> None:
    layer, rng = make(cell), np.random.default_rng(1)
    x, state, dstate = rng.normal(size=(T, N, D)), draw_state(layer, rng), draw_state(layer, rng)
    dh = rng.normal(size=(T, N, H + H2))
    wanted = by_hand(layer, x, state, dh, dstate)
    layer.params.grad[:] = 0
    h, end, backprop = layer.forward(x, state)
    dx, dstart = backprop(dh, dstate)
    states = [*end.forward, *end.backward, *dstart.forward, *dstart.backward]
    for got, right in zip([h, dx, *states, layer.params.grad], wanted, strict=True):
        np.testing.assert_array_equal(got, right)


@ALL
def test_every_gradient(cell: str) -> None:
    layer, rng = make(cell), np.random.default_rng(1)
    x, state, dstate = rng.normal(size=(T, N, D)), draw_state(layer, rng), draw_state(layer, rng)
    dh = rng.normal(size=(T, N, H + H2))

    def loss() -> float:
        h, end, _ = layer.forward(x, state)
        return float(
            (h * dh).sum()
            + sum((a * b).sum() for s, t in zip(end, dstate, strict=True) for a, b in zip(s, t, strict=True))
        )

    layer.params.grad[:] = 0
    _, _, backprop = layer.forward(x, state)
    dx, dstart = backprop(dh, dstate)
    tensors = {**layer.params, "x": x, "start": state.forward.h, "start b": state.backward.h}
    gradients = {name: layer.params.gradient(name) for name in layer.params}
    gradients |= {"x": dx, "start": dstart.forward.h, "start b": dstart.backward.h}
    assert check_gradients(loss, tensors, gradients, rng=rng).passed


@ALL
def test_resets_part_sequences(cell: str) -> None:
    layer, rng = make(cell), np.random.default_rng(2)
    x, dh = rng.normal(size=(T, N, D)), rng.normal(size=(T, N, H + H2))
    resets = np.zeros((T, N), bool)
    resets[[0, 2, 3, 4], [1, 1, 2, 1]] = True
    layer.params.grad[:] = 0
    h, _, backprop = layer.forward(x, resets=resets)
    dx, _ = backprop(dh)
    whole = layer.params.grad.copy()
    layer.params.grad[:] = 0
    for n, cuts in enumerate(([0, 5], [0, 2, 4, 5], [0, 3, 5])):
        for first, stop in pairwise(cuts):
            piece = np.s_[first:stop, n : n + 1]
            alone, _, backprop = layer.forward(x[piece])
            np.testing.assert_allclose(h[piece], alone, rtol=1e-13, atol=1e-14)
            np.testing.assert_allclose(dx[piece], backprop(dh[piece])[0], rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(whole, layer.params.grad, rtol=1e-12, atol=1e-13)


def test_ids_and_lookups() -> None:
    layer, rng = make("lstm"), np.random.default_rng(3)
    ids, table = rng.integers(9, size=(T, N)), rng.normal(size=(D, 9))
    dense = table.T[ids]
    dh = rng.normal(size=(T, N, H + H2))
    h, _, backprop = layer.forward(Lookup(ids, table))
    wanted, _, backprop_dense = layer.forward(dense)
    np.testing.assert_allclose(h, wanted, rtol=1e-13, atol=1e-14)
    of_table = np.zeros((9, D))
    np.add.at(of_table, ids, backprop_dense(dh)[0])
    np.testing.assert_allclose(backprop(dh)[0], of_table.T, rtol=1e-12, atol=1e-13)
    ids = rng.integers(D, size=(T, N))
    h, _, backprop = layer.forward(ids)
    np.testing.assert_allclose(h, layer.forward(np.eye(D)[ids])[0], rtol=1e-13, atol=1e-14)
    assert backprop(dh)[0] is None


def test_one_store_of_both_and_of_a_network() -> None:
    layer, head = make("gru"), Linear(H + H2, 3, dtype=np.float64)
    before = layer.params.value.copy()
    store = join(encoder=layer, head=head)
    assert [name for name in store if "W_x" in name] == ["encoder.forward.W_x", "encoder.backward.W_x"]
    np.testing.assert_array_equal(store.value[: before.size], before)
    store["encoder.backward.b"][:] = 7
    assert (layer.directions[1].params["b"] == 7).all()
    h, _, backprop = layer.forward(np.ones((T, N, D)))
    backprop(np.ones_like(h))
    assert store.gradient("encoder.forward.W_h").any()
    assert store.gradient("encoder.backward.W_h").any()


def test_built_from_a_cell() -> None:
    rng = np.random.default_rng(5)
    layer = Bidirectional.of(GRU, D, H, rng=rng, dtype=np.float64, reset="before")
    assert (layer.input_size, layer.hidden_size) == (D, 2 * H)
    assert "forward.b_hn" not in layer.params
    one, other = layer.directions
    assert not np.array_equal(one.params["W_x"], other.params["W_x"])
    before = layer.params.value.copy()
    layer.initialize_(rng)
    assert not np.array_equal(layer.params.value, before)


def test_a_layer_of_the_wrong_size_is_refused() -> None:
    with pytest.raises(UsageError, match="reads 3 features, the backward one 4; give both the same input_size"):
        Bidirectional(RNN(3, 2), RNN(4, 2))
    with pytest.raises(UsageError, match="input_size=8"):
        Stack([make("rnn"), LSTM(5, 2)])


def test_it_cannot_be_a_language_model() -> None:
    for layer in (make("lstm"), Stack([make("rnn")]).layers[0]):
        with pytest.raises(
            UsageError, match="reads what comes next, so it cannot predict it; give a language model"
        ):
            layer.stepper(1)
