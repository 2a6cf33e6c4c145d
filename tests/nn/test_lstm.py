"""Properties of the LSTM alone."""

from __future__ import annotations

import numpy as np
import pytest

from charlm.errors import UsageError
from charlm.nn import LSTM, LSTMState

I, F, G, O = range(4)  # noqa: E741  the gates' places in files
OPEN, SHUT = 1e4, -1e4


def layer_with_gates(**biases: float) -> LSTM:
    layer = LSTM(2, 3, rng=np.random.default_rng(0), dtype=np.float64)
    for gate, bias in biases.items():
        layer.params["b"].reshape(4, 3)["ifgo".index(gate)] = bias
    return layer


def test_forget_bias_starts_at_one() -> None:
    b = LSTM(2, 3, rng=np.random.default_rng(0)).params["b"].reshape(4, 3)
    np.testing.assert_array_equal(b[[I, G, O]], 0)
    np.testing.assert_array_equal(b[F], 1)


def test_gates_stand_in_the_order_of_the_files() -> None:
    x, c = np.ones((4, 1, 2)), np.array([[0.3, -0.7, 2.0]])
    start = LSTMState(np.zeros((1, 3)), c)
    y, kept, _ = layer_with_gates(i=SHUT, f=OPEN, o=OPEN).forward(x, start)
    np.testing.assert_array_equal(kept.c, c)  # remembered for ever, to the bit
    np.testing.assert_allclose(y[-1], np.tanh(c), rtol=1e-15)
    _, forgotten, _ = layer_with_gates(i=SHUT, f=SHUT, o=OPEN).forward(x, start)
    np.testing.assert_array_equal(forgotten.c, 0)
    y, counted, _ = layer_with_gates(i=OPEN, f=OPEN, g=OPEN, o=SHUT).forward(x, start)
    np.testing.assert_allclose(counted.c, c + 4, rtol=1e-15)
    np.testing.assert_array_equal(y, 0)


def test_gradient_flows_through_an_open_forget_gate_undiminished() -> None:
    start = LSTMState(*np.zeros((2, 1, 3)))
    _, _, backprop = layer_with_gates(i=SHUT, f=OPEN, o=SHUT).forward(np.ones((50, 1, 2)), start)
    dc = np.array([[1.0, 2.0, -3.0]])
    _, dstart = backprop(np.zeros((50, 1, 3)), LSTMState(np.zeros((1, 3)), dc))
    np.testing.assert_array_equal(dstart.c, dc)


def test_linear_output_is_not_bounded() -> None:
    layer = LSTM(2, 3, output_activation="identity", dtype=np.float64)
    layer.params["b"].reshape(4, 3)[:] = OPEN
    y, state, _ = layer.forward(np.zeros((5, 1, 2)))
    np.testing.assert_array_equal(y[:, 0, 0], [1, 2, 3, 4, 5])
    np.testing.assert_array_equal(y[-1], state.c)


def test_unknown_output_activation() -> None:
    with pytest.raises(UsageError, match=r"'relu'.*tanh or identity"):
        LSTM(2, 3, output_activation="relu")
