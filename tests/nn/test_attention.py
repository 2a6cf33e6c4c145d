"""Attention against naive loops, finite differences, and at its limits. PyTorch's is in the parity tests."""

from __future__ import annotations

import math

import numpy as np
import pytest

from charlm.errors import UsageError
from charlm.nn import check_gradients, dot_attention
from charlm.nn.arrays import FloatArray

T, S, N, H, D = 2, 5, 4, 3, 6


def draw(seed: int = 0, *, full: bool = False) -> tuple[list[FloatArray], np.ndarray]:
    """Return queries, keys, values, and a mask; stream 1 has no keys, stream 2 all."""
    rng = np.random.default_rng(seed)
    mask = rng.random((S, N)) < 0.5
    mask[0], mask[:, 1], mask[:, 2] = True, False, True
    return [rng.normal(size=shape) for shape in ((T, N, H), (S, N, H), (S, N, D))], mask | full


def naive(queries: FloatArray, keys: FloatArray, values: FloatArray, mask: np.ndarray, scale: float):
    context, weights = np.zeros((T, N, D)), np.zeros((T, N, S))
    for t in range(T):
        for n in range(N):
            scores = {s: math.exp(scale * sum(queries[t, n] * keys[s, n])) for s in range(S) if mask[s, n]}
            for s, e in scores.items():
                weights[t, n, s] = e / sum(scores.values())
                context[t, n] += weights[t, n, s] * values[s, n]
    return context, weights


@pytest.mark.parametrize("scale", [None, 1.0])
@pytest.mark.parametrize("full", [False, True])
def test_naive_loops_give_the_same(scale: float | None, full: bool) -> None:
    arrays, mask = draw(full=full)
    context, weights, _ = dot_attention(*arrays, None if full else mask, scale)
    wanted, wanted_weights = naive(*arrays, mask, H**-0.5 if scale is None else scale)
    np.testing.assert_allclose(context, wanted, rtol=1e-13, atol=1e-15)
    np.testing.assert_allclose(weights, wanted_weights, rtol=1e-13, atol=1e-15)


@pytest.mark.parametrize("full", [False, True])
def test_every_gradient(full: bool) -> None:
    arrays, mask = draw(full=full)
    rng = np.random.default_rng(1)
    dcontext, dweights = rng.normal(size=(T, N, D)), rng.normal(size=(T, N, S))

    def loss() -> float:
        context, weights, _ = dot_attention(*arrays, mask)
        return float((context * dcontext).sum() + (weights * dweights).sum())

    names = ("queries", "keys", "values")
    _, _, backprop = dot_attention(*arrays, mask)
    gradients = dict(zip(names, backprop(dcontext, dweights), strict=True))
    assert check_gradients(loss, dict(zip(names, arrays, strict=True)), gradients, rng=rng, entries=99).passed


def test_a_stream_without_keys_has_no_context() -> None:
    arrays, mask = draw()
    context, weights, backprop = dot_attention(*arrays, mask)
    assert not context[:, 1].any()
    assert not weights[:, 1].any()
    for gradient in backprop(np.ones_like(context)):
        assert not gradient[:, 1].any()
    np.testing.assert_allclose(np.delete(weights, 1, axis=1).sum(axis=2), 1, rtol=1e-15)


def test_no_keys_at_all() -> None:
    (queries, keys, values), _ = draw()
    context, weights, backprop = dot_attention(queries, keys[:0], values[:0])
    assert not context.any()
    assert weights.shape == (T, N, 0)
    assert [gradient.shape for gradient in backprop(context)] == [(T, N, H), (0, N, H), (0, N, D)]


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e300])
def test_what_is_masked_changes_no_bit(value: float) -> None:
    arrays, mask = draw()
    results = []
    for _ in range(2):
        context, weights, backprop = dot_attention(*arrays, mask)
        gradients = backprop(np.cos(context))
        assert not gradients[1][~mask].any()
        assert not gradients[2][~mask].any()
        results.append((context, weights, *gradients))
        arrays[1][~mask] = arrays[2][~mask] = value
    for got, wanted in zip(*results, strict=True):
        np.testing.assert_array_equal(got, wanted)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_huge_scores_neither_overflow_nor_warn(dtype: type) -> None:
    keys = np.array([[[1e4, 0]], [[-1e4, 1]], [[1e4, 0]]], dtype)
    context, weights, backprop = dot_attention(keys[:1] * 100, keys, keys)
    assert context.dtype == weights.dtype == dtype
    np.testing.assert_array_equal(weights, [[[0.5, 0, 0.5]]])
    assert all(gradient.dtype == dtype and np.isfinite(gradient).all() for gradient in backprop(context))


def test_shapes_that_do_not_fit_are_refused() -> None:
    (queries, keys, values), mask = draw()
    with pytest.raises(UsageError, match=r"keys has shape \(4, 4, 3\); it must be \(S, N, H\) = \(5, 4, 3\)"):
        dot_attention(queries, keys[1:], values)
    with pytest.raises(UsageError, match=r"values has shape \(5, 3, 6\)"):
        dot_attention(queries, keys, values[:, 1:])
    with pytest.raises(UsageError, match=r"the mask has shape \(4, 5\)"):
        dot_attention(queries, keys, values, mask.T)
    with pytest.raises(UsageError, match="the mask is int64; give booleans"):
        dot_attention(queries, keys, values, mask.astype(np.int64))
    with pytest.raises(UsageError, match=r"queries has shape \(4, 3\); it must be \(T, N, H\)"):
        dot_attention(queries[0], keys, values)
    with pytest.raises(UsageError, match=r"values has shape \(4, 6\); it must be \(S, N, D\)"):
        dot_attention(queries, keys, values[0])
