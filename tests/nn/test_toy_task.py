"""The toy task of the LSTM tutorials: the first hidden unit learns four numbers from four random inputs."""

from __future__ import annotations

import statistics

import numpy as np

from charlm.nn import LSTM, SGD, squared_error

TARGETS = np.array([-0.5, 0.2, 0.1, -0.5])


def train(seed: int) -> tuple[float, float]:
    """Return the summed loss of the first and of the hundredth iteration."""
    rng = np.random.default_rng(seed)
    x = rng.random((4, 1, 50))
    layer = LSTM(50, 100, output_activation="identity", dtype=np.float64)
    layer.params.value[:] = rng.uniform(-0.1, 0.1, layer.params.value.shape)  # and no forget bias 1
    optimizer = SGD(layer.params, lr=0.1)
    losses = []
    for _ in range(100):
        y, _, backprop = layer.forward(x)
        loss, backprop_loss = squared_error(y[:, 0, 0], TARGETS)
        dy = np.zeros(y.shape)
        dy[:, 0, 0] = backprop_loss()
        layer.params.grad[:] = 0
        backprop(dy)
        optimizer.step()
        losses.append(loss)
    return losses[0], losses[-1]


def test_the_loss_falls_from_about_one_half_to_nothing() -> None:
    first, last = zip(*(train(seed) for seed in range(9)), strict=True)
    assert all(0.4 < loss < 0.8 for loss in first)
    assert statistics.median(last) < 1e-5
    assert max(last) < 1e-3
