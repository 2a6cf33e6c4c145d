"""Update rules number by number, ε included, and over vectors longer than a block."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from charlm.errors import UsageError
from charlm.nn import SGD, Adagrad, Adam, AdamW, Optimizer, ParameterStore, RMSprop
from charlm.nn.optimizers import BLOCK

# One weight through its gradients, as the papers write it: (w, gradients) -> w after each step.
Rule = Callable[[float, list[float]], Iterator[float]]


def sgd(w: float, gradients: list[float]) -> Iterator[float]:
    v = 0.0
    for g in gradients:
        v = 0.9 * v + g + 0.2 * w
        w = w - 0.05 * (g + 0.2 * w + 0.9 * v)
        yield w


def adagrad(w: float, gradients: list[float]) -> Iterator[float]:
    m = 0.0
    for g in gradients:
        g_decayed = g + 0.2 * w
        m += g_decayed**2
        w -= 0.05 * g_decayed / math.sqrt(m + 0.3)
        yield w


def rmsprop(w: float, gradients: list[float]) -> Iterator[float]:
    m = 0.0
    for g in gradients:
        g_decayed = g + 0.2 * w
        m = 0.9 * m + 0.1 * g_decayed**2
        w -= 0.05 * g_decayed / (math.sqrt(m) + 0.3)
        yield w


def adam(w: float, gradients: list[float], *, coupled: float = 0.2, decoupled: float = 0.0) -> Iterator[float]:
    m = v = 0.0
    for t, g in enumerate(gradients, 1):
        w_decayed = w - 0.05 * decoupled * w
        g_decayed = g + coupled * w
        m = 0.8 * m + 0.2 * g_decayed
        v = 0.9 * v + 0.1 * g_decayed**2
        w = w_decayed - 0.05 * (m / (1 - 0.8**t)) / (math.sqrt(v / (1 - 0.9**t)) + 0.3)
        yield w


def adamw(w: float, gradients: list[float]) -> Iterator[float]:
    return adam(w, gradients, coupled=0.0, decoupled=0.2)


RULES: dict[str, tuple[type[Optimizer], dict[str, Any], Rule]] = {
    "sgd": (SGD, {"momentum": 0.9, "nesterov": True}, sgd),
    "adagrad": (Adagrad, {"eps": 0.3}, adagrad),
    "rmsprop": (RMSprop, {"rho": 0.9, "eps": 0.3}, rmsprop),
    "adam": (Adam, {"betas": (0.8, 0.9), "eps": 0.3}, adam),
    "adamw": (AdamW, {"betas": (0.8, 0.9), "eps": 0.3}, adamw),
}


def make(name: str, w: np.ndarray, dtype: type = np.float64) -> Optimizer:
    cls, settings, _ = RULES[name]
    params = ParameterStore({"w": w.shape}, dtype)
    params.value[:] = w
    return cls(params, lr=0.05, weight_decay=0.2, **settings)


def descend(optimizer: Optimizer, gradients: np.ndarray) -> np.ndarray:
    path = []
    for gradient in gradients:
        optimizer.params.grad[:] = gradient
        optimizer.step()
        path.append(optimizer.params.value.copy())
    return np.array(path)


@pytest.mark.parametrize("name", RULES)
def test_each_weight_follows_its_rule(name: str) -> None:
    rng = np.random.default_rng(0)
    w, gradients = rng.normal(size=7), rng.normal(size=(6, 7))
    path = descend(make(name, w), gradients)
    for k in range(7):
        wanted = list(RULES[name][2](float(w[k]), gradients[:, k].tolist()))
        np.testing.assert_allclose(path[:, k], wanted, rtol=1e-12)


@pytest.mark.parametrize("name", RULES)
def test_blocks_do_not_show(name: str) -> None:
    size = 2 * BLOCK + 17
    rng = np.random.default_rng(0)
    w, gradients = rng.normal(size=size), rng.normal(size=(3, size))
    whole = descend(make(name, w), gradients)
    some = rng.choice(size, 50, replace=False)
    np.testing.assert_allclose(whole[:, some], descend(make(name, w[some]), gradients[:, some]), rtol=1e-13)


@pytest.mark.parametrize("name", RULES)
def test_single_precision_follows_double(name: str) -> None:
    rng = np.random.default_rng(0)
    w, gradients = rng.normal(size=9), rng.normal(size=(10, 9))
    single = make(name, w, np.float32)
    path = descend(single, gradients)
    assert path.dtype == np.float32
    assert all(slot.dtype == np.float32 for slot in single.slots.values())
    np.testing.assert_allclose(path, descend(make(name, w), gradients), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", RULES)
def test_slots_and_steps_are_all_it_remembers(name: str) -> None:
    rng = np.random.default_rng(0)
    w, gradients = rng.normal(size=7), rng.normal(size=(6, 7))
    whole = descend(make(name, w), gradients)
    first = make(name, w)
    descend(first, gradients[:3])
    second = make(name, first.params.value)
    second.steps = first.steps
    for slot, kept in first.slots.items():
        second.slots[slot][:] = kept
    np.testing.assert_array_equal(descend(second, gradients[3:]), whole[3:])


@pytest.mark.parametrize("name", RULES)
def test_a_rate_of_zero_moves_nothing(name: str) -> None:
    w = np.random.default_rng(0).normal(size=7)
    optimizer = make(name, w)
    optimizer.lr = 0
    np.testing.assert_array_equal(descend(optimizer, np.ones((3, 7))), np.tile(w, (3, 1)))


def test_adagrad_as_published_survives_a_gradient_of_zero() -> None:
    params = ParameterStore({"w": (3,)}, np.float64)
    Adagrad(params).step()
    np.testing.assert_array_equal(params.value, 0)


def test_plain_descent_is_the_default_of_sgd() -> None:
    params = ParameterStore({"w": (3,)}, np.float64)
    params.grad[:] = [1, -2, 3]
    optimizer = SGD(params, lr=0.5)
    optimizer.step()
    optimizer.step()
    np.testing.assert_array_equal(params.value, [-1, 2, -3])


def test_nesterov_without_momentum() -> None:
    with pytest.raises(UsageError, match="momentum"):
        SGD(ParameterStore({"w": (3,)}), lr=0.1, nesterov=True)


@pytest.mark.parametrize("name", RULES)
def test_parts_make_a_whole(name: str) -> None:
    size = BLOCK + 17
    rng = np.random.default_rng(0)
    w, gradients = rng.normal(size=size), rng.normal(size=(3, size))
    wanted = descend(make(name, w), gradients)[-1]
    optimizer = make(name, w)
    for gradient in gradients:
        optimizer.params.grad[:] = gradient
        for part in (slice(0, 5000), slice(5000, 5000), slice(5000, size)):
            optimizer.update(part)
        optimizer.steps += 1
    np.testing.assert_array_equal(optimizer.params.value, wanted)
