"""Truncated back-propagation through time: how far back a network learns to look depends on the window's length T.

::

    y_t = x_{t-8}                                       repeat the bit of 8 steps ago
    windows of T steps follow each other; h is carried from one to the next, the gradient stops between them

The state could carry a bit for any time. But to learn that it should, a gradient has to go from the error at t to
what was stored at t - 8, and both have to be in one window. With T of 8 or less no gradient does. A T that is drawn
for each window (`charlm train --seq-length 4-24`) makes some windows long enough, at the cost of the mean.

Prints for each T, after the same number of steps, the loss at the end in nats (guessing has ln 2 = 0.693) and the
share of right answers.
"""

import numpy as np

from charlm.blas import one_blas_thread
from charlm.nn import GRU, Adam, Linear, join, sigmoid_cross_entropy

__all__ = ["main"]

DELAY, STEPS, N = 8, 8000, 16


def learn(shortest: int, longest: int) -> tuple[float, float]:
    """Return the loss and the share of right answers over the last tenth of the steps."""
    rng = np.random.default_rng(0)
    bits = rng.integers(2, size=(STEPS + DELAY, N))
    layer, head = GRU(2, 32, rng=rng), Linear(32, 1, rng=rng)
    optimizer = Adam(join(layer=layer, head=head), lr=0.005)
    t, state, results = DELAY, layer.zero_state(N), []
    while t + longest <= STEPS:
        T = int(rng.integers(shortest, longest + 1))
        targets = bits[t - DELAY : t - DELAY + T, :, None].astype(np.float32)
        optimizer.params.grad[:] = 0
        h, state, backprop_layer = layer.forward(bits[t : t + T], state)  # the state goes on ...
        z, backprop_head = head.forward(h)
        loss, backprop_loss = sigmoid_cross_entropy(z, targets)
        backprop_layer(backprop_head(backprop_loss()))  # ... the gradient does not: dstate is left out
        optimizer.step()
        t += T
        if t > 0.9 * STEPS:
            results.append((loss, np.mean((z > 0) == targets)))
    loss, right = np.mean(results, axis=0)
    return float(loss), float(right)


@one_blas_thread()  # matrices this small gain nothing from more
def main() -> None:
    """Compare truncation lengths."""
    for name, shortest, longest in (("4", 4, 4), ("8", 8, 8), ("12", 12, 12), ("24", 24, 24), ("4 to 24", 4, 24)):
        loss, right = learn(shortest, longest)
        print(f"T = {name:8} loss {loss:.3f}  right {right:.0%}")


if __name__ == "__main__":
    main()
