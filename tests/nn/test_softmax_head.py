"""The loss of a head in blocks is that of all logits at once."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from charlm.errors import UsageError
from charlm.nn import Linear, cross_entropy
from charlm.nn.kernels.workspace import Workspace
from charlm.nn.softmax_head import AT_ONCE, head_cross_entropy

V, H = 70, 6
SIZES = [(1, 1), (3, 2), (AT_ONCE, 1), (AT_ONCE + 1, 1), (100, 13), (AT_ONCE, 4)]


def make(T: int, N: int, scale: float = 1.0, dtype: str = "float64") -> tuple[Linear, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    head = Linear(H, V, dtype=dtype)
    head.params.value[:] = scale * rng.normal(size=head.params.value.size)
    head.params.grad[:] = rng.normal(size=head.params.grad.size)
    return head, rng.normal(size=(T, N, H)).astype(dtype), rng.integers(V, size=(T, N))


def of_all_logits(head: Linear, h: np.ndarray, targets: np.ndarray, **how: float) -> tuple[float, np.ndarray]:
    logits, backprop = head.forward(h)
    loss, backprop_loss = cross_entropy(logits, targets, **how)
    return loss, backprop(backprop_loss())


@pytest.mark.parametrize(("T", "N"), SIZES)
@pytest.mark.parametrize("how", [{}, {"reduction": "sum"}, {"scale": 0.3}], ids=str)
@pytest.mark.parametrize("scale", [1.0, 1000.0])  # without a shift, and with one
def test_loss_and_gradients(T: int, N: int, how: dict[str, float], scale: float) -> None:
    head, h, targets = make(T, N, scale)
    wanted_loss, wanted_dh = of_all_logits(head, h, targets, **how)
    wanted = head.params.grad.copy()
    workspace = Workspace()
    for _ in range(2):  # the workspace has the values of the window before
        head, h, targets = make(T, N, scale)
        start = head.params.grad.copy()
        loss, backprop = head_cross_entropy(head, h, targets, workspace=workspace, **how)
        np.testing.assert_array_equal(head.params.grad, start)
        dh = backprop()
        assert loss == pytest.approx(wanted_loss, rel=1e-12)
        np.testing.assert_allclose(dh, wanted_dh, rtol=1e-9, atol=1e-12 * scale)
        np.testing.assert_allclose(head.params.grad, wanted, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("scale", [1.0, 30.0, 1e4])
def test_single_precision(scale: float) -> None:
    head, h, targets = make(40, 20, scale, "float32")
    loss, backprop = head_cross_entropy(head, h, targets)
    dh, gradient = backprop(), head.params.grad.copy()
    double, h, _ = make(40, 20, scale)
    double.params.value[:] = head.params.value
    wanted_loss, wanted_dh = of_all_logits(double, h.astype(np.float32).astype(np.float64), targets)
    assert loss == pytest.approx(wanted_loss, rel=1e-5)
    np.testing.assert_allclose(dh, wanted_dh, atol=1e-6 * scale)
    np.testing.assert_allclose(gradient, double.params.grad, atol=1e-5)
    assert dh.dtype == gradient.dtype == np.float32


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_loss_that_is_not_finite_is_seen() -> None:
    head, h, targets = make(30, 20)
    head.params["W"][3, 2] = np.nan
    assert np.isnan(head_cross_entropy(head, h, targets)[0])


def test_no_predictions() -> None:
    head, h, targets = make(0, 3)
    loss, backprop = head_cross_entropy(head, h, targets)
    assert loss == 0
    assert backprop().shape == (0, 3, H)


def test_what_does_not_fit() -> None:
    head, h, targets = make(4, 3)
    with pytest.raises(UsageError, match="targets has shape"):
        head_cross_entropy(head, h, targets[:3])
    with pytest.raises(UsageError, match="0 to 69"):
        head_cross_entropy(head, h, targets + V)
    with pytest.raises(UsageError, match="choose mean or sum"):
        head_cross_entropy(head, h, targets, reduction="median")


def test_the_logits_of_a_window_are_never_held() -> None:
    T, N, V = 128, 32, 2000
    head, h, targets = Linear(H, V), np.zeros((T, N, H), np.float32), np.zeros((T, N), np.intp)
    assert head.params.grad.size
    tracemalloc.start()
    try:
        _, backprop = head_cross_entropy(head, h, targets)
        backprop()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 0.25 * T * N * V * 4
