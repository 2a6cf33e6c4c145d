"""A GRU's weights from a model whose update gate is the other way round."""

from __future__ import annotations

import numpy as np
import pytest

from charlm.nn import GRU, GRUState, with_other_update_gate

from . import scalar


@pytest.mark.parametrize("reset", ["after", "before"])
def test_the_other_model_step_by_step(reset: str) -> None:
    rng = np.random.default_rng(0)
    layer = GRU(3, 4, reset=reset, dtype=np.float64)
    theirs = {name: rng.normal(size=tensor.shape) for name, tensor in layer.params.items()}
    x, start = rng.normal(size=(5, 2, 3)), rng.normal(size=(2, 4))

    def their_step(w: scalar.Weights, x: scalar.Vector, state: scalar.State) -> scalar.State:
        """h = (1 - z) h₋ + z n, with r and n as they are everywhere."""
        (h,), H = state, len(state[0])
        r = [scalar.sigmoid(scalar.affine(w, j, x, h)) for j in range(H)]
        z = [scalar.sigmoid(scalar.affine(w, H + j, x, h)) for j in range(H)]
        new = []
        for j in range(H):
            row = 2 * H + j
            if reset == "after":
                memory = r[j] * (scalar.dot(w["W_h"][row], h) + w["b_hn"][j])
            else:
                memory = scalar.dot(w["W_h"][row], [r[k] * h[k] for k in range(H)])
            n = scalar.cmath.tanh(scalar.dot(w["W_x"][row], x) + w["b"][row] + memory)
            new.append((1 - z[j]) * h[j] + z[j] * n)
        return (new,)

    for name, tensor in with_other_update_gate(theirs).items():
        layer.params[name][...] = tensor
    h, end, _ = layer.forward(x, GRUState(start))
    wanted, (wanted_end,) = scalar.unroll(their_step, theirs, x, [start])
    np.testing.assert_allclose(h, wanted.real, rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(end.h, wanted_end.real, rtol=1e-12, atol=1e-13)
    for name, tensor in theirs.items():
        layer.params[name][...] = tensor
    assert np.abs(layer.forward(x, GRUState(start))[0] - wanted.real).max() > 0.1  # it is not the same model


def test_twice_is_as_before_and_nothing_is_overwritten() -> None:
    tensors = {name: tensor + 1 for name, tensor in GRU(3, 4).params.items()}
    kept = {name: tensor.copy() for name, tensor in tensors.items()}
    twice = with_other_update_gate(with_other_update_gate(tensors))
    for name, tensor in tensors.items():
        np.testing.assert_array_equal(tensor, kept[name])
        np.testing.assert_array_equal(tensor, twice[name])
