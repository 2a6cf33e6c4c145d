"""The products of a time step: one row for each stream, times the matrices of a cell's gates.

A product is one call over blocks (`charlm.nn.kernels.blocks`): the matrix of each gate is stored in blocks of R
columns, one after the other, and rows are split too if a block has fewer. With one stream, all gates are one
product of a vector and a matrix.

Matrices too large for a core's private cache are read from memory at every step. They are multiplied gate by gate,
in alternating order: a product begins with the matrices that the product before it left in the cache.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache, partial
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import DTypeLike

from charlm.nn.arrays import FloatArray
from charlm.nn.kernels.blocks import piece, split
from charlm.nn.kernels.gates import Gate, runs
from charlm.nn.kernels.memory import empty
from charlm.nn.kernels.products import Products

__all__ = [
    "DotFor",
    "GateProduct",
    "GateProductTransposed",
    "multiply_row_invariant",
    "packed_products",
    "transpose_",
]

LARGEST_CACHED = 2**21  # bytes; a core's private cache has 2²⁰ or 2²¹
TILE = 16
INVARIANT_ROWS = 8
"""Rows of a row-invariant product, whose rows have the same bits in every position. OpenBLAS's kernels round all of
eight rows in one way; with more, some kernels (Haswell's) round the first twelve differently."""


DotFor: TypeAlias = Callable[[int, int], Callable[..., object] | None]
"""``(columns, caches) -> dot`` or None: a product of a vector and a matrix that fills so many cores' caches."""


def transpose_(W: FloatArray, gates: Sequence[Gate], out: FloatArray) -> None:
    """Write ``scale · Wᵀ`` of the gates of W (all gates, K, J) into blocks of columns (G, S, J, R), in place.

    If R is a multiple of 16, it is a product with scaled identities, many times faster than NumPy's strided copy,
    and exact if the scales are powers of two. One product serves all gates that are adjacent in W.
    """
    _, S, J, R = out.shape
    identities = scaled_identities(tuple(gates), W.dtype)
    for kernel, files in runs(tuple(gates)):
        if R % TILE:
            scaled = W[files] * identities[kernel, :1, :1]
            out[kernel] = scaled.reshape(-1, S, R, J).swapaxes(2, 3)  # faster than a product written transposed
        else:
            tiles = W[files].reshape(-1, S, R // TILE, TILE, J).swapaxes(3, 4)
            columns = out[kernel].reshape(-1, S, J, R // TILE, TILE).swapaxes(2, 3)
            np.matmul(tiles, identities[kernel, None, None], out=columns)


@cache
def scaled_identities(gates: tuple[Gate, ...], dtype: np.dtype[Any]) -> FloatArray:
    """Return each gate's scale times the identity of a tile, (G, 16, 16)."""
    return np.stack([gate.scale * np.eye(TILE, dtype=dtype) for gate in gates])


def invariant_rows(N: int) -> int:
    """Return how many rows of N to multiply at once for a row-invariant product: all if N is no multiple of 8."""
    return N if N % INVARIANT_ROWS else INVARIANT_ROWS


def multiply_row_invariant(x: FloatArray, M: FloatArray) -> FloatArray:
    """Return ``x M`` of x (N, J) and M (…, J, K), shape (…, N, K), `invariant_rows` rows at once."""
    N, J = x.shape
    product: FloatArray = np.matmul(x.reshape(-1, invariant_rows(N), J), M if M.ndim == 2 else M[..., None, :, :])
    return product.reshape(*M.shape[:-2], N, -1)


class _Blocks:
    """The blocks (G, S, J, R) of G matrices (J, K) for products with N rows."""

    def __init__(
        self, gates: Sequence[Gate], J: int, K: int, N: int, dtype: DTypeLike, *, row_invariant: bool = False
    ) -> None:
        self.gates = gates
        P, R = (1, K) if N == 1 else piece(invariant_rows(N) if row_invariant else N, J, K)
        self._rows = P if P < N else None  # rows of a piece; None for all
        self._blocks = empty((len(gates), K // R, J, R), dtype)
        self._matrices = self._blocks if self._rows is None else self._blocks[:, :, None]
        self._multiply: Callable[..., object] = np.matmul
        if self._rows is not None:
            self._multiply = partial(np.matmul, order="C")  # all rows with a block before the next block
        self._too_large = self._blocks.nbytes > LARGEST_CACHED

    def _split(self, flat: FloatArray) -> FloatArray:
        """View (G, N, K) as pieces (G, S, N, R), or (G, S, N / P, P, R) if a piece has P rows."""
        pieces = split(flat, self._rows or flat.shape[1], self._blocks.shape[-1])
        return pieces[:, :, 0] if self._rows is None else pieces


class GateProduct(_Blocks):
    """The product of the forward pass, ``x (N, J) -> x M_g (G, N, K)``: one x for all gates.

    Parameters
    ----------
    gates : sequence of Gate
        The gates of the matrices, in their order.
    J, K : int
    N : int or None
        None for a single stream without an axis: x (J,), product (G, K).
    dtype : dtype-like
    dot_for : callable, optional
        For such a stream: a faster product with a matrix too large for a core's cache.
    row_invariant : bool
        Whether a row has the same bits in every position, if `INVARIANT_ROWS` divides N.

    Attributes
    ----------
    product : ndarray, shape (G, N, K)
        The result of the last call.
    """

    def __init__(
        self,
        gates: Sequence[Gate],
        J: int,
        K: int,
        N: int | None,
        dtype: DTypeLike,
        *,
        dot_for: DotFor | None = None,
        row_invariant: bool = False,
    ) -> None:
        super().__init__(gates, J, K, N or 1, dtype, row_invariant=row_invariant)
        G = len(gates)
        self.product = empty((G, K) if N is None else (G, N, K), dtype)
        single = N in (1, None)
        if single:
            self._multiply = np.ndarray.dot  # quicker than `np.dot` by 0.15 µs
        if self._too_large and N is None and dot_for is not None:
            dot = dot_for(G * K, -(-self._blocks.nbytes // LARGEST_CACHED))
            if dot is not None:
                self._multiply, self._too_large = dot, False
        if not single:
            self._products = self._split(self.product)
        elif self._too_large:
            self._matrices, self._products = self._blocks[:, 0], self.product
        else:  # (J, G·K): the gates are adjacent
            self._matrices = empty((J, G * K), dtype)
            self._blocks = self._matrices.reshape(J, 1, G, K).transpose(2, 1, 0, 3)
            self._products = self.product.reshape(-1) if N is None else self.product.reshape(1, -1)
        self._order = list(range(G))

    def load_(self, W: FloatArray) -> None:
        """Copy the gates' matrices from `W` (all gates, K, J), transposed and scaled, in place."""
        transpose_(W, self.gates, out=self._blocks)

    def __call__(self, x: FloatArray) -> FloatArray:
        """Return ``product`` (G, N, K), which the next call overwrites."""
        if self._rows is not None:
            x = x.reshape(-1, self._rows, x.shape[-1])
        if self._too_large:
            for g in self._order:
                self._multiply(x, self._matrices[g], self._products[g])
            self._order.reverse()
        else:
            self._multiply(x, self._matrices, self._products)
        return self.product


class GateProductTransposed(_Blocks):
    """The product of the backward pass, ``x (G, N, J) -> Σ_g x_g M_g (N, K)``: a sum over the gates.

    A call takes x as `operand` views it; a time loop does that once, for all windows.

    Parameters
    ----------
    gates : sequence of Gate
        The gates of the matrices, in their order.
    J, K, N : int
    dtype : dtype-like
    addend : bool
        Whether the sum has `addend` as another term.

    Attributes
    ----------
    addend : ndarray, shape (N, K)
    """

    def __init__(
        self, gates: Sequence[Gate], J: int, K: int, N: int, dtype: DTypeLike, *, addend: bool = False
    ) -> None:
        super().__init__(gates, J, K, N, dtype)
        G = len(gates)
        self._parts = empty((G + addend, N, K), dtype)
        self._flat, self._ones = self._parts.reshape(len(self._parts), -1), np.ones(len(self._parts), dtype)
        self._pieces = self._split(self._parts[:G])
        self._order = list(range(G))
        self.addend = self._parts[-1]

    def load_(self, W: FloatArray) -> None:
        """Copy the gates' matrices from `W` (all gates, J, K), in place."""
        _, S, J, R = self._blocks.shape
        for kernel, files in runs(tuple(self.gates)):
            self._blocks[kernel] = W[files].reshape(-1, J, S, R).swapaxes(1, 2)

    def operand(self, x: FloatArray) -> FloatArray:
        """View x (G, N, J) as the operand of a call."""
        return x[:, None] if self._rows is None else x.reshape(len(x), 1, -1, self._rows, x.shape[-1])

    def __call__(self, x: FloatArray, out: FloatArray) -> None:
        """Write the sum into `out` (N, K), in place."""
        if self._too_large:
            for g in self._order:
                self._multiply(x[g], self._matrices[g], self._pieces[g])
            self._order.reverse()
        else:
            self._multiply(x, self._matrices, self._pieces)
        self._ones.dot(self._flat, out.reshape(-1))  # faster than `sum`, and quicker than `np.dot` by 0.15 µs


def packed_products(
    groups: Sequence[Sequence[Gate]], H: int, N: int, dtype: DTypeLike, *, addend: bool
) -> Products:
    """Return the products of a cell's time loops for N streams; the first one backward with an addend if asked."""
    return Products(
        [GateProduct(gates, H, H, N, dtype) for gates in groups],
        [GateProductTransposed(gates, H, H, N, dtype, addend=addend and k == 0) for k, gates in enumerate(groups)],
    )
