"""Properties of the GRU alone."""

from __future__ import annotations

import numpy as np
import pytest

from charlm.errors import UsageError
from charlm.nn import GRU, GRUState

OPEN, SHUT = 1e4, -1e4
RESETS = pytest.mark.parametrize("reset", ["after", "before"])


def layer_with_gates(reset: str, **biases: float) -> GRU:
    layer = GRU(2, 3, reset=reset, rng=np.random.default_rng(0), dtype=np.float64)
    for gate, bias in biases.items():
        layer.params["b"].reshape(3, 3)["rzn".index(gate)] = bias
    return layer


@RESETS
def test_gates_stand_in_the_order_of_the_files(reset: str) -> None:
    rng = np.random.default_rng(1)
    x, h = rng.normal(size=(6, 1, 2)), rng.normal(size=(1, 3))
    _, kept, _ = layer_with_gates(reset, z=OPEN).forward(x, GRUState(h))
    np.testing.assert_allclose(kept.h, h, rtol=1e-14)
    blind = layer_with_gates(reset, r=SHUT, z=SHUT)  # neither gate lets the past through
    y, _, _ = blind.forward(x, GRUState(h))
    W_xn, b_n = blind.params["W_x"][6:], blind.params["b"][6:]
    np.testing.assert_allclose(y[:, 0], np.tanh(x[:, 0] @ W_xn.T + b_n), rtol=1e-14)


def test_a_reset_gate_that_is_open_acts_the_same_on_either_side() -> None:
    after, before = layer_with_gates("after", r=OPEN), layer_with_gates("before", r=OPEN)
    for name in before.params:
        before.params[name][...] = after.params[name]
    x = np.random.default_rng(1).normal(size=(6, 4, 2))
    np.testing.assert_allclose(after.forward(x)[0], before.forward(x)[0], rtol=1e-13)


def test_the_two_resets_are_different_models() -> None:
    rng = np.random.default_rng(1)
    x, h = rng.normal(size=(1, 1, 2)), GRUState(rng.normal(size=(1, 3)))
    ys = [layer_with_gates(reset, r=0.5).forward(x, h)[0] for reset in ("after", "before")]
    assert np.abs(ys[0] - ys[1]).max() > 1e-3


@RESETS
def test_biases_start_at_zero(reset: str) -> None:
    params = layer_with_gates(reset).params
    for name in params.keys() & {"b", "b_hn"}:
        assert not params[name].any()


def test_unknown_reset() -> None:
    with pytest.raises(UsageError, match=r"'during'.*after or before"):
        GRU(2, 3, reset="during")
