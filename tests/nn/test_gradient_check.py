"""The gradient check passes what is right, and finds every fault planted in a cell."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from charlm.errors import UsageError
from charlm.nn.gradient_check import GradientCheck, check_gradients
from charlm.nn.recurrent import Recurrent

from .cells import KINDS, Case, draw_case, run

ALL = 10**6
GATES = {"rnn": 1, "lstm": 4, "lstm-identity": 4, "gru-after": 4, "gru-before": 4}  # groups of `dz`
FAULTS = [
    *((name, "gate", k) for name, gates in GATES.items() for k in range(gates) if (name, k) != ("gru-before", 0)),
    *((name, "carry", 0) for name in KINDS),
    *((name, "carry", 1) for name in ("lstm", "lstm-identity")),
    *((name, "dstate", 0) for name in KINDS),
    *((name, "before", 0) for name in KINDS),
]


def check(case: Case, **changes: Any) -> GradientCheck:
    """Check weights, inputs and initial state; the loss weighs the outputs and the last state."""
    result = run(case, **changes)

    def loss() -> float:
        y, end, _ = case.layer.forward(case.x, case.state)
        return sum(float((d * v).sum()) for d, v in zip((case.dy, *case.dstate), (y, *end), strict=True))

    names = [f"start {part}" for part in case.state._fields]
    tensors = {**case.layer.params, "x": case.x, **dict(zip(names, case.state, strict=True))}
    gradients = {**result.gradients, "x": result.dx, **dict(zip(names, result.dstate, strict=True))}
    return check_gradients(loss, tensors, gradients, rng=np.random.default_rng(1), entries=ALL)


@pytest.mark.parametrize("name", KINDS)
def test_right_gradients_pass(name: str) -> None:
    found = check(draw_case(name, T=3, N=2, D=4, H=5))
    assert found.passed
    assert {"W_x", "W_h", "b", "x", "start h"} <= found.elementwise.keys()


def damage_after(method: Callable[..., Any], damage: Callable[..., None]) -> Callable[..., Any]:
    """Return a method that does its work and then spoils what it wrote."""

    def damaged(self: Recurrent, *args: Any) -> Any:
        result = method(self, *args)
        damage(self, *args)
        return result

    return damaged


@pytest.mark.parametrize(("name", "fault", "k"), FAULTS)
def test_planted_faults_are_found(name: str, fault: str, k: int, monkeypatch: pytest.MonkeyPatch) -> None:
    case = draw_case(name)
    cls, changes = type(case.layer), {}
    if fault == "gate":  # one gate's derivative is off by a thousandth

        def spoil_gate(self: Recurrent, window: Any, steps: slice) -> None:
            window.dz[k, steps] *= 1.001

        monkeypatch.setattr(cls, "gate_factors", damage_after(cls.gate_factors, spoil_gate))
    elif fault == "carry":  # a part of the state carries no gradient from step to step

        def cut_carry(self: Recurrent, step: Any) -> None:
            (step.dc if k else step.dh)[...] = 0

        monkeypatch.setattr(cls, "step_backward", damage_after(cls.step_backward, cut_carry))
    elif fault == "before":  # the weights' gradient leaves the first step out

        def forget_first(self: Recurrent, window: Any, mask: Any, backprop_input: Any) -> None:
            first = np.concatenate(window.dz[: len(self.input_order), 0], axis=1)
            self.params.gradient("W_h")[...] -= first.T @ window.before[0][0]

        monkeypatch.setattr(cls, "gradients_", damage_after(cls.gradients_, forget_first))
    else:  # what comes back from the next window is ignored
        changes = {"dstate": None}
    found = check(case, **changes)
    assert not found.passed
    assert found.directional > 1e-6
    assert max(found.elementwise.values()) > 1e-6


def test_a_single_wrong_entry_is_named() -> None:
    w = {"a": np.array([0.5, -0.25]), "b": np.array([[2.0, 3.0]])}
    right = {"a": 2 * w["a"], "b": np.cos(w["b"])}

    def loss() -> float:
        return float((w["a"] ** 2).sum() + np.sin(w["b"]).sum())

    assert check_gradients(loss, w, right, rng=np.random.default_rng(0)).passed
    right["b"][0, 1] += 1e-4
    found = check_gradients(loss, w, right, rng=np.random.default_rng(0))
    assert not found.passed
    assert found.elementwise["a"] < 1e-6 < found.elementwise["b"]
    assert found.directional > 1e-6
    assert (found.worst.tensor, found.worst.index) == ("b", (0, 1))
    assert found.worst.analytic - found.worst.numeric == pytest.approx(1e-4, rel=1e-3)


def test_a_given_direction_is_the_one_that_is_tried() -> None:
    w, rng = {"a": np.array([0.5, -0.25])}, np.random.default_rng(0)
    wrong = {"a": 2 * w["a"] + [0, 1e-3]}

    def along(*direction: float) -> float:
        v = {"a": np.array(direction)}
        return check_gradients(lambda: float((w["a"] ** 2).sum()), w, wrong, rng=rng, direction=v).directional

    assert along(3, 0) < 1e-6 < along(0, 3)


@pytest.mark.parametrize("at", range(3))
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_gradient_that_is_not_finite_fails_both_ways(at: int, value: float) -> None:
    w = {"a": np.array([0.5, -0.25, 1.0])}
    gradient = 2 * w["a"]
    gradient[at] = value
    found = check_gradients(lambda: float((w["a"] ** 2).sum()), w, {"a": gradient}, rng=np.random.default_rng(0))
    assert not found.passed
    assert not found.elementwise["a"] < 1e-6
    assert not found.directional < 1e-6


def test_tensors_end_as_they_began() -> None:
    w = {"a": np.array([0.1, 0.2, 0.3])}
    before = w["a"].copy()
    check_gradients(lambda: float((w["a"] ** 3).sum()), w, {"a": 3 * w["a"] ** 2}, rng=np.random.default_rng(0))
    np.testing.assert_array_equal(w["a"], before)


def test_single_precision_is_refused() -> None:
    w = {"a": np.ones(2, np.float32)}
    with pytest.raises(UsageError, match="float64"):
        check_gradients(lambda: 0.0, w, w, rng=np.random.default_rng(0))
