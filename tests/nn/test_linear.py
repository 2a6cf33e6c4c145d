"""The dense head against its definition."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from charlm.nn import Linear, Workspace

sizes = st.integers(1, 7)
EXACT = {"rtol": 1e-12, "atol": 1e-13}


@given(T=sizes, D=sizes, J=sizes, N=sizes, seed=st.integers(0, 99))
def test_outputs_and_gradients(T: int, D: int, J: int, N: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    layer = Linear(D, J, dtype=np.float64)
    layer.params.value[:] = rng.normal(size=layer.params.value.shape)
    W, b = layer.params["W"], layer.params["b"]
    x, dy = rng.normal(size=(T, N, D)), rng.normal(size=(T, N, J))
    x.flags.writeable = False
    for times in (1, 2):  # gradients are added
        y, backprop = layer.forward(x)
        dx = backprop(dy.copy())
        np.testing.assert_allclose(y, x @ W.T + b, **EXACT)
        np.testing.assert_allclose(dx, dy @ W, **EXACT)
        np.testing.assert_allclose(layer.params.gradient("W"), times * np.einsum("tnj,tnd->jd", dy, x), **EXACT)
        np.testing.assert_allclose(layer.params.gradient("b"), times * dy.sum(axis=(0, 1)), **EXACT)
    of_step, backprop = layer.forward(x[0])
    np.testing.assert_allclose(of_step, y[0], **EXACT)
    np.testing.assert_allclose(backprop(dy[0].copy()), dx[0], **EXACT)


def test_a_workspace_changes_no_bit() -> None:
    layer, workspace = Linear(4, 3, rng=np.random.default_rng(0)), Workspace()
    for seed, T in ((0, 5), (1, 5), (2, 6)):
        x, dy = np.random.default_rng(seed).normal(size=(2, T, 2, 4)).astype(np.float32)
        dy = dy[..., :3]
        results = []
        for cupboard in (workspace, None):
            layer.params.grad[:] = 0
            y, backprop = layer.forward(x, workspace=cupboard)
            results.append((y.copy(), backprop(dy.copy()).copy(), layer.params.grad.copy()))
        for got, wanted in zip(*results, strict=True):
            np.testing.assert_array_equal(got, wanted)


def test_start_weights() -> None:
    params = Linear(25, 300, rng=np.random.default_rng(0)).params
    assert params.shapes == {"W": (300, 25), "b": (300,)}
    assert 0.19 < np.abs(params["W"]).max() <= 0.2  # uniform in ±1/√25
    assert not params["b"].any()
