"""Truncated back-propagation through time: the window's length T limits the dependencies that a network learns.

::

    y_t = x_{t-8}                                       repeat the bit of 8 steps ago
    windows of T steps; h is carried from one to the next, the gradient stops between them

The state can store a bit for any time. But to learn this, a gradient has to reach from the error at t to the input
at t - 8, in one window. With T of 8 or less none does. With a random T for each window
(`charlm train --seq-length 4-24`) some windows are long enough, at the cost of the mean length.

Prints for each T, after the same number of steps, the final loss in nats (a uniform guess has ln 2 = 0.693) and the
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
        h, state, backprop_layer = layer.forward(bits[t : t + T], state)  # the state is carried ...
        z, backprop_head = head.forward(h)
        loss, backprop_loss = sigmoid_cross_entropy(z, targets)
        backprop_layer(backprop_head(backprop_loss()))  # ... the gradient is not: dstate is unused
        optimizer.step()
        t += T
        if t > 0.9 * STEPS:
            results.append((loss, np.mean((z > 0) == targets)))
    loss, right = np.mean(results, axis=0)
    return float(loss), float(right)


@one_blas_thread()  # small matrices are not faster with more threads
def main() -> None:
    """Compare truncation lengths."""
    for name, shortest, longest in (("4", 4, 4), ("8", 8, 8), ("12", 12, 12), ("24", 24, 24), ("4 to 24", 4, 24)):
        loss, right = learn(shortest, longest)
        print(f"T = {name:8} loss {loss:.3f}  right {right:.0%}")


if __name__ == "__main__":
    main()
