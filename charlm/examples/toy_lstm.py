"""The toy task of LSTM tutorials: the first of 100 hidden units learns four numbers from four random inputs.

The output of this LSTM is linear in the cell state c::

    i, f, o = σ(·), g = tanh(·)  of  W_x x + W_h h₋ + b
    c = f ⊙ c₋ + i ⊙ g
    h = o ⊙ c

    L = Σ_t (h_t[0] - y_t)²            dL/dh_t[0] = 2 (h_t[0] - y_t), and 0 for the other 99 units
    w -= 0.1 dL/dw                     after each iteration over the whole sequence

Prints the loss of every tenth iteration: it falls from about one half to below 1e-5. Then the four numbers.

The task is that of nicodjimenez/lstm on GitHub. Initial weights and biases are uniform in ±0.1, without the forget
bias of 1 of `LSTM`.
"""

import numpy as np

from charlm.blas import one_blas_thread
from charlm.nn import LSTM, SGD, squared_error

__all__ = ["main"]


@one_blas_thread()  # small matrices are not faster with more threads
def main() -> None:
    """Train for 100 iterations."""
    rng = np.random.default_rng(0)
    x = rng.random((4, 1, 50))  # (T, N, D)
    targets = np.array([[-0.5], [0.2], [0.1], [-0.5]])  # (T, N)

    layer = LSTM(50, 100, output_activation="identity", dtype=np.float64)
    layer.params.value[:] = rng.uniform(-0.1, 0.1, layer.params.value.size)
    optimizer = SGD(layer.params, lr=0.1)

    for iteration in range(100):
        h, _, backprop = layer.forward(x)  # (T, N, H)
        loss, backprop_loss = squared_error(h[:, :, 0], targets)
        dh = np.zeros(h.shape)
        dh[:, :, 0] = backprop_loss()
        layer.params.grad[:] = 0
        backprop(dh)
        optimizer.step()
        if iteration % 10 == 0 or iteration == 99:
            print(f"iteration {iteration:2}  loss {loss:.2e}")

    print("targets", targets[:, 0])
    print("outputs", layer.forward(x)[0][:, 0, 0].round(3))


if __name__ == "__main__":
    main()
