"""The embedding layer: a learned column of features for every symbol."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import DTypeLike

from charlm.nn.arrays import FloatArray, IdArray, Lookup, Shape, occurring, table_shape
from charlm.nn.backprop import once
from charlm.nn.parameters import ParameterStore

__all__ = ["Embedding"]


class Embedding:
    """Embedding of V symbols in E features.

    `forward` returns a `Lookup` and copies no columns: a recurrent layer projects the V columns of the table once,
    instead of the T·N rows of the window. With a large vocabulary, the table has only the S symbols that occur
    (`charlm.nn.arrays.occurring`).

    Parameters
    ----------
    vocabulary_size, embedding_size : int
        V and E.
    params : ParameterStore, optional
        A store with ``W`` (E, V), used as it is unless `rng` is given; by default a new one.
    rng : numpy.random.Generator, optional
        Draws the initial weights from N(0, 1). Without it, those of a new store are drawn with seed 0.
    dtype : dtype-like
        Precision of a new store.

    Examples
    --------
    >>> lookup, backprop = Embedding(5, 3).forward(np.array([[0, 4], [2, 2]]))  # (T, N)
    >>> lookup.dense().shape  # (T, N, E)
    (2, 2, 3)
    """

    def __init__(
        self,
        vocabulary_size: int,
        embedding_size: int,
        *,
        params: ParameterStore | None = None,
        rng: np.random.Generator | None = None,
        dtype: DTypeLike = np.float32,
    ) -> None:
        shapes = self.shapes(vocabulary_size, embedding_size)
        self.params = ParameterStore(shapes, dtype) if params is None else params
        if params is None or rng is not None:
            self.initialize_(np.random.default_rng(0) if rng is None else rng)

    @classmethod
    def shapes(cls, vocabulary_size: int, embedding_size: int) -> dict[str, Shape]:
        """Return the shape of each parameter."""
        return {"W": table_shape(embedding_size, vocabulary_size)}

    def initialize_(self, rng: np.random.Generator) -> None:
        """Draw the table from N(0, 1), in place."""
        W = self.params["W"]
        W[...] = rng.standard_normal(W.shape)

    def forward(self, ids: IdArray) -> tuple[Lookup, Callable[[FloatArray], None]]:
        """Look up ids (T, N).

        Returns
        -------
        Lookup
            Represents (T, N, E).
        backprop : callable
            ``dtable (E, V or S) -> None``; adds into ``params.grad``; once only.
        """
        W = self.params["W"]
        symbols, columns = occurring(ids, W.shape[1])
        table = W if symbols is None else W.T[symbols].T

        @once
        def backprop(dtable: FloatArray) -> None:
            columns = slice(None) if symbols is None else symbols
            self.params.gradient("W", columns).T[columns] += dtable.T

        return Lookup(columns, table), backprop
