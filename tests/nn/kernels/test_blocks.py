"""Products in pieces against plain ones."""

from __future__ import annotations

import numpy as np
import pytest

from charlm.nn.kernels import blocks
from charlm.nn.kernels.blocks import multiply, piece, split

SHAPES = [(1, 1, 1), (65, 192, 192), (8, 2000, 16), (48, 300, 100), (128, 256, 128), (13, 700, 40), (97, 64, 96)]
LIMITS = [1, 5_000, 40_000, 1_000_000]  # multiplications of a piece at most


@pytest.mark.parametrize("limit", LIMITS)
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("given", [False, True])
def test_multiply(shape: tuple[int, int, int], limit: int, given: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "LARGEST_UNPACKED", limit)
    M, K, N = shape
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(3, M, K)), rng.normal(size=(K, N))
    out = np.full((3, M, N), np.nan) if given else None
    product = multiply(a, b, out)
    assert out is None or product is out
    np.testing.assert_allclose(product, a @ b, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("limit", LIMITS)
def test_operands_may_be_views_and_stacks(limit: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "LARGEST_UNPACKED", limit)
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(4, 300, 48)).transpose(0, 2, 1), rng.normal(size=(96, 600))[:, ::2].T
    out = np.zeros((2, 4, 48, 96))[1]
    np.testing.assert_allclose(multiply(a, b, out), a @ b, rtol=1e-10, atol=1e-10)
    each = rng.normal(size=(4, 300, 96))
    np.testing.assert_allclose(multiply(a, each), a @ each, rtol=1e-10, atol=1e-10)


def test_a_large_product_is_left_to_numpy() -> None:
    a, b = np.random.default_rng(0).normal(size=(2, 256, 256))
    np.testing.assert_array_equal(multiply(a, b), a @ b)


@pytest.mark.parametrize(("M", "K", "N"), [(16, 512, 512), (65, 256, 256), (64, 1024, 1024), (10, 100, 100)])
def test_a_piece_divides_the_product_and_stays_below_the_limit(M: int, K: int, N: int) -> None:
    rows, columns = piece(M, K, N)
    assert M % rows == 0
    assert N % columns == 0
    assert rows * K * columns <= blocks.LARGEST_UNPACKED


def test_what_cannot_be_cut_stays_whole() -> None:
    assert piece(67, 10_000, 509) == (67, 509)


def test_cut_shows_the_same_memory() -> None:
    x = np.arange(24).reshape(4, 6)
    shown = split(x, 2, 3)
    assert shown.tolist() == [
        [[[0, 1, 2], [6, 7, 8]], [[12, 13, 14], [18, 19, 20]]],
        [[[3, 4, 5], [9, 10, 11]], [[15, 16, 17], [21, 22, 23]]],
    ]
    shown[1, 0] = -1
    assert (x[:2, 3:] == -1).all()
    assert (x[:2, :3] >= 0).all()
