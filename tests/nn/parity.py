"""PyTorch's records, as ``reference/make_reference.py`` writes them, and what charlm makes of the same numbers."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from charlm.nn import (
    GRU,
    LSTM,
    RNN,
    SGD,
    Adagrad,
    Adam,
    AdamW,
    Bidirectional,
    ParameterStore,
    RMSprop,
    Stack,
    dot_attention,
    forward_padded,
    pad_left,
)
from charlm.nn.clipping import clip_norm_, clip_value_
from charlm.nn.losses import cross_entropy, sigmoid_cross_entropy

Array = NDArray[Any]
Record = Mapping[str, Array]

EXACT = {"rtol": 1e-10, "atol": 1e-10}
CELLS = {"rnn": RNN, "lstm": LSTM, "gru": GRU}
OPTIMIZERS = {
    "sgd": (SGD, {}),
    "sgd-decay": (SGD, {"weight_decay": 0.1}),
    "sgd-momentum": (SGD, {"momentum": 0.9, "weight_decay": 0.1}),
    "sgd-nesterov": (SGD, {"momentum": 0.9, "nesterov": True, "weight_decay": 0.1}),
    "adagrad": (Adagrad, {"eps": 0.0}),  # PyTorch adds ε outside the root
    "adagrad-decay": (Adagrad, {"eps": 0.0, "weight_decay": 0.1}),
    "rmsprop": (RMSprop, {}),
    "rmsprop-decay": (RMSprop, {"rho": 0.9, "weight_decay": 0.1}),
    "adam": (Adam, {}),
    "adam-decay": (Adam, {"betas": (0.8, 0.99), "weight_decay": 0.1}),
    "adamw": (AdamW, {"weight_decay": 0.0}),
    "adamw-decay": (AdamW, {"betas": (0.8, 0.99), "weight_decay": 0.1}),
}


def stored_records() -> dict[str, dict[str, Array]]:
    """Read the reference numbers."""
    records: dict[str, dict[str, Array]] = {}
    with np.load(Path(__file__).parent / "reference" / "torch.npz") as file:
        for key in file.files:
            name, part = key.split("/")
            records.setdefault(name, {})[part] = file[key]
    return records


def layer_weights(record: Record, cell: str, layer: int | str) -> dict[str, Array]:
    """Return a layer's weights. PyTorch has two biases; only a GRU's candidate needs both."""
    b_ih, b_hh = record[f"bias_ih_l{layer}"], record[f"bias_hh_l{layer}"]
    tensors = {"W_x": record[f"weight_ih_l{layer}"], "W_h": record[f"weight_hh_l{layer}"], "b": b_ih + b_hh}
    if cell == "gru":
        r, z, n = np.split(b_ih, 3)
        h_r, h_z, h_n = np.split(b_hh, 3)
        tensors |= {"b": np.concatenate([r + h_r, z + h_z, n]), "b_hn": h_n}
    return tensors


def layer_gradients(record: Record, cell: str, layer: int | str) -> dict[str, Array]:
    """Return the gradients of a layer's weights; two biases that are added have equal ones."""
    names = {"W_x": "weight_ih", "W_h": "weight_hh", "b": "bias_ih"}
    tensors = {short: record[f"d.{name}_l{layer}"] for short, name in names.items()}
    if cell == "gru":
        tensors["b_hn"] = np.split(record[f"d.bias_hh_l{layer}"], 3)[2]
    return tensors


def layer_states(record: Record, cell: str, prefix: str = "") -> list[Any]:
    """Return each layer's state, parts (N, H); `prefix` is "", "end.", "d." or "d.end."."""
    state_type = CELLS[cell].state_type
    stacks = [record[prefix + part] for part in state_type._fields]
    return [state_type(*parts) for parts in zip(*stacks, strict=True)]


def assert_recurrent_parity(record: Record, cell: str) -> None:
    """Outputs, states and every gradient of a stack equal PyTorch's."""
    layers = []
    for k in range(len(record["h"])):
        weights = layer_weights(record, cell, k)
        _, D = weights["W_x"].shape
        layer = CELLS[cell](D, weights["W_h"].shape[1], dtype=np.float64)
        assert set(layer.params) == set(weights)
        for name, tensor in weights.items():
            layer.params[name][...] = tensor
        layers.append(layer)
    y, end, backprop = Stack(layers).forward(record["x"], tuple(layer_states(record, cell)))
    dx, dstart = backprop(record["d.y"], tuple(layer_states(record, cell, "d.end.")))

    np.testing.assert_allclose(y, record["y"], **EXACT)
    np.testing.assert_allclose(dx, record["d.x"], **EXACT)
    for got, prefix in ((end, "end."), (dstart, "d.")):
        for state, wanted in zip(got, layer_states(record, cell, prefix), strict=True):
            np.testing.assert_allclose(state, wanted, **EXACT)
    for k, layer in enumerate(layers):
        for name, gradient in layer_gradients(record, cell, k).items():
            np.testing.assert_allclose(layer.params.gradient(name), gradient, **EXACT, err_msg=f"{k}.{name}")


def assert_packed_parity(record: Record, cell: str, *, within: float, **spoilt: float) -> None:
    """Outputs, final states and every gradient of padded sequences equal those of PyTorch's packed ones.

    `spoilt` may name an `x` and a `dy` that stand in the padding.
    """
    close = {"rtol": within, "atol": within}
    lengths, D = record["lengths"], record["x"].shape[2]
    both = "weight_ih_l0_reverse" in record
    directions = ("", "_reverse") if both else ("",)
    names = [[f"{k}{d}" for d in directions] for k in range(len(record["end.h"]) // len(directions))]
    layers: list[Any] = []
    for k, of_layer in enumerate(names):
        H = record["y"].shape[2]
        cells = [CELLS[cell](H if k else D, record["end.h"].shape[2], dtype=np.float64) for _ in of_layer]
        for layer, name in zip(cells, of_layer, strict=True):
            for tensor, weights in layer_weights(record, cell, name).items():
                layer.params[tensor][...] = weights
        layers.append(Bidirectional(*cells) if both else cells[0])
    net = Stack(layers) if len(layers) > 1 else layers[0]

    def padded(name: str, fill: float) -> Array:
        x, _, _ = pad_left([record[name][:length, n] for n, length in enumerate(lengths)])
        x[np.arange(len(x))[:, None] < len(x) - lengths] = fill
        return x

    def states(prefix: str) -> Any:
        made = [
            CELLS[cell].state_type(*parts) for parts in zip(*(record[prefix + p] for p in parts_of), strict=True)
        ]
        if both:
            made = [net_layer.zero_state(1)._make(made[2 * k : 2 * k + 2]) for k, net_layer in enumerate(layers)]
        return tuple(made) if len(layers) > 1 else made[0]

    parts_of = CELLS[cell].state_type._fields
    x = padded("x", spoilt.get("x", 0))
    y, end, backprop = forward_padded(net, x, lengths)
    dx, _ = backprop(padded("d.y", spoilt.get("dy", 0)), states("d.end."))

    np.testing.assert_allclose(y, padded("y", 0), **close)
    np.testing.assert_allclose(flat(end), flat(states("end.")), **close)
    np.testing.assert_allclose(dx, padded("d.x", 0), **close)
    for k, of_layer in enumerate(names):
        for layer, name in zip(layers[k].directions if both else layers[k : k + 1], of_layer, strict=True):
            for tensor, gradient in layer_gradients(record, cell, name).items():
                np.testing.assert_allclose(layer.params.gradient(tensor), gradient, **close, err_msg=name + tensor)


def flat(state: Any) -> Array:
    """Return all numbers of a nested state."""
    return state.ravel() if isinstance(state, np.ndarray) else np.concatenate([flat(part) for part in state])


def assert_attention_parity(record: Record, scale: float | None = None) -> None:
    """The context and the gradients of queries, keys and values equal PyTorch's."""
    arrays = [record[name] for name in ("queries", "keys", "values")]
    context, _, backprop = dot_attention(*arrays, record["mask"], scale)
    np.testing.assert_allclose(context, record["context"], **EXACT)
    for got, name in zip(backprop(record["d.context"]), ("queries", "keys", "values"), strict=True):
        np.testing.assert_allclose(got, record[f"d.{name}"], **EXACT, err_msg=name)


def assert_cross_entropy_parity(record: Record) -> None:
    """Losses and gradients of all and of the counted symbols equal PyTorch's."""
    logits = record["logits"]
    for part, mask in (("all", None), ("counted", record["counted"])):
        for reduction in ("mean", "sum"):
            loss, backprop = cross_entropy(logits, record["targets"], mask=mask, reduction=reduction)
            np.testing.assert_allclose(loss, record[f"{part}.{reduction}"], **EXACT)
            np.testing.assert_allclose(backprop(), record[f"d.{part}.{reduction}"], **EXACT)


def assert_sigmoid_parity(record: Record) -> None:
    """Losses and gradients of all and of the counted entries equal PyTorch's."""
    for part, mask in (("all", None), ("counted", record["counted"])):
        for reduction in ("mean", "sum"):
            loss, backprop = sigmoid_cross_entropy(
                record["logits"], record["targets"], mask=mask, reduction=reduction
            )
            np.testing.assert_allclose(loss, record[f"{part}.{reduction}"], **EXACT)
            np.testing.assert_allclose(backprop(), record[f"d.{part}.{reduction}"], **EXACT)


def assert_descent_parity(record: Record, name: str, lr: float) -> None:
    """The weights after every step equal PyTorch's."""
    params = ParameterStore({"w": record["w"].shape}, np.float64)
    params.value[:] = record["w"]
    make, settings = OPTIMIZERS[name]
    optimizer = make(params, lr=lr, **settings)
    for gradient, wanted in zip(record["gradients"], record["weights"], strict=True):
        params.grad[:] = gradient
        optimizer.step()
        np.testing.assert_allclose(params.value, wanted, **EXACT)
        np.testing.assert_array_equal(params.grad, gradient)


def assert_clipping_parity(record: Record) -> None:
    """Norm and clipped gradients equal PyTorch's, but for the 1e-6 that it adds to the norm."""
    gradient, norm, limit = record["gradient"].copy(), float(record["norm"]), float(record["max_norm"])
    np.testing.assert_allclose(clip_norm_(gradient, limit), norm, **EXACT)
    exact = (norm + 1e-6) / norm if norm > limit else 1
    np.testing.assert_allclose(gradient, record["by_norm"] * exact, **EXACT)
    gradient = record["gradient"].copy()
    clip_value_(gradient, float(record["max_value"]))
    np.testing.assert_allclose(gradient, record["by_value"], **EXACT)
