"""Vanishing gradients: the gradient of a loss at the last step, backward through RNN, GRU and LSTM.

::

    dL/dh_{t-1} = (∂h_t/∂h_{t-1})ᵀ dL/dh_t              RNN: W_hᵀ ((1 - h_t²) ⊙ dL/dh_t)

    GRU     dL/dh_{t-1} = z ⊙ dL/dh_t + …
    LSTM    dL/dc_{t-1} = f ⊙ dL/dc_t + …

Every step multiplies by such a matrix, so the gradient decreases or increases exponentially with the distance.
Gates z and f near 1 preserve it; hence the initial forget bias b_f of 1 or more. Hochreiter 1991; Bengio, Simard &
Frasconi 1994; Jozefowicz et al. 2015.

Prints the norm of dL/dh_t against the distance from the last step, relative to distance 0, for new weights (100
units) and random inputs: at 50 steps about 1e-13 in an RNN, and 1e-5 in an LSTM with forget bias 1.
"""

import numpy as np

from charlm.nn import GRU, LSTM, RNN
from charlm.nn.reference import Step, gru_after, lstm, rnn

__all__ = ["main"]

T, N, D, H = 51, 4, 10, 100


def norms(layer: RNN | GRU | LSTM, step: Step) -> list[float]:
    """Return the norm of dL/dh_t for t = T … 1."""
    rng = np.random.default_rng(0)
    state, backwards = layer.zero_state(N), []
    for x in rng.normal(size=(T, N, D)):
        state, backward = step(x, state, layer.params)
        backwards.append(backward)

    gradients = {name: np.zeros(shape) for name, shape in layer.params.shapes.items()}
    dstate = (rng.normal(size=(N, H)), *layer.zero_state(N)[1:])
    sizes = []
    for backward in reversed(backwards):
        sizes.append(float(np.linalg.norm(dstate[0])))
        _, dstate = backward(dstate, gradients)
    return sizes


def main() -> None:
    """Print a row for each distance."""
    cells = {"RNN": (RNN, rnn), "GRU": (GRU, gru_after), "LSTM": (LSTM, lstm), "LSTM, b_f = 3": (LSTM, lstm)}
    print("distance", *(f"{name:>14}" for name in cells))
    layers = {name: cell(D, H, dtype=np.float64) for name, (cell, _) in cells.items()}
    layers["LSTM, b_f = 3"].params["b"][H : 2 * H] = 3  # the gates are i f g o
    columns = [norms(layers[name], step) for name, (_, step) in cells.items()]
    for distance in (0, 1, 2, 5, 10, 20, 30, 40, 50):
        print(f"{distance:8}", *(f"{column[distance] / column[0]:14.1e}" for column in columns))


if __name__ == "__main__":
    main()
