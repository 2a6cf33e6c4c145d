"""The fast layers equal the naive ones: outputs, states and every gradient."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest

from charlm.nn import reference

from .cells import KINDS, draw_case, run

STEPS = {
    "rnn": reference.rnn,
    "lstm": reference.lstm,
    "lstm-identity": partial(reference.lstm, squash=False),
    "gru-after": reference.gru_after,
    "gru-before": reference.gru_before,
}
EXACT = {"rtol": 1e-11, "atol": 1e-12}


@pytest.mark.parametrize("name", KINDS)
def test_a_sequence_forward_and_backward(name: str) -> None:
    case = draw_case(name, T=6, N=3, D=4, H=5)
    wanted = run(case)
    params = case.layer.params
    gradients = {key: np.zeros(shape) for key, shape in params.shapes.items()}
    h, end, backward = reference.sequence(STEPS[name], case.x, case.state, params)
    dx, dstart = backward(case.dy, case.dstate, gradients)
    np.testing.assert_allclose(h, wanted.y, **EXACT)
    np.testing.assert_allclose(dx, wanted.dx, **EXACT)
    for got, states in ((end, wanted.state), (dstart, wanted.dstate)):
        for part, wanted_part in zip(got, states, strict=True):
            np.testing.assert_allclose(part, wanted_part, **EXACT)
    for key, gradient in wanted.gradients.items():
        np.testing.assert_allclose(gradients[key], gradient, **EXACT, err_msg=key)
