"""The products of a time step against plain ones."""

from __future__ import annotations

import numpy as np
import pytest

from charlm.nn.kernels import blocks, gate_products
from charlm.nn.kernels.gate_products import GateProduct, GateProductTransposed, transpose_
from charlm.nn.kernels.gates import Gate

SHAPES = [(1, 1, 1), (5, 7, 3), (16, 16, 1), (48, 100, 5), (33, 66, 2), (64, 1024, 3), (128, 512, 2), (97, 96, 4)]
SHAPES += [(64, 128, 16), (40, 96, 24)]  # rows enough to be cut
GATES = [Gate(2, 1.0), Gate(0, 0.5)]
LIMITS = [10, 20_000, 100_000, 1_000_000]  # an upper limit for a block
KEPT = [0, gate_products.LARGEST_CACHED]  # whether matrices are taken one by one, to and fro


@pytest.mark.parametrize("kept", KEPT)
@pytest.mark.parametrize("limit", LIMITS)
@pytest.mark.parametrize(("J", "K", "N"), SHAPES)
def test_forward(J: int, K: int, N: int, limit: int, kept: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "LARGEST_UNPACKED", limit)
    monkeypatch.setattr(gate_products, "LARGEST_CACHED", kept)
    rng = np.random.default_rng(0)
    W, x = rng.normal(size=(3, K, J)), rng.normal(size=(N, J))
    product_of = GateProduct(GATES, J, K, N, np.float64)
    for _ in range(3):
        product_of.load_(W)
        np.testing.assert_allclose(product_of(x), [x @ W[2].T, x @ W[0].T * 0.5], rtol=1e-10, atol=1e-10)
        W *= 3


@pytest.mark.parametrize("kept", KEPT)
@pytest.mark.parametrize(("J", "K"), [(1, 1), (5, 7), (64, 96)])
def test_forward_of_one_stream_without_an_axis(J: int, K: int, kept: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate_products, "LARGEST_CACHED", kept)
    rng = np.random.default_rng(0)
    W, x = rng.normal(size=(3, K, J)), rng.normal(size=J)
    product_of = GateProduct(GATES, J, K, None, np.float64)
    for _ in range(3):
        product_of.load_(W)
        np.testing.assert_allclose(product_of(x), [W[2] @ x, W[0] @ x * 0.5], rtol=1e-10, atol=1e-10)
        W *= 3


@pytest.mark.parametrize(
    ("N", "kept", "asked"), [(None, 200, True), (None, 2**21, False), (1, 200, False), (3, 200, False)]
)
@pytest.mark.parametrize("offered", [False, True])
def test_only_a_large_matrix_of_a_single_stream_is_multiplied_in_another_way(
    N: int | None, kept: int, asked: bool, offered: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gate_products, "LARGEST_CACHED", kept)
    rng = np.random.default_rng(0)
    sizes, shapes = [], []

    def dot(x: np.ndarray, matrix: np.ndarray, out: np.ndarray) -> None:
        shapes.append(matrix.shape)
        np.dot(x, matrix, out)

    def dot_for(columns: int, caches: int):
        sizes.append((columns, caches))
        return dot if offered else None

    W, x = rng.normal(size=(3, 7, 5)), rng.normal(size=(N or 1, 5))
    product_of = GateProduct(GATES, 5, 7, N, np.float64, dot_for=dot_for)
    product_of.load_(W)
    product = product_of(x[0] if N is None else x)
    np.testing.assert_allclose(product.reshape(2, -1, 7), [x @ W[2].T, x @ W[0].T * 0.5], rtol=1e-10)
    assert sizes == ([(14, 3)] if asked else [])  # 560 bytes
    assert shapes == ([(5, 14)] if asked and offered else [])


@pytest.mark.parametrize("kept", KEPT)
@pytest.mark.parametrize("addend", [False, True])
@pytest.mark.parametrize("limit", LIMITS)
@pytest.mark.parametrize(("J", "K", "N"), SHAPES)
def test_transposed(
    J: int, K: int, N: int, limit: int, addend: bool, kept: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(blocks, "LARGEST_UNPACKED", limit)
    monkeypatch.setattr(gate_products, "LARGEST_CACHED", kept)
    rng = np.random.default_rng(0)
    W, x, out = rng.normal(size=(3, J, K)), rng.normal(size=(2, N, J)), np.full((N, K), np.nan)
    transposed = GateProductTransposed(GATES, J, K, N, np.float64, addend=addend)
    for _ in range(3):
        transposed.load_(W)
        wanted = x[0] @ W[2] + x[1] @ W[0]
        if addend:
            transposed.addend[...] = rng.normal(size=(N, K))
            wanted += transposed.addend
        transposed(transposed.operand(x), out)
        np.testing.assert_allclose(out, wanted, rtol=1e-10, atol=1e-10)
        W *= 3


def test_the_cuts_that_are_tested_differ(monkeypatch: pytest.MonkeyPatch) -> None:
    cuts = set()
    for limit in LIMITS:
        monkeypatch.setattr(blocks, "LARGEST_UNPACKED", limit)
        cuts.add(GateProduct(GATES, 64, 1024, 3, np.float64)._blocks.shape)
    assert len(cuts) == 3
    monkeypatch.setattr(blocks, "LARGEST_UNPACKED", 20_000)
    assert [GateProduct(GATES, J, K, N, np.float64)._rows for J, K, N in SHAPES[-2:]] == [8, 8]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("K", "J", "R"), [(64, 5, 16), (64, 33, 32), (96, 64, 96), (60, 7, 20), (7, 3, 7)])
def test_transposing_is_exact(K: int, J: int, R: int, dtype: type[np.floating]) -> None:
    gates = (Gate(3, 0.5), Gate(0, 0.5), Gate(1, 0.5), Gate(2, 1.0))
    W = np.random.default_rng(0).normal(size=(4, K, J)).astype(dtype)
    W[:, 0, 0], W[:, -1, -1] = 1e-42, -0.0  # a denormal number, and what a sum with zeros keeps by value
    out = np.full((4, K // R, J, R), np.nan, dtype)
    transpose_(W, gates, out=out)
    for of_gate, gate in zip(out, gates, strict=True):
        expected = W[gate.position].reshape(K // R, R, J).transpose(0, 2, 1) * dtype(gate.scale)
        np.testing.assert_array_equal(of_gate, expected)
