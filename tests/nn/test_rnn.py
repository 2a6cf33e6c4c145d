"""Properties of the vanilla RNN alone."""

from __future__ import annotations

import math

import numpy as np

from charlm.nn import RNN, RNNState


def test_one_unit_by_hand() -> None:
    layer = RNN(1, 1, dtype=np.float64)
    for name, value in {"W_x": 0.5, "W_h": -2.0, "b": 0.25}.items():
        layer.params[name][...] = value
    y, state, _ = layer.forward(np.array([[[1.0]], [[3.0]]]), RNNState(np.array([[0.1]])))
    first = math.tanh(0.5 * 1 - 2 * 0.1 + 0.25)
    second = math.tanh(0.5 * 3 - 2 * first + 0.25)
    np.testing.assert_allclose(y.ravel(), [first, second], rtol=1e-15)
    np.testing.assert_array_equal(state.h, y[-1])


def test_biases_start_at_zero() -> None:
    layer = RNN(3, 4, rng=np.random.default_rng(0))
    assert not layer.params["b"].any()
