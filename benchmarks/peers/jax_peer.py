"""JAX's side: `lax.scan` over time; forward, backward, clipping and Adagrad in one jitted function.

As an experienced user would write it: the input product of all steps at once and outside the scan, the gates'
products joined, and every buffer that is replaced given away. (`unroll=4` was slower than no unrolling.)
"""

from __future__ import annotations

from functools import partial
from typing import Any

from protocol import GATES, Job, answer_training, median_s, missing, read_job, reply, resident_mib

try:
    import jax
    import jax.numpy as jnp
except ImportError as error:
    missing(error)

RATE, LIMIT, EPSILON = 0.05, 5.0, 1e-8


def make_weights(job: Job) -> dict[str, Any]:
    """Return start weights, uniform in ±1/√H."""
    V, E, H, G = job.vocab, job.embedding, job.hidden, GATES[job.cell] * job.hidden
    shapes = {"W_x": (E or V, G), "W_h": (H, G), "b": (G,), "b_h": (G,), "W_y": (H, V), "b_y": (V,)}
    if E:
        shapes["embedding"] = (V, E)
    keys = jax.random.split(jax.random.key(0), len(shapes))
    bound = H**-0.5
    return {
        name: jax.random.uniform(key, shape, jnp.float32, -bound, bound)
        for key, (name, shape) in zip(keys, shapes.items(), strict=True)
    }


def rnn(w: dict[str, Any], state: Any, x: Any) -> tuple[Any, Any]:
    """Advance a plain cell; x (N, H) holds the input's share."""
    (h,) = state
    h = jnp.tanh(x + h @ w["W_h"] + w["b_h"])
    return (h,), h


def lstm(w: dict[str, Any], state: Any, x: Any) -> tuple[Any, Any]:
    """Advance an LSTM; x (N, 4H)."""
    h, c = state
    i, f, o, g = jnp.split(x + h @ w["W_h"] + w["b_h"], 4, axis=-1)
    c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
    h = jax.nn.sigmoid(o) * jnp.tanh(c)
    return (h, c), h


def gru(w: dict[str, Any], state: Any, x: Any) -> tuple[Any, Any]:
    """Advance a GRU whose reset gate acts after the product, as PyTorch's; x (N, 3H)."""
    (h,) = state
    x_r, x_z, x_n = jnp.split(x, 3, axis=-1)
    h_r, h_z, h_n = jnp.split(h @ w["W_h"] + w["b_h"], 3, axis=-1)
    r, z = jax.nn.sigmoid(x_r + h_r), jax.nn.sigmoid(x_z + h_z)
    h = (1 - z) * jnp.tanh(x_n + r * h_n) + z * h
    return (h,), h


CELLS = {"rnn": rnn, "lstm": lstm, "gru": gru}


def loss(w: dict[str, Any], state: Any, inputs: Any, targets: Any, cell: str) -> tuple[Any, Any]:
    """Return the mean loss of a window, ids (T, N), and the state after it."""
    # picking rows is the product with one-hot rows, and was the faster of the two
    x = w["embedding"][inputs] @ w["W_x"] if "embedding" in w else w["W_x"][inputs]
    state, h = jax.lax.scan(partial(CELLS[cell], w), state, x + w["b"])
    logp = jax.nn.log_softmax(h @ w["W_y"] + w["b_y"])
    return -jnp.take_along_axis(logp, targets[..., None], axis=-1).mean(), state


@partial(jax.jit, static_argnames="cell", donate_argnums=(0, 1, 2))
def update(w: Any, memory: Any, state: Any, inputs: Any, targets: Any, cell: str) -> tuple[Any, Any, Any, Any]:
    """Do one update."""
    (value, state), gradient = jax.value_and_grad(loss, has_aux=True)(w, state, inputs, targets, cell)
    norm = jnp.sqrt(sum(jnp.vdot(g, g) for g in gradient.values()))
    gradient = jax.tree.map(lambda g: g * jnp.minimum(1.0, LIMIT / norm), gradient)
    memory = jax.tree.map(lambda m, g: m + g * g, memory, gradient)
    w = jax.tree.map(lambda p, m, g: p - RATE * g * jax.lax.rsqrt(m + EPSILON), w, memory, gradient)
    return w, memory, state, value


def train(job: Job) -> None:
    """Measure an update."""
    if job.layers > 1 or job.dropout:
        missing("the JAX peer has one layer and no dropout")
    w = make_weights(job)
    memory = jax.tree.map(jnp.zeros_like, w)
    state = tuple(jnp.zeros((job.streams, job.hidden)) for _ in range(2 if job.cell == "lstm" else 1))
    inputs, targets = jax.random.randint(jax.random.key(1), (2, job.length, job.streams), 0, job.vocab)

    def step() -> float:
        nonlocal w, memory, state
        w, memory, state, value = update(w, memory, state, inputs, targets, job.cell)
        return float(value)  # waits for the loss

    answer_training(job, median_s(step, job.seconds), resident_mib=resident_mib())


def main() -> None:
    """Do the job on the command line."""
    job = read_job()
    match job.what:
        case "train":
            train(job)
        case "about":
            reply(peer=f"JAX {jax.__version__}", devices=[str(device) for device in jax.devices()])
        case _:
            missing(f"the JAX peer only trains, and was asked to {job.what}")


if __name__ == "__main__":
    main()
