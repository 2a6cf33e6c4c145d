"""Every cell and the losses, number by number: the oracle that the arrays of `charlm.nn` are held against.

Plain Python lists, one stream, no NumPy in the arithmetic, written from the equations and sharing nothing
with the library. Weights are named and cut into gates as in the files: ``W_x`` (G·H, D), ``W_h`` (G·H, H),
``b`` (G·H,).

The numbers are complex so that derivatives come for free: f(w + iε) = f(w) + iε f'(w) − O(ε²), and with
ε = 1e-30 nothing is left of the error [1]_. That gives exact gradients also where PyTorch has no such cell.

References
----------
.. [1] Squire & Trapp (1998), "Using Complex Variables to Estimate Derivatives of Real Functions".
"""

from __future__ import annotations

import cmath
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Vector: TypeAlias = list[complex]
State: TypeAlias = tuple[Vector, ...]
Weights: TypeAlias = Mapping[str, Any]
Step: TypeAlias = Callable[[Weights, Vector, State], State]
Tensors: TypeAlias = dict[str, NDArray[Any]]

NUDGE = 1e-30


def sigmoid(z: complex) -> complex:
    return 1 / (1 + cmath.exp(-z))


def dot(row: Sequence[complex], column: Sequence[complex]) -> complex:
    return sum((a * b for a, b in zip(row, column, strict=True)), 0j)


def affine(w: Weights, row: int, x: Vector, h: Vector) -> complex:
    return dot(w["W_x"][row], x) + dot(w["W_h"][row], h) + w["b"][row]


def rnn_step(w: Weights, x: Vector, state: State) -> State:
    (h,) = state
    return ([cmath.tanh(affine(w, j, x, h)) for j in range(len(h))],)


def lstm_step(w: Weights, x: Vector, state: State, *, squash: bool = True) -> State:
    h, c = state
    H = len(h)
    new_h, new_c = [], []
    for j in range(H):
        i = sigmoid(affine(w, j, x, h))
        f = sigmoid(affine(w, H + j, x, h))
        g = cmath.tanh(affine(w, 2 * H + j, x, h))
        o = sigmoid(affine(w, 3 * H + j, x, h))
        c_j = f * c[j] + i * g
        new_c.append(c_j)
        new_h.append(o * (cmath.tanh(c_j) if squash else c_j))
    return new_h, new_c


def gru_step(w: Weights, x: Vector, state: State, *, reset_after: bool) -> State:
    (h,) = state
    H = len(h)
    r = [sigmoid(affine(w, j, x, h)) for j in range(H)]
    z = [sigmoid(affine(w, H + j, x, h)) for j in range(H)]
    kept = [r[j] * h[j] for j in range(H)]
    new = []
    for j in range(H):
        row = 2 * H + j
        memory = dot(w["W_h"][row], kept)
        if reset_after:
            memory = r[j] * (dot(w["W_h"][row], h) + w["b_hn"][j])
        n = cmath.tanh(dot(w["W_x"][row], x) + w["b"][row] + memory)
        new.append((1 - z[j]) * n + z[j] * h[j])
    return (new,)


def cross_entropy(logits: Vector, target: int) -> complex:
    """Return −log softmax(logits)[target], nats; for logits of moderate size."""
    return cmath.log(sum((cmath.exp(z) for z in logits), 0j)) - logits[target]


def sigmoid_cross_entropy(logit: complex, target: float) -> complex:
    """Return −y log p − (1 − y) log(1 − p) with p = σ(logit), nats; for logits of moderate size."""
    p = sigmoid(logit)
    return -target * cmath.log(p) - (1 - target) * cmath.log(1 - p)


def squared_error(predictions: Vector, targets: Vector) -> complex:
    return sum(((p - t) ** 2 for p, t in zip(predictions, targets, strict=True)), 0j)


def unroll(step: Step, weights: Tensors, x: NDArray[Any], state: Sequence[NDArray[Any]]) -> tuple[Any, list[Any]]:
    """Run a cell over a sequence, stream after stream.

    Parameters
    ----------
    step : callable
        One of the steps above.
    weights : dict of str to ndarray
    x : ndarray, shape (T, N, D)
    state : sequence of ndarray, each (N, H)

    Returns
    -------
    h : complex ndarray, shape (T, N, H)
    state : list of complex ndarray, each (N, H)
    """
    w = {name: tensor.tolist() for name, tensor in weights.items()}
    outputs, ends = [], []
    for n in range(x.shape[1]):
        now: State = tuple(part[n].tolist() for part in state)
        hidden = []
        for x_t in x[:, n].tolist():
            now = step(w, x_t, now)
            hidden.append(now[0])
        outputs.append(hidden)
        ends.append(now)
    return np.array(outputs).swapaxes(0, 1), [np.array(part) for part in zip(*ends, strict=True)]


def derivatives(function: Callable[[Tensors], complex], at: Tensors) -> Tensors:
    """Return the derivative of a function of named tensors by each of their entries, exact to rounding."""
    gradients = {}
    for name, tensor in at.items():
        gradient = np.empty(tensor.shape)
        for index in np.ndindex(tensor.shape):
            nudged = tensor.astype(complex)
            nudged[index] += NUDGE * 1j
            gradient[index] = function({**at, name: nudged}).imag / NUDGE
        gradients[name] = gradient
    return gradients
