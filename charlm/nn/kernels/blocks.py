"""Products in pieces that OpenBLAS multiplies without packing.

OpenBLAS copies ("packs") both operands of a product before it multiplies, unless the product has at most about a
million multiplications. If the result has few rows or few columns, packing costs more than it saves. Such a product
is split into pieces below that limit, in one NumPy call over all of them. The split follows from the shapes alone,
never from a timing, so that the same run gives the same bits.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from charlm.nn.arrays import FloatArray
from charlm.nn.kernels.memory import empty

__all__ = ["multiply", "piece", "split"]

LARGEST_UNPACKED = 1_000_000
FEWEST_ROWS, FEWEST_COLUMNS = 8, 16
WIDE = 64  # columns that a kernel of OpenBLAS computes at once
SHORT = 200  # rows or columns of a result for which packing does not pay
LONGEST_SUM = 256  # terms; with more, operands leave the fastest cache between two uses


def piece(M: int, K: int, N: int) -> tuple[int, int]:
    """Return the rows and columns of a piece of a product (M, K) (K, N); M and N if no split fits.

    Examples
    --------
    >>> piece(16, 512, 512), piece(32, 512, 512), piece(65, 192, 192)
    ((16, 64), (16, 64), (65, 64))
    """
    return _piece(M, K, N, LARGEST_UNPACKED)


@lru_cache(maxsize=256)
def _piece(M: int, K: int, N: int, limit: int) -> tuple[int, int]:
    fitting = (
        (P * R, min(R, WIDE), P, R)
        for P in _divisors(M, FEWEST_ROWS)
        for R in _divisors(N, FEWEST_COLUMNS)
        if limit >= P * R * K
    )
    _, _, rows, columns = max(fitting, default=(0, 0, M, N))
    return rows, columns


def _divisors(number: int, least: int) -> list[int]:
    return [d for d in range(min(number, least), number + 1) if number % d == 0]


def split(x: FloatArray, rows: int, columns: int) -> FloatArray:
    """View (…, M, N) as its pieces (…, N / columns, M / rows, rows, columns), without a copy."""
    *stack, M, N = x.shape
    k = len(stack)
    pieces = x.reshape(*stack, M // rows, rows, N // columns, columns)
    return pieces.transpose(*range(k), k + 2, k, k + 1, k + 3)


def multiply(a: FloatArray, b: FloatArray, out: FloatArray | None = None) -> FloatArray:
    """Multiply matrices as ``np.matmul`` does, in pieces where the result has few rows or columns.

    Parameters
    ----------
    a : ndarray, shape (…, M, K)
    b : ndarray, shape (…, K, N)
        Fastest if the entries of a row are neighbours in memory.
    out : ndarray, shape (…, M, N), optional
        The array for the product.

    Returns
    -------
    ndarray, shape (…, M, N)
    """
    (M, K), N = a.shape[-2:], b.shape[-1]
    if min(M, N) > SHORT or M * K * N <= LARGEST_UNPACKED:
        return np.matmul(a, b, out=out)
    if out is None:
        out = empty((*np.broadcast_shapes(a.shape[:-2], b.shape[:-2]), M, N), a.dtype)
    _multiply(a[..., :LONGEST_SUM], b[..., :LONGEST_SUM, :], out)
    for start in range(LONGEST_SUM, K, LONGEST_SUM):
        terms = slice(start, start + LONGEST_SUM)
        part = empty(out.shape, out.dtype)
        out += _multiply(a[..., terms], b[..., terms, :], part)
    return out


def _multiply(a: FloatArray, b: FloatArray, out: FloatArray) -> FloatArray:
    (M, K), N = a.shape[-2:], b.shape[-1]
    rows, columns = piece(M, K, N)
    np.matmul(split(a, rows, K), split(b, K, columns), out=split(out, rows, columns), order="C")
    return out
