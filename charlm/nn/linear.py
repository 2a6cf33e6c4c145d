"""The dense head, ``y = W x + b`` at every step."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import DTypeLike

from charlm.nn.arrays import columns, rows, sequence
from charlm.nn.parameters import FloatArray, ParameterStore, Shape
from charlm.nn.workspace import Workspace

__all__ = ["Linear"]


class Linear:
    """Dense layer over sequences ``(T, D, N) -> (T, J, N)``.

    Parameters
    ----------
    input_size, output_size : int
        D and J.
    params : ParameterStore, optional
        Where ``W`` (J, D) and ``b`` (J,) live; a store of its own when left out.
    rng : numpy.random.Generator, optional
        Draws the start weights.
    dtype : dtype-like
        For a store of its own.
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
        if rng is not None:
            self.initialize_(rng)

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
        """Apply the layer to a whole sequence.

        Parameters
        ----------
        x : ndarray, shape (T, D, N)
        workspace : Workspace, optional
            Where the result is kept until the next window.

        Returns
        -------
        y : ndarray, shape (T, J, N)
        backprop : callable
            ``dy -> dx``; adds into ``params.grad``.
        """
        T, _, N = x.shape
        ws = Workspace() if workspace is None else workspace
        W, b, x_rows = self.params["W"], self.params["b"], rows(x)
        y = np.matmul(W, x_rows.T, out=ws.array((self, "y"), (self.output_size, T * N), W.dtype))
        np.add(y, b[:, None], out=y)

        def backprop(dy: FloatArray) -> FloatArray:
            dy_columns = columns(dy)
            self.params.gradient("W")[...] += dy_columns @ x_rows
            self.params.gradient("b")[...] += dy_columns.sum(axis=1)
            dx = np.matmul(dy_columns.T, W, out=ws.array((self, "dx"), (T * N, self.input_size), W.dtype))
            return sequence(dx.T, T)

        return sequence(y, T), backprop

    def step(self, x: FloatArray) -> FloatArray:
        """Apply the layer to one step, (D, N) → (J, N)."""
        y: FloatArray = self.params["W"] @ x
        y += self.params["b"][:, None]
        return y
