"""The moving average of weights against its definition."""

from __future__ import annotations

import numpy as np
import pytest

from charlm.nn import averaging


@pytest.mark.parametrize("block", [3, 16384])
def test_it_is_its_definition(block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(averaging, "BLOCK", block)
    rng = np.random.default_rng(0)
    average, wanted = np.zeros((2, 10))
    for _ in range(5):
        value = rng.normal(size=10)
        averaging.average_(average, value, 0.75)
        wanted = 0.75 * wanted + 0.25 * value
    np.testing.assert_allclose(average, wanted, rtol=1e-14)
