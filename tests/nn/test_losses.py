"""Cross-entropies and squared error against number-by-number arithmetic, and at their limits."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from charlm.errors import UsageError
from charlm.nn.kernels.workspace import Workspace
from charlm.nn.losses import cross_entropy, log_softmax, sigmoid_cross_entropy, squared_error, target_nats

from . import scalar

EXACT = {"rtol": 1e-11, "atol": 1e-13}


@pytest.mark.parametrize("reduction", ["mean", "sum"])
@given(
    T=st.integers(1, 4), N=st.integers(1, 3), V=st.integers(1, 6), masked=st.booleans(), seed=st.integers(0, 999)
)
def test_cross_entropy(reduction: str, T: int, N: int, V: int, masked: bool, seed: int) -> None:
    rng = np.random.default_rng(seed)
    logits, targets = 2 * rng.normal(size=(T, N, V)), rng.integers(V, size=(T, N))
    mask = rng.random((T, N)) < 0.6 if masked else np.ones((T, N), bool)
    mask[0, 0] = True

    def objective(tensors: scalar.Tensors) -> complex:
        z = tensors["logits"]
        terms = [scalar.cross_entropy(z[t, n].tolist(), targets[t, n]) for t, n in np.ndindex(T, N) if mask[t, n]]
        return sum(terms) / (len(terms) if reduction == "mean" else 1)

    loss, backprop = cross_entropy(logits, targets, mask=mask if masked else None, reduction=reduction)
    np.testing.assert_allclose(loss, objective({"logits": logits}).real, **EXACT)
    wanted = scalar.derivatives(objective, {"logits": logits})["logits"]
    gradient = backprop()
    np.testing.assert_allclose(gradient, wanted, **EXACT)
    assert not gradient[~mask].any()


def test_a_uniform_guess_costs_the_log_of_the_choices() -> None:
    targets = np.array([[0, 4], [2, 2], [1, 3]])
    loss, _ = cross_entropy(np.full((3, 2, 5), 7.5), targets)
    assert loss == pytest.approx(math.log(5), rel=1e-15)


def test_one_window_as_a_part_of_a_larger_batch() -> None:
    rng = np.random.default_rng(0)
    logits, targets = rng.normal(size=(4, 6, 5)), rng.integers(5, size=(4, 6))
    whole, backprop = cross_entropy(logits, targets)
    gradient = backprop().copy()
    halves = [cross_entropy(logits[:, half], targets[:, half], scale=1 / 24) for half in (slice(3), slice(3, 6))]
    assert sum(loss for loss, _ in halves) == pytest.approx(whole, rel=1e-14)
    np.testing.assert_allclose(np.concatenate([back() for _, back in halves], axis=1), gradient, **EXACT)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("size", [1e4, 1e30])
def test_huge_logits_neither_overflow_nor_warn(dtype: type, size: float) -> None:
    logits = np.array([[[size, -size]], [[size, -size]]], dtype)
    loss, backprop = cross_entropy(logits, np.array([[0], [1]]), reduction="sum")
    assert loss == pytest.approx(2 * size, rel=1e-6)
    gradient = backprop()
    assert gradient.dtype == dtype
    np.testing.assert_array_equal(gradient[:, 0], [[0, 0], [1, -1]])


def test_each_symbol_has_a_scale_of_its_own() -> None:
    rng = np.random.default_rng(0)
    logits, targets = rng.normal(size=(2, 3, 5)), rng.integers(5, size=(2, 3))
    offsets = rng.choice([-2000.0, 0, 1000, 1e5], size=(2, 3, 1))
    loss, backprop = cross_entropy(logits, targets)
    shifted, backprop_shifted = cross_entropy(logits + offsets, targets)
    assert shifted == pytest.approx(loss, rel=1e-9)
    np.testing.assert_allclose(backprop_shifted(), backprop(), rtol=1e-9)


def test_single_precision_follows_double() -> None:
    rng = np.random.default_rng(0)
    logits, targets = 3 * rng.normal(size=(50, 16, 65)), rng.integers(65, size=(50, 16))
    double, back_double = cross_entropy(logits, targets)
    single, back_single = cross_entropy(logits.astype(np.float32), targets)
    assert single == pytest.approx(double, rel=1e-6)
    np.testing.assert_allclose(back_single(), back_double(), rtol=1e-4, atol=1e-8)


@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_nothing_that_counts_is_a_loss_of_zero(reduction: str) -> None:
    logits, targets = np.ones((2, 4, 3)), np.zeros((2, 4), int)
    loss, backprop = cross_entropy(logits, targets, mask=np.zeros((2, 4), bool), reduction=reduction)
    assert loss == 0
    assert not backprop().any()


def test_logits_stay_as_they_are() -> None:
    logits = np.random.default_rng(0).normal(size=(2, 4, 3))
    logits.flags.writeable = False
    _, backprop = cross_entropy(logits, np.zeros((2, 4), int))
    backprop()


def test_a_workspace_changes_no_bit() -> None:
    rng, workspace = np.random.default_rng(0), Workspace()
    for T, N in ((3, 4), (3, 4), (2, 5)):
        logits, targets = rng.normal(size=(T, N, 7)), rng.integers(7, size=(T, N))
        loss, backprop = cross_entropy(logits, targets, workspace=workspace)
        fresh, backprop_fresh = cross_entropy(logits, targets)
        assert loss == fresh
        np.testing.assert_array_equal(backprop(), backprop_fresh())


def test_overwriting_the_logits_changes_no_bit() -> None:
    rng = np.random.default_rng(0)
    memory = rng.normal(size=(7, 6)).astype(np.float32)
    logits, targets = memory.T.reshape(3, 2, 7), rng.integers(7, size=(3, 2))
    wanted, backprop = cross_entropy(logits, targets)
    gradient = backprop()
    loss, backprop = cross_entropy(logits, targets, overwrite=True)
    assert loss == wanted
    np.testing.assert_array_equal(backprop(), gradient)
    np.testing.assert_array_equal(logits, gradient)  # no second array


@pytest.mark.parametrize("N", [1, 5])
def test_target_nats(N: int) -> None:
    rng = np.random.default_rng(0)
    logits, targets = 3 * rng.normal(size=(4, N, 65)).astype(np.float32), rng.integers(65, size=(4, N))
    kept = logits.copy()
    wanted = -np.take_along_axis(log_softmax(logits), targets[..., None], axis=-1)[..., 0]
    np.testing.assert_array_equal(target_nats(logits, targets), wanted)
    np.testing.assert_array_equal(logits, kept)


@pytest.mark.parametrize("target", [-1, 3])
def test_targets_out_of_range(target: int) -> None:
    with pytest.raises(UsageError, match="0 to 2"):
        cross_entropy(np.zeros((1, 1, 3)), np.array([[target]]))


def test_log_softmax() -> None:
    logits = np.random.default_rng(0).normal(size=(3, 6)).astype(np.float32)
    logits[0, 0], logits[1, 1] = 1e4, -1e4
    logs = log_softmax(logits)
    assert logs.dtype == np.float64
    np.testing.assert_allclose(np.exp(logs).sum(axis=1), 1, rtol=1e-14)
    np.testing.assert_allclose(
        logs - logs[:, 2:3], logits.astype(np.float64) - logits[:, 2:3], rtol=1e-12, atol=1e-11
    )


def test_shapes_that_do_not_fit_are_refused() -> None:
    with pytest.raises(UsageError, match=r"targets has shape \(2, 4\); it must be \(T, N\) = \(2, 3\)"):
        cross_entropy(np.zeros((2, 3, 4)), np.zeros((2, 4), int))
    with pytest.raises(UsageError, match=r"the mask has shape \(3, 2\)"):
        cross_entropy(np.zeros((2, 3, 4)), np.zeros((2, 3), int), mask=np.ones((3, 2), bool))
    with pytest.raises(UsageError, match=r"outputs have shape \(2, 3\) and targets \(3,\)"):
        squared_error(np.zeros((2, 3)), np.zeros(3))
    with pytest.raises(UsageError, match=r"the mask has shape \(3,\); it must be the outputs' shape = \(2, 3\)"):
        squared_error(np.zeros((2, 3)), np.zeros((2, 3)), mask=np.ones(3, bool))
    with pytest.raises(UsageError, match="reduction is 'max'; choose mean or sum"):
        squared_error(np.zeros((2, 3)), np.zeros((2, 3)), reduction="max")


def test_a_step_is_a_sequence_of_one() -> None:
    rng = np.random.default_rng(0)
    logits, targets = rng.normal(size=(1, 4, 5)), rng.integers(5, size=(1, 4))
    loss, backprop = cross_entropy(logits[0], targets[0])
    wanted, backprop_whole = cross_entropy(logits, targets)
    assert loss == wanted
    np.testing.assert_array_equal(backprop(), backprop_whole()[0])


@given(T=st.integers(1, 4), N=st.integers(1, 3), J=st.integers(1, 4), seed=st.integers(0, 99))
def test_squared_error(T: int, N: int, J: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    outputs, targets = rng.normal(size=(2, T, J, N))

    def objective(tensors: scalar.Tensors) -> complex:
        return scalar.squared_error(tensors["outputs"].ravel().tolist(), targets.ravel().tolist())

    loss, backprop = squared_error(outputs, targets)
    np.testing.assert_allclose(loss, objective({"outputs": outputs}).real, **EXACT)
    np.testing.assert_allclose(backprop(), scalar.derivatives(objective, {"outputs": outputs})["outputs"], **EXACT)


@pytest.mark.parametrize("reduction", ["mean", "sum"])
@pytest.mark.parametrize("of_entries", [False, True])
def test_squared_error_of_what_counts(reduction: str, of_entries: bool) -> None:
    rng = np.random.default_rng(0)
    outputs, targets = rng.normal(size=(2, 4, 3, 2))
    mask = rng.random((4, 3, 2) if of_entries else (4, 3)) < 0.6
    entries = np.broadcast_to(mask if of_entries else mask[..., None], (4, 3, 2))

    def objective(tensors: scalar.Tensors) -> complex:
        total = scalar.squared_error(tensors["outputs"][entries].tolist(), targets[entries].tolist())
        return total / (entries.sum() if reduction == "mean" else 1)

    loss, backprop = squared_error(outputs, targets, mask=mask, reduction=reduction)
    np.testing.assert_allclose(loss, objective({"outputs": outputs}).real, **EXACT)
    np.testing.assert_allclose(backprop(), scalar.derivatives(objective, {"outputs": outputs})["outputs"], **EXACT)
    halves = [
        squared_error(outputs[:, some], targets[:, some], mask=mask[:, some], scale=0.1)
        for some in (slice(2), slice(2, 3))
    ]
    whole, backprop = squared_error(outputs, targets, mask=mask, scale=0.1)
    assert sum(part for part, _ in halves) == pytest.approx(whole, rel=1e-14)
    np.testing.assert_allclose(np.concatenate([back() for _, back in halves], axis=1), backprop(), **EXACT)


def test_squared_error_in_single_precision_stays_there() -> None:
    outputs = np.ones((2, 3), np.float32)
    assert squared_error(outputs, np.zeros_like(outputs), reduction="mean")[1]().dtype == np.float32


@pytest.mark.parametrize("name", ["cross_entropy", "overwrite", "sigmoid_cross_entropy", "squared_error"])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e30])
def test_what_does_not_count_may_be_anything(name: str, value: float) -> None:
    rng = np.random.default_rng(0)
    outputs, mask = rng.normal(size=(4, 3, 5)), rng.random((4, 3)) < 0.6
    targets: np.ndarray = (
        rng.integers(5, size=(4, 3)) if name in ("cross_entropy", "overwrite") else rng.random((4, 3, 5))
    )
    results = []
    for spoilt in (False, True):
        if spoilt:
            outputs[~mask] = value
            targets[~mask] = -7 if targets.dtype.kind == "i" else value
        if name in ("cross_entropy", "overwrite"):
            loss, backprop = cross_entropy(outputs.copy(), targets, mask=mask, overwrite=name == "overwrite")
        elif name == "sigmoid_cross_entropy":
            loss, backprop = sigmoid_cross_entropy(outputs, targets, mask=mask)
        else:
            loss, backprop = squared_error(outputs, targets, mask=mask)
        results.append((loss, backprop()))
    assert results[0][0] == results[1][0]
    np.testing.assert_array_equal(results[0][1], results[1][1])
    assert not results[0][1][~mask].any()


class TestSigmoidCrossEntropy:
    @pytest.mark.parametrize("reduction", ["mean", "sum"])
    @given(
        shape=st.lists(st.integers(1, 4), min_size=2, max_size=3),
        masked=st.booleans(),
        binary=st.booleans(),
        seed=st.integers(0, 999),
    )
    def test_follows_scalar_arithmetic(
        self, reduction: str, shape: list[int], masked: bool, binary: bool, seed: int
    ) -> None:
        rng = np.random.default_rng(seed)
        logits, targets = 3 * rng.normal(size=shape), rng.random(shape)
        targets = targets < 0.5 if binary else targets
        mask = rng.random(shape) < 0.6 if masked else np.ones(shape, bool)
        mask.flat[0] = True

        def objective(tensors: scalar.Tensors) -> complex:
            pairs = zip(tensors["logits"][mask].tolist(), targets[mask].tolist(), strict=True)
            return sum(scalar.sigmoid_cross_entropy(z, y) for z, y in pairs) / (
                mask.sum() if reduction == "mean" else 1
            )

        loss, backprop = sigmoid_cross_entropy(logits, targets, mask=mask if masked else None, reduction=reduction)
        np.testing.assert_allclose(loss, objective({"logits": logits}).real, **EXACT)
        gradient = backprop()
        np.testing.assert_allclose(gradient, scalar.derivatives(objective, {"logits": logits})["logits"], **EXACT)
        assert not gradient[~mask].any()

    def test_equals_softmax_over_two(self) -> None:
        rng = np.random.default_rng(0)
        z, y = rng.normal(size=(4, 3, 1)), rng.integers(2, size=(4, 3))
        wanted, backprop_both = cross_entropy(np.concatenate([np.zeros_like(z), z], axis=2), y)
        loss, backprop = sigmoid_cross_entropy(z, y[:, :, None])
        assert loss == pytest.approx(wanted, rel=1e-14)
        np.testing.assert_allclose(backprop()[:, :, 0], backprop_both()[:, :, 1], **EXACT)

    @pytest.mark.parametrize("dtype", [np.float32, np.float64])
    @pytest.mark.parametrize("size", [800, 1e30])
    def test_huge_logits_neither_overflow_nor_warn(self, dtype: type, size: float) -> None:
        logits = np.array([[size, -size], [size, -size]], dtype)
        loss, backprop = sigmoid_cross_entropy(logits, np.array([[1, 0], [0, 1]]), reduction="sum")
        assert loss == pytest.approx(2 * size, rel=1e-6)
        gradient = backprop()
        assert gradient.dtype == dtype
        np.testing.assert_array_equal(gradient, [[0, 0], [1, -1]])

    def test_a_small_loss_keeps_its_digits(self) -> None:
        loss, backprop = sigmoid_cross_entropy(np.array([[40.0, -40.0]]), np.array([[1, 0]]), reduction="sum")
        assert loss == pytest.approx(2 * math.exp(-40), rel=1e-12, abs=0)
        assert backprop()[0, 1] == pytest.approx(math.exp(-40), rel=1e-12, abs=0)

    def test_one_window_as_a_part_of_a_larger_batch(self) -> None:
        rng = np.random.default_rng(0)
        logits, targets = rng.normal(size=(4, 6, 2)), rng.integers(2, size=(4, 6, 2))
        whole, backprop = sigmoid_cross_entropy(logits, targets)
        halves = [
            sigmoid_cross_entropy(logits[:, half], targets[:, half], scale=1 / 48)
            for half in (slice(3), slice(3, 6))
        ]
        assert sum(loss for loss, _ in halves) == pytest.approx(whole, rel=1e-14)
        np.testing.assert_allclose(np.concatenate([back() for _, back in halves], axis=1), backprop(), **EXACT)

    @pytest.mark.parametrize("reduction", ["mean", "sum"])
    def test_nothing_that_counts_is_a_loss_of_zero(self, reduction: str) -> None:
        logits, targets = np.ones((2, 4, 3)), np.zeros((2, 4, 3))
        loss, backprop = sigmoid_cross_entropy(logits, targets, mask=np.zeros((2, 4, 3), bool), reduction=reduction)
        assert loss == 0
        assert not backprop().any()

    def test_refuses_its_second_call(self) -> None:
        _, backprop = sigmoid_cross_entropy(np.zeros((1, 1)), np.zeros((1, 1)))
        backprop()
        with pytest.raises(UsageError, match="called before"):
            backprop()

    def test_what_does_not_fit_is_refused(self) -> None:
        logits, targets = np.zeros((2, 3, 4)), np.zeros((2, 3, 4))
        with pytest.raises(UsageError, match=r"targets has shape \(2, 3\); it must be \(T, N, J\) = \(2, 3, 4\)"):
            sigmoid_cross_entropy(logits, targets[:, :, 0])
        with pytest.raises(UsageError, match=r"the mask has shape \(3, 4\)"):
            sigmoid_cross_entropy(logits, targets, mask=np.ones((3, 4), bool))
        with pytest.raises(UsageError, match="reduction is 'max'; choose mean or sum"):
            sigmoid_cross_entropy(logits, targets, reduction="max")
        for wrong in (-1, 2, np.nan):
            targets[1, 1, 1] = wrong
            with pytest.raises(UsageError, match="they must be 0 to 1"):
                sigmoid_cross_entropy(logits, targets)


@pytest.mark.parametrize("loss", [cross_entropy, squared_error, sigmoid_cross_entropy])
def test_a_mask_of_numbers_is_refused(loss: Any) -> None:
    targets = np.zeros((2, 3), int) if loss is cross_entropy else np.zeros((2, 3, 4))
    for kind in (int, float):
        with pytest.raises(UsageError, match=f"the mask is {np.dtype(kind)}; give booleans"):
            loss(np.zeros((2, 3, 4)), targets, mask=np.eye(2, 3, dtype=kind))
