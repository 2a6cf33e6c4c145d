"""Dense heads on a recurrent layer, at every step and at the last: linear, sigmoid and softmax, with a mask."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from charlm.nn import (
    LSTM,
    Linear,
    check_gradients,
    cross_entropy,
    forward_padded,
    join,
    pad_left,
    sigmoid_cross_entropy,
    squared_error,
)

LENGTHS, D, H, J = [3, 5, 2], 4, 6, 7
LOSSES: dict[str, Any] = {"linear": squared_error, "sigmoid": sigmoid_cross_entropy, "softmax": cross_entropy}


@pytest.mark.parametrize("head", LOSSES)
@pytest.mark.parametrize("last", [False, True], ids=["many-to-many", "many-to-one"])
def test_every_gradient(head: str, last: bool) -> None:
    rng = np.random.default_rng(0)
    layer, dense = LSTM(D, H, dtype=np.float64), Linear(H, J, dtype=np.float64)
    store = join(layer=layer, head=dense)
    x, lengths, _ = pad_left([rng.normal(size=(length, D)) for length in LENGTHS])
    T, N = x.shape[:2]
    shape = (N,) if last else (T, N)
    targets = rng.integers(J, size=shape) if head == "softmax" else rng.random((*shape, J))
    mask = None if last else np.arange(T)[:, None] >= T - lengths

    def forward() -> Any:
        h, _, backprop_layer = forward_padded(layer, x, lengths)
        z, backprop_head = dense.forward(h[-1] if last else h)
        loss, backprop_loss = LOSSES[head](z, targets, mask=mask, reduction="mean")

        def backprop() -> Any:
            dh = backprop_head(backprop_loss())
            if last:
                whole = np.zeros_like(h)
                whole[-1] = dh
                dh = whole
            return backprop_layer(dh)[0]

        return loss, backprop

    dx = forward()[1]()
    gradients = {name: store.gradient(name) for name in store} | {"x": dx}
    assert check_gradients(lambda: forward()[0], {**store, "x": x}, gradients, rng=rng).passed
