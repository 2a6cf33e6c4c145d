"""Every cell against number-by-number arithmetic: outputs, states and every gradient."""

from __future__ import annotations

import numpy as np
import pytest

from . import scalar
from .cells import KINDS, draw_case, run

EXACT = {"rtol": 1e-10, "atol": 1e-12}


@pytest.mark.parametrize("name", KINDS)
def test_outputs_and_states(name: str) -> None:
    case = draw_case(name, T=6, N=3, D=4, H=5)
    result = run(case)
    y, end = scalar.unroll(KINDS[name].step, dict(case.layer.params), case.x, case.state)
    np.testing.assert_allclose(result.y, y.real, **EXACT)
    for got, wanted in zip(result.state, end, strict=True):
        np.testing.assert_allclose(got, wanted.real, **EXACT)


@pytest.mark.parametrize("name", KINDS)
def test_every_gradient(name: str) -> None:
    case = draw_case(name)
    result = run(case)
    starts = {f"start {k}": part for k, part in enumerate(case.state)}

    def objective(tensors: scalar.Tensors) -> complex:
        weights = {key: tensors[key] for key in case.layer.params}
        y, end = scalar.unroll(KINDS[name].step, weights, tensors["x"], [tensors[key] for key in starts])
        return complex((case.dy * y).sum() + sum((d * e).sum() for d, e in zip(case.dstate, end, strict=True)))

    wanted = scalar.derivatives(objective, {**case.layer.params, "x": case.x, **starts})
    got = {**result.gradients, "x": result.dx, **dict(zip(starts, result.dstate, strict=True))}
    assert got.keys() == wanted.keys()
    for key, gradient in wanted.items():
        np.testing.assert_allclose(got[key], gradient, **EXACT, err_msg=key)


@pytest.mark.parametrize("name", KINDS)
def test_single_step_without_a_backward_pass(name: str) -> None:
    case = draw_case(name, T=1, N=3)
    y, state = case.layer.step(case.x[0], case.state)
    wanted, end = scalar.unroll(KINDS[name].step, dict(case.layer.params), case.x, case.state)
    np.testing.assert_allclose(y, wanted[0].real, **EXACT)
    for got, part in zip(state, end, strict=True):
        np.testing.assert_allclose(got, part.real, **EXACT)
