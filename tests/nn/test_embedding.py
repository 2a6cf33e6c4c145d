"""An embedding in front of a layer equals dense columns and a dense product."""

from __future__ import annotations

import numpy as np
import pytest

from charlm.nn import GRU, Embedding


@pytest.mark.parametrize("V", [7, 300])
def test_it_is_a_product_with_one_hot_columns(V: int) -> None:
    T, N, E = 5, 3, 4
    rng = np.random.default_rng(0)
    embedding = Embedding(V, E, rng=rng, dtype=np.float64)
    layer = GRU(E, 6, rng=rng, dtype=np.float64)
    ids, dy = rng.integers(V, size=(T, N)), rng.normal(size=(T, N, 6))

    lookup, backprop_embedding = embedding.forward(ids)
    y, _, backprop = layer.forward(lookup)
    dtable, _ = backprop(dy)
    backprop_embedding(dtable)
    _, backprop_again = embedding.forward(ids)
    backprop_again(dtable)

    one_hot = np.eye(V)[ids]
    dense = np.einsum("ev,tnv->tne", embedding.params["W"], one_hot)
    np.testing.assert_array_equal(lookup.dense(), dense)
    wanted, _, backprop = layer.forward(dense)
    dx, _ = backprop(dy)
    np.testing.assert_allclose(y, wanted, rtol=1e-12, atol=1e-13)
    gradient = np.einsum("tne,tnv->ev", dx, one_hot)
    np.testing.assert_allclose(embedding.params.gradient("W"), 2 * gradient, rtol=1e-12, atol=1e-13)


def test_start_weights() -> None:
    W = Embedding(5000, 16, rng=np.random.default_rng(0)).params["W"]
    assert W.shape == (16, 5000)
    assert abs(W.mean()) < 0.01
    assert W.std() == pytest.approx(1, rel=0.02)
