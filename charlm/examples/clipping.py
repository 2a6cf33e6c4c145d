"""Gradient clipping on and off: an RNN with exploding gradients, trained by plain gradient descent.

::

    by value   g ← min(max(g, -θ), θ)                   entry by entry; the direction changes
    by norm    g ← g · min(1, θ/‖g‖)                    the whole gradient; the direction stays

Backward through time the gradient is multiplied by W_hᵀ at every step. If W_h expands a direction, the gradient
grows with every step, and a single update can change the weights so far that the loss jumps and the units stay
saturated. Clipping prevents this. Pascanu, Mikolov & Bengio 2013.

The task is to tell after 20 random numbers whether the first was positive. The initial W_h is three times the
usual.

Prints the loss (a uniform guess has ln 2 = 0.693) and the largest gradient norm before clipping, every hundred
updates.
"""

import numpy as np

from charlm.blas import one_blas_thread
from charlm.nn import RNN, SGD, Linear, clip_norm_, clip_value_, global_norm, join, sigmoid_cross_entropy

__all__ = ["main"]


def learn(norm: float = 0, value: float = 0) -> list[tuple[float, float]]:
    """Return the mean loss and the largest gradient norm of every hundred updates."""
    rng = np.random.default_rng(0)
    layer, head = RNN(1, 32, rng=rng), Linear(32, 1, rng=rng)
    layer.params["W_h"][...] *= 3
    optimizer = SGD(join(layer=layer, head=head), lr=0.3)
    results = []
    for _ in range(500):
        x = rng.normal(size=(20, 32, 1)).astype(np.float32)  # (T, N, D)
        optimizer.params.grad[:] = 0
        h, _, backprop_layer = layer.forward(x)
        z, backprop_head = head.forward(h[-1])
        loss, backprop_loss = sigmoid_cross_entropy(z, (x[0] > 0).astype(np.float32))
        dh = np.zeros_like(h)
        dh[-1] = backprop_head(backprop_loss())
        backprop_layer(dh)
        results.append((loss, global_norm(optimizer.params.grad)))
        clip_norm_(optimizer.params.grad, norm)  # 0 clips nothing
        clip_value_(optimizer.params.grad, value)
        optimizer.step()
    return [(part[:, 0].mean(), part[:, 1].max()) for part in np.split(np.array(results), 5)]


@one_blas_thread()  # small matrices are not faster with more threads
def main() -> None:
    """Compare training without clipping and with both kinds."""
    for name, norm, value in (("off", 0, 0), ("by value, 0.05", 0, 0.05), ("by norm, 0.5", 0.5, 0)):
        print(f"clipping {name}")
        for k, (loss, largest) in enumerate(learn(norm, value)):
            print(f"  updates {100 * k:3} to {100 * k + 99}  loss {loss:.3f}  largest norm {largest:.1f}")


if __name__ == "__main__":
    main()
