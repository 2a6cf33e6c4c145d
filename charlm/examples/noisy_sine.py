"""Numbers in, numbers out: RNN, LSTM and GRU learn a noisy sine and continue it on their own.

::

    h_t = cell(x_t, h_{t-1}),  ŷ_t = W h_t + b          D = 1, one output
    L = Σ_t (ŷ_t - x_{t+1})²                            squared error against the next value
    free-running: x_{t+1} = ŷ_t                         each output is the next input

The noise has a standard deviation of 0.1. Squared error is least at the mean of what may come next, so the network
learns the sine without the noise.

Prints a curve for each cell, two noisy periods that were given and four that it continued, and the root mean square
error of the continuation against the true sine: with most seeds below 0.1, that of the noise.
"""

import numpy as np

from charlm.blas import one_blas_thread
from charlm.nn import GRU, LSTM, RNN, Adam, Linear, join, squared_error
from charlm.ui.braille import Braille

__all__ = ["main"]

PERIOD, GIVEN, FREE = 25, 50, 100


@one_blas_thread()  # matrices this small gain nothing from more
def main() -> None:
    """Train each cell, let it continue, and plot."""
    for cell in (RNN, LSTM, GRU):
        rng = np.random.default_rng(0)
        layer, head = cell(1, 32, rng=rng), Linear(32, 1, rng=rng)
        optimizer = Adam(join(layer=layer, head=head), lr=0.01)
        for update in range(200):
            optimizer.lr = 0.01 * (1 - update / 200)
            time = rng.uniform(0, PERIOD, (1, 16, 1)) + np.arange(101)[:, None, None]  # (T + 1, N, 1)
            wave = (np.sin(2 * np.pi * time / PERIOD) + rng.normal(scale=0.1, size=time.shape)).astype(np.float32)
            optimizer.params.grad[:] = 0
            h, _, backprop_layer = layer.forward(wave[:-1])
            y, backprop_head = head.forward(h)
            _, backprop_loss = squared_error(y, wave[1:])
            backprop_layer(backprop_head(backprop_loss()))
            optimizer.step()

        sine = np.sin(2 * np.pi * np.arange(GIVEN + FREE) / PERIOD)
        curve = sine[:GIVEN] + rng.normal(scale=0.1, size=GIVEN)
        h, state, _ = layer.forward(curve[:, None, None].astype(np.float32))
        h, step = h[-1], layer.stepper(1)
        for _ in range(FREE):
            y, _ = head.forward(h)  # (1, 1)
            curve = np.append(curve, y)
            h, state = step(y, state)

        error = np.sqrt(np.mean((curve - sine)[GIVEN:] ** 2))
        print(f"{cell.__name__}: given | continued, root mean square error {error:.3f}")
        canvas = Braille(76, 6)
        across, up = np.arange(curve.size) / curve.size, curve / 3 + 0.5  # from 0 to 1
        for k in range(1, curve.size):
            canvas.line(across[k - 1], up[k - 1], across[k], up[k])
        canvas.line(across[GIVEN], 0, across[GIVEN], 1)
        print(*(row.plain for row in canvas.rows()), sep="\n")


if __name__ == "__main__":
    main()
