"""`trace` against the cells as a textbook writes them."""

from __future__ import annotations

import numpy as np
import pytest

from charlm.nn import GRU, LSTM, RNN

T, N, D, H = 5, 3, 4, 6


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def layer_of(cell, **settings):
    layer = cell(D, H, rng=np.random.default_rng(3), dtype=np.float64, **settings)
    layer.params.value[:] = np.random.default_rng(4).normal(size=layer.params.value.size)
    return layer


@pytest.fixture
def x():
    return np.random.default_rng(5).normal(size=(T, N, D))


def test_an_lstm_has_four_gates_and_two_states(x):
    layer = layer_of(LSTM)
    found, end = layer.trace(x)
    assert set(found) == set("ifgohc")
    h = c = np.zeros((N, H))
    for t in range(T):
        z = x[t] @ layer.params["W_x"].T + h @ layer.params["W_h"].T + layer.params["b"]
        i, f, g, o = np.split(z, 4, axis=1)
        i, f, g, o = sigmoid(i), sigmoid(f), np.tanh(g), sigmoid(o)
        c = f * c + i * g
        h = o * np.tanh(c)
        for name, expected in {"i": i, "f": f, "g": g, "o": o, "c": c, "h": h}.items():
            np.testing.assert_allclose(found[name][t], expected, rtol=1e-12, err_msg=name)
    np.testing.assert_array_equal(end.c, found["c"][-1])


@pytest.mark.parametrize("reset", ["after", "before"])
def test_a_gru_has_three_gates(x, reset):
    layer = layer_of(GRU, reset=reset)
    found, _ = layer.trace(x)
    assert set(found) == set("rznh")
    p, h = layer.params, np.zeros((N, H))
    for t in range(T):
        xr, xz, xn = np.split(x[t] @ p["W_x"].T + p["b"], 3, axis=1)
        W_r, W_z, W_n = np.split(p["W_h"], 3)
        r, z = sigmoid(xr + h @ W_r.T), sigmoid(xz + h @ W_z.T)
        n = np.tanh(xn + (r * (h @ W_n.T + p["b_hn"]) if reset == "after" else (r * h) @ W_n.T))
        h = (1 - z) * n + z * h
        for name, expected in {"r": r, "z": z, "n": n, "h": h}.items():
            np.testing.assert_allclose(found[name][t], expected, rtol=1e-11, err_msg=name)


def test_an_rnn_has_no_gates_and_resets_are_obeyed(x):
    layer = layer_of(RNN)
    resets = np.zeros((T, N), bool)
    resets[2, 1] = True
    found, _ = layer.trace(x, resets=resets)
    assert set(found) == {"h"}
    alone, _ = layer.trace(x[2:, 1:2])
    np.testing.assert_allclose(found["h"][2:, 1:2], alone["h"], rtol=1e-12)
