"""The published algorithm of min-char-rnn from its equations, one column vector at a time, in float64.

Written anew for the tests, to hold training against; shares nothing with the library.

::

    h_t = tanh(W_x x_t + W_h h_{t-1} + b)          x_t the one-hot column of a character
    p_t = softmax(W_y h_t + b_y)
    L   = Σ_t -ln p_t[next character]              over a window of T characters

Gradients of the sum, each entry limited to ±5; Adagrad with ε inside the root. A window begins where the last one
ended, with its hidden state; where p + T + 1 ≥ n the position and the state go back to zero. The loss that is shown
starts at -ln(1/V)·T and takes 0.001 of every window's.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

EPSILON = 1e-8
LIMIT = 5.0


@dataclass(frozen=True)
class Shown:
    """The loss of an update, in nats summed over the window, and the position of the window."""

    loss: float
    smooth_loss: float
    position: int


def train(text: str, start: Mapping[str, NDArray[Any]], *, length: int, rate: float) -> Iterator[Shown]:
    """Train for ever.

    Parameters
    ----------
    text : str
    start : mapping of str to ndarray
        Start weights under the names of the files; left as they are.
    length : int
        T.
    rate : float
        Learning rate.
    """
    symbols = sorted(set(text))
    ids = [symbols.index(character) for character in text]
    weights = {name: tensor.astype(np.float64) for name, tensor in start.items()}
    memory = {name: np.zeros(tensor.shape) for name, tensor in weights.items()}
    hidden, position = np.zeros(len(weights["layers.0.b"])), 0
    smooth = -math.log(1 / len(symbols)) * length
    while True:
        if position + length + 1 >= len(text):
            hidden, position = np.zeros_like(hidden), 0
        window = ids[position : position + length + 1]
        loss, gradients, hidden = differentiate(window[:-1], window[1:], hidden, weights)
        smooth = smooth * 0.999 + loss * 0.001
        yield Shown(loss, smooth, position)
        for name, gradient in gradients.items():
            clipped = np.minimum(np.maximum(gradient, -LIMIT), LIMIT)
            memory[name] = memory[name] + clipped**2
            weights[name] = weights[name] - rate * clipped / np.sqrt(memory[name] + EPSILON)
        position += length


def differentiate(
    inputs: list[int], targets: list[int], before: Array, w: Mapping[str, Array]
) -> tuple[float, dict[str, Array], Array]:
    """Return the summed loss of a window, its gradient by each weight, and the last hidden state."""
    W_x, W_h, b = w["layers.0.W_x"], w["layers.0.W_h"], w["layers.0.b"]
    W_y, b_y = w["head.W"], w["head.b"]
    loss, hidden, probabilities = 0.0, [before], []
    for symbol, target in zip(inputs, targets, strict=True):
        hidden.append(np.tanh(W_x[:, symbol] + W_h @ hidden[-1] + b))
        scores = W_y @ hidden[-1] + b_y
        weights = np.exp(scores - scores.max())
        probabilities.append(weights / weights.sum())
        loss -= math.log(probabilities[-1][target])

    gradients = {name: np.zeros(tensor.shape) for name, tensor in w.items()}
    from_later = np.zeros(len(before))
    for t in range(len(inputs) - 1, -1, -1):
        d_scores = probabilities[t].copy()
        d_scores[targets[t]] -= 1
        gradients["head.W"] += np.outer(d_scores, hidden[t + 1])
        gradients["head.b"] += d_scores
        d_hidden = W_y.T @ d_scores + from_later
        d_sum = (1 - hidden[t + 1] ** 2) * d_hidden
        gradients["layers.0.W_x"][:, inputs[t]] += d_sum
        gradients["layers.0.W_h"] += np.outer(d_sum, hidden[t])
        gradients["layers.0.b"] += d_sum
        from_later = W_h.T @ d_sum
    return loss, gradients, hidden[-1]
