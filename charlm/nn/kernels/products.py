"""The products of a cell's time loops, whatever their arrays: of many streams or of a single one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from charlm.nn.arrays import FloatArray

__all__ = ["Product", "ProductTransposed", "Products"]


class Product(Protocol):
    """``x (N, J) -> x M_g (G, N, K)``: a `GateProduct` or `StoredProduct`."""

    product: FloatArray

    def load_(self, W: FloatArray) -> None:
        """Use the gates' matrices of `W` (all gates, K, J)."""

    def __call__(self, x: FloatArray) -> FloatArray:
        """Return ``product`` (G, N, K), which the next call overwrites."""


class ProductTransposed(Protocol):
    """``x (G, N, J) -> Σ_g x_g M_g (N, K)``: a `GateProductTransposed` or `StoredProductTransposed`.

    A call takes x as `operand` views it, and adds `addend` (N, K) if the product was made with one.
    """

    addend: FloatArray

    def load_(self, W: FloatArray) -> None:
        """Use the gates' matrices of `W` (all gates, J, K)."""

    def operand(self, x: FloatArray) -> FloatArray:
        """View x (G, N, J) as the operand of a call."""

    def __call__(self, x: FloatArray, out: FloatArray) -> None:
        """Write the sum into `out` (N, K), in place."""


class Products(NamedTuple):
    """The products of a cell's time loops, one for each group of gates with a common operand."""

    forward: Sequence[Product]
    backward: Sequence[ProductTransposed]

    def load_(self, W_h: FloatArray) -> None:
        """Pack recurrent weights (all gates, H, H), in place."""
        for forward in self.forward:
            forward.load_(W_h)
        for backward in self.backward:
            backward.load_(W_h)
