"""The products of a time step: a few rows, one a stream, times the matrices of a cell's gates.

OpenBLAS copies ("packs") both operands of a product before it multiplies, which costs more than it saves when one
of them has few rows; up to about a million multiplications it does without. So each gate's matrix is kept in
blocks of R columns with N·J·R below a million, and a product is one call over the stack of blocks. R follows from
the shapes alone, never from a timing, so that the same run gives the same bits. With one stream nothing is
packed anyway, and all gates are one product of a vector and a matrix.

Matrices that are too large for a core's own cache are read anew at every step. So they are taken gate after gate,
each time from the end at which the last product stopped: what that one used last is still there.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import DTypeLike

from charlm.nn.memory import empty
from charlm.nn.parameters import FloatArray

__all__ = ["Gate", "Gather", "Products", "Spread", "both_ways", "transpose_"]

LARGEST_UNPACKED = 1_000_000
FEWEST_COLUMNS = 16
LARGEST_KEPT = 2**21  # bytes; caches of a core's own have one or two times 2²⁰
TILE = 16


class Gate(NamedTuple):
    """A gate: its place in the files' order, and what its weights are multiplied with on the way forward."""

    place: int
    scale: float


def transpose_(W: FloatArray, scale: float, out: FloatArray) -> None:
    """Write ``scale · Wᵀ`` of W (K, J) into blocks of its columns (S, J, R), in place.

    Where sixteen divides R, as products with a scaled identity, many times quicker than NumPy's strided copy; with
    a power of two as scale they are exact.
    """
    S, J, R = out.shape
    if R % TILE:
        np.multiply(W.reshape(S, R, J).transpose(0, 2, 1), scale, out=out)
        return
    identity = np.eye(TILE, dtype=W.dtype) * W.dtype.type(scale)
    tiles = W.reshape(S, R // TILE, TILE, J).transpose(0, 1, 3, 2)
    np.matmul(tiles, identity, out=out.reshape(S, J, R // TILE, TILE).transpose(0, 2, 1, 3))


class _Blocks:
    """The blocks (G, S, J, R) of G matrices (J, K) for products with N rows."""

    def __init__(self, gates: Sequence[Gate], J: int, K: int, N: int, dtype: DTypeLike) -> None:
        self.gates = gates
        most = min(K, LARGEST_UNPACKED // (N * J))
        R = K if N == 1 else next((R for R in range(most, FEWEST_COLUMNS - 1, -1) if K % R == 0), K)
        self._blocks = empty((len(gates), K // R, J, R), dtype)
        self._too_large = self._blocks.nbytes > LARGEST_KEPT

    def _cut(self, flat: FloatArray) -> FloatArray:
        """See (G, N, K) as blocks (G, S, N, R)."""
        G, N, _ = flat.shape
        return flat.reshape(G, N, -1, self._blocks.shape[-1]).transpose(0, 2, 1, 3)


class Spread(_Blocks):
    """One x for every gate, ``x (N, J) -> x M_g (G, N, K)``: the way forward.

    Parameters
    ----------
    gates : sequence of Gate
        Whose matrices, in which order.
    J, K : int
    N : int or None
        None for a single stream without an axis of its own: x (J,), product (G, K).
    dtype : dtype-like

    Attributes
    ----------
    product : ndarray, shape (G, N, K)
        Of the last call.
    """

    def __init__(self, gates: Sequence[Gate], J: int, K: int, N: int | None, dtype: DTypeLike) -> None:
        super().__init__(gates, J, K, N or 1, dtype)
        G = len(gates)
        self.product = empty((G, K) if N is None else (G, N, K), dtype)
        single = N in (1, None)
        self._multiply = np.dot if single else np.matmul
        self._pieces: list[tuple[FloatArray, FloatArray]]  # matrices, and where their products go
        if self._too_large:
            products = self.product if single else self._cut(self.product)
            self._pieces = list(zip(self._blocks[:, 0] if single else self._blocks, products, strict=True))
        elif single:  # (J, G·K): the gates side by side
            matrix = empty((J, G * K), dtype)
            self._blocks = matrix.reshape(J, 1, G, K).transpose(2, 1, 0, 3)
            self._pieces = [(matrix, self.product.reshape(-1) if N is None else self.product.reshape(1, -1))]
        else:
            self._pieces = [(self._blocks, self._cut(self.product))]

    def load_(self, W: FloatArray) -> None:
        """Copy the gates' matrices out of `W` (all gates, K, J), transposed and scaled, in place."""
        for blocks, gate in zip(self._blocks, self.gates, strict=True):
            transpose_(W[gate.place], gate.scale, out=blocks)

    def __call__(self, x: FloatArray) -> FloatArray:
        """Return ``product`` (G, N, K), which the next call overwrites."""
        for matrices, out in self._pieces:
            self._multiply(x, matrices, out)
        if self._too_large:
            self._pieces.reverse()
        return self.product


class Gather(_Blocks):
    """Every gate's x, one sum, ``x (G, N, J) -> Σ_g x_g M_g (N, K)``: the way back.

    Parameters
    ----------
    gates : sequence of Gate
        Whose matrices, in which order.
    J, K, N : int
    dtype : dtype-like

    Attributes
    ----------
    addend : ndarray, shape (N, K)
        What is added to the sum, if that was asked for.
    """

    def __init__(
        self, gates: Sequence[Gate], J: int, K: int, N: int, dtype: DTypeLike, *, addend: bool = False
    ) -> None:
        super().__init__(gates, J, K, N, dtype)
        G = len(gates)
        self._matrix = self._blocks.reshape(G * J, K) if N == 1 else None
        parts = 1 if N == 1 else G
        self._parts = empty((parts + addend, N, K), dtype)
        self._cuts = self._cut(self._parts[:parts])
        self._order = list(range(G))
        self.addend = self._parts[-1]
        self._with_addend = addend

    def load_(self, W: FloatArray) -> None:
        """Copy the gates' matrices out of `W` (all gates, J, K), in place."""
        for blocks, gate in zip(self._blocks, self.gates, strict=True):
            S, J, R = blocks.shape
            blocks[...] = W[gate.place].reshape(J, S, R).transpose(1, 0, 2)

    def __call__(self, x: FloatArray, out: FloatArray) -> None:
        """Write the sum into `out` (N, K), in place; `x` is (G, 1, N, J)."""
        if self._matrix is None and self._too_large:
            for g in self._order:
                np.matmul(x[g], self._blocks[g], self._cuts[g])
            self._order.reverse()
        elif self._matrix is None:
            np.matmul(x, self._blocks, self._cuts)
        elif not self._with_addend:
            np.dot(x.reshape(1, -1), self._matrix, out)
            return
        else:
            np.dot(x.reshape(1, -1), self._matrix, self._parts[0])
        np.add.reduce(self._parts, axis=0, out=out)


class Products(NamedTuple):
    """The products of a cell whose gates all multiply the same state."""

    forward: Spread
    backward: Gather


def both_ways(gates: Sequence[Gate], H: int, N: int, dtype: DTypeLike, *, addend: bool = False) -> Products:
    """Return the product of N streams' states (N, H) with gates' matrices, and the one with their transposes."""
    return Products(Spread(gates, H, H, N, dtype), Gather(gates, H, H, N, dtype, addend=addend))
