"""Make ``torch.npz``: what PyTorch computes for cells, losses, optimisers and clipping, in float64.

The tests compare `charlm.nn` with this file, so that they prove parity without PyTorch; where it is
installed, they call the functions below with fresh shapes as well. Arrays keep PyTorch's names and layout:
sequences are (T, N, features).

    python tests/nn/reference/make_reference.py
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray

Record: TypeAlias = dict[str, NDArray[Any]]

CELLS = {"rnn": torch.nn.RNN, "lstm": torch.nn.LSTM, "gru": torch.nn.GRU}
REDUCTIONS = ("mean", "sum")
LEARNING_RATE = 0.05
OPTIMIZERS = {
    "sgd": (torch.optim.SGD, {}),
    "sgd-decay": (torch.optim.SGD, {"weight_decay": 0.1}),
    "sgd-momentum": (torch.optim.SGD, {"momentum": 0.9, "weight_decay": 0.1}),
    "sgd-nesterov": (torch.optim.SGD, {"momentum": 0.9, "nesterov": True, "weight_decay": 0.1}),
    "adagrad": (torch.optim.Adagrad, {"eps": 0.0}),
    "adagrad-decay": (torch.optim.Adagrad, {"eps": 0.0, "weight_decay": 0.1}),
    "rmsprop": (torch.optim.RMSprop, {}),
    "rmsprop-decay": (torch.optim.RMSprop, {"alpha": 0.9, "weight_decay": 0.1}),
    "adam": (torch.optim.Adam, {}),
    "adam-decay": (torch.optim.Adam, {"betas": (0.8, 0.99), "weight_decay": 0.1}),
    "adamw": (torch.optim.AdamW, {"weight_decay": 0.0}),
    "adamw-decay": (torch.optim.AdamW, {"betas": (0.8, 0.99), "weight_decay": 0.1}),
}


def draw(rng: np.random.Generator, *shape: int) -> torch.Tensor:
    return torch.from_numpy(rng.normal(size=shape)).requires_grad_()


def numbers(tensor: torch.Tensor | None) -> NDArray[Any]:
    assert tensor is not None
    return np.asarray(tensor.detach().numpy().copy())


def recurrent(cell: str, *, layers: int, T: int, N: int, D: int, H: int, seed: int) -> Record:
    """Run a cell forward from a given state, and backward from gradients of its outputs and its last state.

    Returns
    -------
    dict
        The weights under PyTorch's names, ``x`` (T, N, D), the initial state ``h`` and ``c`` (layers, N, H),
        ``y`` (T, N, H), ``end.h``, ``end.c``; under ``d.…`` the gradient of each: those of ``y``,
        ``end.h`` and ``end.c`` were given.
    """
    rng = np.random.default_rng(seed)
    net = CELLS[cell](D, H, layers, dtype=torch.float64)
    for weights in net.parameters():
        weights.data = torch.from_numpy(rng.normal(scale=0.5, size=tuple(weights.shape)))
    x = draw(rng, T, N, D)
    names = ("h", "c") if cell == "lstm" else ("h",)
    start = {name: draw(rng, layers, N, H) for name in names}
    y, state = net(x, tuple(start.values()) if cell == "lstm" else start["h"])
    end = dict(zip(names, state if cell == "lstm" else (state,), strict=True))
    given = {"y": draw(rng, T, N, H), **{f"end.{name}": draw(rng, layers, N, H) for name in names}}
    torch.autograd.backward([y, *end.values()], [gradient.detach() for gradient in given.values()])
    inner = {"x": x, **start, **dict(net.named_parameters())}
    record = {"y": y, **{f"end.{name}": part for name, part in end.items()}}
    record |= {f"d.{name}": gradient for name, gradient in given.items()}
    record |= inner | {f"d.{name}": tensor.grad for name, tensor in inner.items()}
    return {name: numbers(tensor) for name, tensor in record.items()}


def packed(cell: str, *, layers: int, lengths: list[int], D: int, H: int, bidirectional: bool, seed: int) -> Record:
    """Run a cell over packed sequences of unequal lengths, from zero state, and backward.

    Returns
    -------
    dict
        The weights under PyTorch's names, ``lengths``, ``x`` (T, N, D) with the padding at the end, ``y`` likewise,
        ``end.h`` and ``end.c`` (layers · directions, N, H); under ``d.…`` the gradient of each: those of
        ``y``, ``end.h`` and ``end.c`` were given.
    """
    rng = np.random.default_rng(seed)
    net = CELLS[cell](D, H, layers, dtype=torch.float64, bidirectional=bidirectional)
    for weights in net.parameters():
        weights.data = torch.from_numpy(rng.normal(scale=0.3, size=tuple(weights.shape)))
    x = draw(rng, max(lengths), len(lengths), D)
    y, state = net(torch.nn.utils.rnn.pack_padded_sequence(x, torch.tensor(lengths), enforce_sorted=False))
    y, _ = torch.nn.utils.rnn.pad_packed_sequence(y)
    end = {"h": state[0], "c": state[1]} if cell == "lstm" else {"h": state}
    outcomes = {"y": y, **{f"end.{name}": part for name, part in end.items()}}
    given = {name: torch.from_numpy(rng.normal(size=tuple(part.shape))) for name, part in outcomes.items()}
    torch.autograd.backward(list(outcomes.values()), list(given.values()))
    inner = {"x": x, **dict(net.named_parameters())}
    record = outcomes | inner | {f"d.{name}": gradient for name, gradient in given.items()}
    record |= {f"d.{name}": tensor.grad for name, tensor in inner.items()}
    return {"lengths": np.array(lengths), **{name: numbers(tensor) for name, tensor in record.items()}}


def attention(*, T: int, S: int, N: int, H: int, D: int, seed: int, scale: float | None = None) -> Record:
    """Return queries, keys, values, a mask with a key in each stream, the context, and the gradients of it all."""
    rng = np.random.default_rng(seed)
    arrays = {"queries": draw(rng, T, N, H), "keys": draw(rng, S, N, H), "values": draw(rng, S, N, D)}
    mask = rng.random((S, N)) < 0.6
    mask[rng.integers(S, size=N), np.arange(N)] = True
    q, k, v = (array.transpose(0, 1) for array in arrays.values())
    context = torch.nn.functional.scaled_dot_product_attention(
        q, k, v, attn_mask=torch.from_numpy(mask.T[:, None].copy()), scale=scale
    ).transpose(0, 1)
    given = torch.from_numpy(rng.normal(size=(T, N, D)))
    context.backward(given)
    record = {**arrays, "context": context, "d.context": given}
    record |= {f"d.{name}": array.grad for name, array in arrays.items()}
    return {"mask": mask, **{name: numbers(tensor) for name, tensor in record.items()}}


def cross_entropy(*, T: int, N: int, V: int, seed: int) -> Record:
    """Return logits (T, N, V), targets and counted (T, N), losses and gradients of all and of the counted."""
    rng = np.random.default_rng(seed)
    targets, counted = rng.integers(V, size=(T, N)), rng.random((T, N)) < 0.6
    counted[0, 0], counted[-1, -1] = True, False
    logits = 3 * rng.normal(size=(T, N, V))
    record: Record = {"logits": logits, "targets": targets, "counted": counted}
    for part, kept in (("all", targets), ("counted", np.where(counted, targets, -1))):
        for reduction in REDUCTIONS:
            z = torch.from_numpy(logits).requires_grad_()
            loss = torch.nn.functional.cross_entropy(
                z.reshape(-1, V), torch.from_numpy(kept).reshape(-1), reduction=reduction, ignore_index=-1
            )
            loss.backward()
            record |= {f"{part}.{reduction}": numbers(loss), f"d.{part}.{reduction}": numbers(z.grad)}
    return record


def sigmoid_cross_entropy(*, T: int, N: int, J: int, seed: int) -> Record:
    """Return logits, targets and counted (T, N, J), losses and gradients of all and of the counted."""
    rng = np.random.default_rng(seed)
    logits, targets, counted = 3 * rng.normal(size=(T, N, J)), rng.random((T, N, J)), rng.random((T, N, J)) < 0.6
    counted[0, 0, 0] = True
    record: Record = {"logits": logits, "targets": targets, "counted": counted}
    for part, kept in (("all", np.ones_like(counted)), ("counted", counted)):
        for reduction in REDUCTIONS:
            z = torch.from_numpy(logits).requires_grad_()
            loss = torch.nn.functional.binary_cross_entropy_with_logits(
                z[torch.from_numpy(kept)], torch.from_numpy(targets[kept]), reduction=reduction
            )
            loss.backward()
            record |= {f"{part}.{reduction}": numbers(loss), f"d.{part}.{reduction}": numbers(z.grad)}
    return record


def descent(optimizer: str, *, P: int, seed: int, steps: int = 10) -> Record:
    """Return initial weights ``w`` (P,), ``gradients`` (steps, P) away from 0 and ``weights`` after each."""
    rng = np.random.default_rng(seed)
    gradients = rng.uniform(0.1, 2, (steps, P)) * rng.choice([-1, 1], (steps, P))
    w = draw(rng, P)
    make, settings = OPTIMIZERS[optimizer]
    rule = make([w], lr=LEARNING_RATE, **settings)
    record = {"w": numbers(w), "gradients": gradients}
    path = []
    for gradient in gradients:
        w.grad = torch.from_numpy(gradient)
        rule.step()
        path.append(numbers(w))
    return record | {"weights": np.array(path)}


def clipping(*, P: int, seed: int, norm: float, value: float) -> Record:
    """Return a gradient, its ``norm``, and it clipped by norm and by value; PyTorch adds 1e-6 to the norm."""
    rng = np.random.default_rng(seed)
    gradient = rng.normal(size=P)
    record: Record = {"gradient": gradient, "max_norm": np.array(norm), "max_value": np.array(value)}
    w = draw(rng, P)
    w.grad = torch.from_numpy(gradient.copy())
    record["norm"] = numbers(torch.nn.utils.clip_grad_norm_([w], norm))
    record["by_norm"] = numbers(w.grad)
    w.grad = torch.from_numpy(gradient.copy())
    torch.nn.utils.clip_grad_value_([w], value)
    record["by_value"] = numbers(w.grad)
    return record


def main() -> None:
    records = {
        f"{cell}-{layers}": recurrent(cell, layers=layers, T=5, N=3, D=4, H=6, seed=layers)
        for cell in CELLS
        for layers in (1, 2)
    }
    records |= {
        f"packed-{cell}-{layers}-{'both' if both else 'one'}": packed(
            cell, layers=layers, lengths=[4, 7, 1, 6], D=3, H=5, bidirectional=both, seed=7 + layers
        )
        for cell in CELLS
        for layers in (1, 2)
        for both in (False, True)
    }
    records["attention"] = attention(T=4, S=6, N=3, H=5, D=2, seed=8)
    records["cross_entropy"] = cross_entropy(T=5, N=3, V=7, seed=3)
    records["sigmoid_cross_entropy"] = sigmoid_cross_entropy(T=5, N=3, J=4, seed=6)
    records |= {name: descent(name, P=9, seed=4) for name in OPTIMIZERS}
    records["clip-long"] = clipping(P=9, seed=5, norm=1.5, value=0.5)
    records["clip-short"] = clipping(P=9, seed=5, norm=50.0, value=20.0)
    records["settings"] = {"learning_rate": np.array(LEARNING_RATE)}
    flat = {f"{name}/{key}": array for name, record in records.items() for key, array in record.items()}
    np.savez_compressed(Path(__file__).with_name("torch.npz"), **flat)


if __name__ == "__main__":
    main()
