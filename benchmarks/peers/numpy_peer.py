"""Plain NumPy's side: min-char-rnn's equations written down as they stand, one column vector at a time, float64.

Own code for the comparison. One stream, one-hot columns, a product a step, entries of the gradient limited to ±5,
Adagrad with ε inside the root; as an LSTM too. Also the machine's speed at one large matrix product.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from protocol import Job, answer_training, median_s, missing, read_job, reply, resident_mib

try:
    import numpy as np
except ImportError as error:
    missing(error)

RATE, LIMIT, EPSILON = 0.1, 5.0, 1e-8
PRODUCT_SIZE = 2048

Array = Any
Weights = dict[str, Array]


def make_weights(gates: int, H: int, V: int) -> Weights:
    """Return start weights, 0.01·N(0, 1) and zero biases."""
    rng = np.random.default_rng(0)
    shapes = {"W_x": (gates * H, V), "W_h": (gates * H, H), "b": (gates * H, 1), "W_y": (V, H), "b_y": (V, 1)}
    return {name: 0.01 * rng.standard_normal(s) * (s[1] > 1) for name, s in shapes.items()}


def rnn(inputs: Iterable[int], targets: Iterable[int], state: tuple[Array, ...], w: Weights) -> Any:
    """Return loss, gradients and last state of a plain cell over a window; the state is (h,), (H, 1)."""
    V = len(w["b_y"])
    x, h, p, loss = {}, {-1: state[0]}, {}, 0.0
    for t, (i, k) in enumerate(zip(inputs, targets, strict=True)):
        x[t] = np.zeros((V, 1))
        x[t][i] = 1
        h[t] = np.tanh(w["W_x"] @ x[t] + w["W_h"] @ h[t - 1] + w["b"])  # (1)
        y = w["W_y"] @ h[t] + w["b_y"]  # (2)
        p[t] = np.exp(y) / np.sum(np.exp(y))
        loss -= np.log(p[t][k, 0])
    gradient = {name: np.zeros_like(value) for name, value in w.items()}
    dh_next = np.zeros_like(h[-1])
    for t, k in reversed(list(enumerate(targets))):
        dy = p[t].copy()
        dy[k] -= 1
        gradient["W_y"] += dy @ h[t].T  # (2)
        gradient["b_y"] += dy
        dh = w["W_y"].T @ dy + dh_next
        dz = (1 - h[t] * h[t]) * dh  # (1)
        gradient["b"] += dz
        gradient["W_x"] += dz @ x[t].T
        gradient["W_h"] += dz @ h[t - 1].T
        dh_next = w["W_h"].T @ dz
    return loss, gradient, (h[len(x) - 1],)


def lstm(inputs: Iterable[int], targets: Iterable[int], state: tuple[Array, ...], w: Weights) -> Any:
    """Return loss, gradients and last state of an LSTM over a window; the state is (h, c), each (H, 1)."""
    V, H = w["W_y"].shape
    x, h, c, p, gates, loss = {}, {-1: state[0]}, {-1: state[1]}, {}, {}, 0.0
    for t, (k, target) in enumerate(zip(inputs, targets, strict=True)):
        x[t] = np.zeros((V, 1))
        x[t][k] = 1
        z = w["W_x"] @ x[t] + w["W_h"] @ h[t - 1] + w["b"]  # (1)
        i, f, o = 1 / (1 + np.exp(-z[:H])), 1 / (1 + np.exp(-z[H : 2 * H])), 1 / (1 + np.exp(-z[2 * H : 3 * H]))
        g = np.tanh(z[3 * H :])
        gates[t] = i, f, o, g
        c[t] = f * c[t - 1] + i * g  # (2)
        h[t] = o * np.tanh(c[t])  # (3)
        y = w["W_y"] @ h[t] + w["b_y"]  # (4)
        p[t] = np.exp(y) / np.sum(np.exp(y))
        loss -= np.log(p[t][target, 0])
    gradient = {name: np.zeros_like(value) for name, value in w.items()}
    dh_next, dc_next = np.zeros_like(h[-1]), np.zeros_like(c[-1])
    for t, target in reversed(list(enumerate(targets))):
        i, f, o, g = gates[t]
        dy = p[t].copy()
        dy[target] -= 1
        gradient["W_y"] += dy @ h[t].T  # (4)
        gradient["b_y"] += dy
        dh = w["W_y"].T @ dy + dh_next
        tanh_c = np.tanh(c[t])
        dc = dc_next + dh * o * (1 - tanh_c * tanh_c)  # (3)
        di, df, do, dg = dc * g, dc * c[t - 1], dh * tanh_c, dc * i  # (2), (3)
        dz = np.vstack((di * i * (1 - i), df * f * (1 - f), do * o * (1 - o), dg * (1 - g * g)))
        gradient["b"] += dz  # (1)
        gradient["W_x"] += dz @ x[t].T
        gradient["W_h"] += dz @ h[t - 1].T
        dh_next, dc_next = w["W_h"].T @ dz, dc * f
    return loss, gradient, (h[len(x) - 1], c[len(x) - 1])


CELLS: dict[str, tuple[Callable[..., Any], int, int]] = {"rnn": (rnn, 1, 1), "lstm": (lstm, 4, 2)}


def train(job: Job) -> None:
    """Measure an update."""
    if job.cell not in CELLS or job.streams != 1 or job.layers != 1 or job.embedding or job.dropout:
        missing("the plain transcription is one layer, RNN or LSTM, on one stream of one-hot columns")
    differentiate, gates, parts = CELLS[job.cell]
    w = make_weights(gates, job.hidden, job.vocab)
    memory = {name: np.zeros_like(value) for name, value in w.items()}
    inputs, targets = np.random.default_rng(1).integers(job.vocab, size=(2, job.length)).tolist()
    state: tuple[Array, ...] = (np.zeros((job.hidden, 1)),) * parts

    def step() -> None:
        nonlocal state
        _, gradient, state = differentiate(inputs, targets, state, w)
        for name, g in gradient.items():
            np.clip(g, -LIMIT, LIMIT, out=g)
            memory[name] += g * g
            w[name] -= RATE * g / np.sqrt(memory[name] + EPSILON)

    answer_training(job, median_s(step, job.seconds), resident_mib=resident_mib())


def product(job: Job) -> None:
    """Measure `np.dot` of two square matrices on all cores."""
    a = np.random.default_rng(0).standard_normal((2, PRODUCT_SIZE, PRODUCT_SIZE), dtype=np.float32)
    out = np.empty_like(a[0])
    seconds = median_s(lambda: np.dot(a[0], a[1], out=out), job.seconds)
    reply(seconds=seconds, gflops=2 * PRODUCT_SIZE**3 / seconds / 1e9)


def main() -> None:
    """Do the job on the command line."""
    job = read_job()
    match job.what:
        case "train":
            train(job)
        case "product":
            product(job)
        case "about":
            reply(peer=f"NumPy {np.__version__}")
        case _:
            missing(f"the plain transcription only trains, and was asked to {job.what}")


if __name__ == "__main__":
    main()
