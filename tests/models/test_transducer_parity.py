"""Parity of transducers with PyTorch's numbers as they are stored: needs no PyTorch."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from charlm.text.batches.base import Batch

from .pairs import make

with np.load(Path(__file__).parent / "reference" / "transducers.npz") as file:
    RECORDS = dict(file)
KINDS = sorted({tuple(key.split("/")[:2]) for key in RECORDS})


@pytest.mark.parametrize(("shape", "cell"), KINDS)
def test_loss_and_every_gradient(shape: str, cell: str) -> None:
    record = {key.split("/")[2]: array for key, array in RECORDS.items() if key.startswith(f"{shape}/{cell}/")}
    model = make(shape, cell)
    model.params.value[:] = record["value"]
    arrays = {name.removeprefix("batch."): array for name, array in record.items() if name.startswith("batch.")}
    loss, _, backprop = model.loss(Batch(arrays, 0))
    backprop()
    np.testing.assert_allclose(loss, record["loss"], rtol=1e-10)
    np.testing.assert_allclose(model.params.grad, record["grad"], rtol=1e-10, atol=1e-10)
