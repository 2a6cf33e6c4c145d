"""The right value of every line of an exercise, recorded from `charlm.nn`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType
from typing import Any, TypeAlias

import numpy as np

from charlm.nn import Adagrad, Adam, Linear, ParameterStore, clip_norm_, cross_entropy, dot_attention, log_softmax
from charlm.nn.arrays import Shape
from charlm.nn.gru import GRU
from charlm.nn.lstm import LSTM
from charlm.nn.reference import Step, gru_after, gru_before, lstm, rnn
from charlm.nn.rnn import RNN

__all__ = ["Case", "cases"]

N, D, H, V = 3, 4, 5, 6

Values: TypeAlias = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Case:
    """Arguments of ``step``, and the right value of each assigned name."""

    arguments: Values
    values: Values


def cases(name: str, rng: np.random.Generator) -> list[Case]:
    """Return random cases of an exercise."""
    return list(_CASES[name](rng))


def _rnn(rng: np.random.Generator) -> Iterator[Case]:
    yield _cell(rnn, RNN.shapes(D, H), ("h",), rng)


def _lstm(rng: np.random.Generator) -> Iterator[Case]:
    case = _cell(lstm, LSTM.shapes(D, H), ("h", "c"), rng)
    parts = np.split(case.values["dz"], 4, axis=1)
    case.values.update(zip(("dz_i", "dz_f", "dz_g", "dz_o"), parts, strict=True))
    case.arguments["dc_after"] = case.arguments.pop("dc")
    yield case


def _gru(rng: np.random.Generator) -> Iterator[Case]:
    yield _cell(gru_after, GRU.shapes(D, H), ("h",), rng)


def _gru_before(rng: np.random.Generator) -> Iterator[Case]:
    case = _cell(gru_before, GRU.shapes(D, H, "before"), ("h",), rng)
    case.values["dW_hrz"], case.values["dW_hn"] = np.split(case.values["dW_h"], [2 * H])
    yield case


def _softmax(rng: np.random.Generator) -> Iterator[Case]:
    head = Linear(H, V, dtype=np.float64)
    head.params.value[:] = rng.normal(size=head.params.value.size)
    h, y, mask = rng.normal(size=(N, H)), rng.integers(V, size=N), np.array([True, False, True])
    arguments = {"h": h, "W": head.params["W"], "b": head.params["b"], "y": y, "mask": mask.astype(float)}
    z, backprop_head = head.forward(h)
    loss, backprop_loss = cross_entropy(z, y, mask=mask)
    dz = backprop_loss().copy()
    values: Values = {"z": z, "p": np.exp(log_softmax(z)), "loss": loss, "dz": dz, "dh": backprop_head(dz)}
    yield Case(arguments, values | {"dW": head.params.gradient("W"), "db": head.params.gradient("b")})


def _adagrad(rng: np.random.Generator) -> Iterator[Case]:
    for max_norm in (1.0, 100.0):  # with clipping and without
        store = ParameterStore({"w": (7,)}, np.float64)
        w, g, m = store.value, store.grad, rng.random(7)
        w[:], g[:] = rng.normal(size=(2, 7))
        optimizer = Adagrad(store, lr=0.1, eps=0.01)
        optimizer.slots["m"][:] = m
        arguments = {"w": w.copy(), "g": g.copy(), "m": m, "lr": 0.1, "eps": 0.01, "max_norm": max_norm}
        norm = clip_norm_(g, max_norm)
        optimizer.step()
        yield Case(arguments, {"norm": norm, "g_clipped": g, "m_after": optimizer.slots["m"], "w_after": w})


def _attention(rng: np.random.Generator) -> Iterator[Case]:
    T, S = 3, 6
    q, k, v, dc = (rng.normal(size=size) for size in ((T, H), (S, H), (S, D), (T, D)))
    c, w, backprop = dot_attention(q[:, None], k[:, None], v[:, None])
    dq, dk, dv = (gradient[:, 0] for gradient in backprop(dc[:, None]))
    values: Values = {"c": c[:, 0], "w": w[:, 0], "dq": dq, "dk": dk, "dv": dv}
    mixing = Linear(S, D, params=ParameterStore({"W": (D, S), "b": (D,)}, np.float64))  # c = w v
    mixing.params["W"][...] = v.T
    values["dw"] = mixing.forward(values["w"])[1](dc)
    scores = q @ k.T * H**-0.5  # with the identity as keys, queries are scores, and their gradient is ds
    values["ds"] = dot_attention(scores[:, None], np.eye(S)[:, None], v[:, None], scale=1.0)[2](dc[:, None])[0][
        :, 0
    ]
    yield Case({"q": q, "k": k, "v": v, "dc": dc}, values)


def _adam(rng: np.random.Generator) -> Iterator[Case]:
    for t in (1, 7):
        store = ParameterStore({"w": (7,)}, np.float64)
        w, g = store.value, store.grad
        w[:], g[:] = rng.normal(size=(2, 7))
        optimizer = Adam(store, lr=0.1, betas=(0.8, 0.9), eps=0.01)
        optimizer.steps, (m, v) = t - 1, rng.random((2, 7))
        optimizer.slots["m"][:], optimizer.slots["v"][:] = m, v
        arguments = {"w": w.copy(), "g": g.copy(), "m": m, "v": v, "t": t, "lr": 0.1}
        arguments |= {"beta1": 0.8, "beta2": 0.9, "eps": 0.01}
        optimizer.step()
        yield Case(arguments, {"m_after": optimizer.slots["m"], "v_after": optimizer.slots["v"], "w_after": w})


_CASES: Mapping[str, Callable[[np.random.Generator], Iterator[Case]]] = {
    "rnn": _rnn,
    "lstm": _lstm,
    "gru": _gru,
    "gru_before": _gru_before,
    "softmax": _softmax,
    "attention": _attention,
    "adagrad": _adagrad,
    "adam": _adam,
}


def _cell(step: Step, shapes: Mapping[str, Shape], parts: tuple[str, ...], rng: np.random.Generator) -> Case:
    """Run a step of `charlm.nn.reference` forward and backward, and record its values."""
    p = {name: rng.normal(size=shape) for name, shape in shapes.items()}
    x = rng.normal(size=(N, D))
    before = {f"{part}_before": rng.normal(size=(N, H)) for part in parts}
    dstate = {f"d{part}": rng.normal(size=(N, H)) for part in parts}
    gradients = {name: np.zeros(shape) for name, shape in shapes.items()}
    with _recorded(step.__name__) as values:
        _, backward = step(x, tuple(before.values()), p)
        dx, dbefore = backward(tuple(dstate.values()), gradients)
    values.update({f"d{name}": gradient for name, gradient in gradients.items()}, dx=dx)
    values.update(zip((f"d{name}" for name in before), dbefore, strict=True))
    return Case({"x": x, **before, **p, **dstate}, values)


@contextmanager
def _recorded(step: str) -> Iterator[Values]:
    """Record the local arrays of a step and of its backward pass at their return."""
    values: Values = {}

    def profile(frame: FrameType, event: str, _argument: Any) -> None:
        if event == "return" and frame.f_globals.get("__name__") == "charlm.nn.reference":
            function, found = frame.f_code.co_name, dict(frame.f_locals)
            if function == "affine_backward":  # its other names differ in meaning
                found = {"dz": found["dz"]}
            elif function not in (step, "backward"):
                return
            values.update((name, value) for name, value in found.items() if isinstance(value, np.ndarray))

    before = sys.getprofile()
    sys.setprofile(profile)
    try:
        yield values
    finally:
        sys.setprofile(before)
