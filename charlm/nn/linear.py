"""The dense head, ``y = x Wᵀ + b`` at every step."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import DTypeLike

from charlm.nn.arrays import FloatArray, Shape, check_shape
from charlm.nn.backprop import once
from charlm.nn.kernels.workspace import Workspace
from charlm.nn.parameters import ParameterStore

__all__ = ["Linear", "add_product_"]

ROWS = 1024  # of a product at once


class Linear:
    """Dense layer over sequences ``(T, N, D) -> (T, N, J)``, or over one step ``(N, D) -> (N, J)``.

    Parameters
    ----------
    input_size, output_size : int
        D and J.
    params : ParameterStore, optional
        A store with ``W`` (J, D) and ``b`` (J,), used as they are unless `rng` is given; by default a new one.
    rng : numpy.random.Generator, optional
        Draws the initial weights. Without it, those of a new store are drawn with seed 0.
    dtype : dtype-like
        Precision of a new store.

    Examples
    --------
    >>> head = Linear(3, 2)
    >>> y, backprop = head.forward(np.ones((4, 5, 3), np.float32))
    >>> y.shape, backprop(np.ones_like(y)).shape
    ((4, 5, 2), (4, 5, 3))
    """

    def __init__(
        self,
        input_size: int,
        output_size: int,
        *,
        params: ParameterStore | None = None,
        rng: np.random.Generator | None = None,
        dtype: DTypeLike = np.float32,
    ) -> None:
        self.input_size, self.output_size = input_size, output_size
        self.params = ParameterStore(self.shapes(input_size, output_size), dtype) if params is None else params
        if params is None or rng is not None:
            self.initialize_(np.random.default_rng(0) if rng is None else rng)

    @classmethod
    def shapes(cls, input_size: int, output_size: int) -> dict[str, Shape]:
        """Return the shape of each parameter."""
        return {"W": (output_size, input_size), "b": (output_size,)}

    def initialize_(self, rng: np.random.Generator) -> None:
        """Draw weights uniform in ±1/√D and zero biases, in place."""
        bound = self.input_size**-0.5
        self.params["W"][...] = rng.uniform(-bound, bound, self.params["W"].shape)
        self.params["b"][...] = 0

    def forward(
        self, x: FloatArray, *, workspace: Workspace | None = None
    ) -> tuple[FloatArray, Callable[[FloatArray], FloatArray]]:
        """Apply the layer.

        Parameters
        ----------
        x : ndarray, shape (T, N, D) or (N, D)
        workspace : Workspace, optional
            Arrays for the result, overwritten by the next window.

        Returns
        -------
        y : ndarray, shape (T, N, J) or (N, J)
            Stored as (J, T·N), the fastest order for a softmax over few symbols.
        backprop : callable
            ``dy -> dx``; adds into ``params.grad``; once only.

        Raises
        ------
        UsageError
            If x does not have D features.
        """
        D, J = self.input_size, self.output_size
        if x.ndim not in (2, 3) or x.shape[-1] != D:
            check_shape("the input", x, (None, None, D), "(T, N, D)")
        *leading, _ = x.shape
        ws = Workspace() if workspace is None else workspace
        W, b, x_rows = self.params["W"], self.params["b"], x.reshape(-1, D)
        y = np.matmul(W, x_rows.T, out=ws.array((self, "y"), (J, len(x_rows)), W.dtype))
        np.add(y, b[:, None], out=y)

        @once
        def backprop(dy: FloatArray) -> FloatArray:
            check_shape("dy", dy, (*leading, J), "(T, N, J)" if len(leading) == 2 else "(N, J)")
            dy_columns = dy.reshape(-1, J).T
            add_product_(self.params.gradient("W"), dy_columns, x_rows)
            self.params.gradient("b")[...] += dy_columns.sum(axis=1)
            dx = np.matmul(dy_columns.T, W, out=ws.array((self, "dx"), x_rows.shape, W.dtype))
            return dx.reshape(x.shape)

        return y.T.reshape(*leading, J), backprop


def add_product_(sums: FloatArray, a: FloatArray, b: FloatArray) -> None:
    """Add a product of matrices ``a b`` to `sums`, in place, without a second array of that size."""
    for start in range(0, len(sums), ROWS):
        rows = slice(start, start + ROWS)
        sums[rows] += a[rows] @ b
