"""Weight-drop: a layer that lacks some recurrent weights, forward and backward."""

from __future__ import annotations

import numpy as np
import pytest

from charlm.errors import UsageError
from charlm.nn import LSTM
from charlm.nn.dropout import draw_mask_
from charlm.nn.kernels.workspace import Workspace

from .cells import KINDS, draw_case, run

P = 0.4


@pytest.mark.parametrize("name", KINDS)
def test_it_is_the_layer_with_masked_weights(name: str) -> None:
    case = draw_case(name)
    case.layer.weight_drop = P
    got = run(case, weight_rng=np.random.default_rng(3), workspace=Workspace())

    mask = np.empty_like(case.layer.params["W_h"])
    draw_mask_(mask, P, np.random.default_rng(3))
    assert 0.2 < (mask == 0).mean() < 0.6
    plain = draw_case(name)
    plain.layer.params["W_h"][...] *= mask
    wanted = run(plain)
    wanted.gradients["W_h"] *= mask  # d(W ⊙ M) = dW ⊙ M
    np.testing.assert_array_equal(got.y, wanted.y)
    np.testing.assert_array_equal(got.dx, wanted.dx)
    for tensor in wanted.gradients:
        np.testing.assert_array_equal(got.gradients[tensor], wanted.gradients[tensor])


@pytest.mark.parametrize("name", KINDS)
def test_every_window_draws_anew_and_reading_drops_nothing(name: str) -> None:
    case, workspace, rng = draw_case(name), Workspace(), np.random.default_rng(0)
    whole = run(case)
    case.layer.weight_drop = P
    first, second = (run(case, weight_rng=rng, workspace=workspace) for _ in range(2))
    assert (first.y != second.y).any()
    after = run(case, workspace=workspace)  # the mask of the window before is forgotten
    np.testing.assert_array_equal(after.y, whole.y)
    np.testing.assert_array_equal(after.gradients["W_h"], whole.gradients["W_h"])
    h, _ = case.layer.step(case.x[0], case.state)
    np.testing.assert_allclose(h, whole.y[0], rtol=1e-12)


@pytest.mark.parametrize("probability", [-0.1, 1.0])
def test_out_of_range(probability: float) -> None:
    with pytest.raises(UsageError, match="weight_drop"):
        LSTM(2, 3, weight_drop=probability)
