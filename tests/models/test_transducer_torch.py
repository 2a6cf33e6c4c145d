"""Every kind of transducer against the same model built of PyTorch's modules: loss and every gradient."""

from __future__ import annotations

import numpy as np
import pytest

from .pairs import SHAPES, draw_batch, make

pytest.importorskip("torch", reason="the stored numbers of test_transducer_parity.py stand in for it")

from .reference.make_reference import CELLS, LENGTHS, losses_and_gradients

EXACT = {"rtol": 1e-10, "atol": 1e-10}


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("shape", SHAPES)
def test_loss_and_every_gradient(shape: str, cell: str) -> None:
    model = make(shape, cell)
    batch = draw_batch(model.config.output, LENGTHS, seed=4)
    loss, _, backprop = model.loss(batch)
    backprop()
    wanted, gradients = losses_and_gradients(model, batch)
    np.testing.assert_allclose(loss, wanted, **EXACT)
    assert set(gradients) == set(model.params)
    for name, gradient in gradients.items():
        np.testing.assert_allclose(model.params.gradient(name), gradient, **EXACT, err_msg=name)
