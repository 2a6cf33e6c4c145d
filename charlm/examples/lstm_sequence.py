"""An LSTM over a sequence, and back-propagation through time: naive, fast, and checked by finite differences.

::

    (h_t, c_t) = LSTM(x_t, h_{t-1}, c_{t-1})            t = 1 … T
    L = Σ_t |h_t - y_t|²

    dL/dh_t = 2 (h_t - y_t) + the gradient from step t + 1;  dL/dc_t = the gradient from step t + 1
    dL/dW   = the sum of the gradients of all steps

`charlm.nn.reference.sequence` calls the steps in order and their backward passes in reverse. `LSTM.forward`
computes the same, with the input products and the weight gradients outside the loop.

Prints the loss both ways, the largest difference of each gradient, about 1e-15, the rounding, and the relative
error against (L(w + ε) - L(w - ε)) / 2ε, below 1e-6.
"""

from typing import Any

import numpy as np

from charlm.nn import LSTM, LSTMState, check_gradients, squared_error
from charlm.nn.reference import lstm, sequence

__all__ = ["main"]


def main() -> None:
    """Compare the gradients of a sequence, computed in three ways."""
    T, N, D, H = 7, 2, 3, 4
    rng = np.random.default_rng(0)
    x, targets = rng.normal(size=(T, N, D)), rng.uniform(-0.5, 0.5, size=(T, N, H))
    start = LSTMState(h=rng.normal(size=(N, H)), c=rng.normal(size=(N, H)))
    layer = LSTM(D, H, rng=rng, dtype=np.float64)

    naive: dict[str, Any] = {name: np.zeros(shape) for name, shape in layer.params.shapes.items()}
    h, _, backward = sequence(lstm, x, start, layer.params)
    naive_loss, backprop_loss = squared_error(h, targets)
    naive["x"], (naive["h"], naive["c"]) = backward(backprop_loss(), layer.zero_state(N), naive)

    h, _, backprop = layer.forward(x, start)
    loss, backprop_loss = squared_error(h, targets)
    dx, dstart = backprop(backprop_loss())
    fast: dict[str, Any] = {name: layer.params.gradient(name) for name in layer.params}
    fast |= {"x": dx, "h": dstart[0], "c": dstart[1]}

    tensors = {**layer.params, "x": x, "h": start.h, "c": start.c}
    check = check_gradients(lambda: squared_error(layer.forward(x, start)[0], targets)[0], tensors, fast, rng=rng)

    print(f"loss    naive {naive_loss:.6f}  fast {loss:.6f}")
    for name in tensors:
        difference = np.abs(naive[name] - fast[name]).max()
        print(f"dL/d{name:4} naive - fast {difference:.0e}  finite differences {check.elementwise[name]:.0e}")


if __name__ == "__main__":
    main()
