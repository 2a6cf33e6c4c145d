"""`SymbolStack`: one-hot or embedded symbols → a stack of recurrent layers. Encoders, decoders, language models."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, TypeAlias

import numpy as np

from charlm.blas import shared_dot
from charlm.config import ModelConfig, SeriesConfig
from charlm.models.learner import State
from charlm.nn.arrays import LARGE_VOCABULARY, FloatArray, IdArray, Inputs, Resets, Shape, table_shape
from charlm.nn.backprop import once
from charlm.nn.bidirectional import Bidirectional, BidirectionalState
from charlm.nn.embedding import Embedding
from charlm.nn.gru import GRU
from charlm.nn.kernels.workspace import Workspace
from charlm.nn.lstm import LSTM
from charlm.nn.padding import left_mask
from charlm.nn.parameters import ParameterStore
from charlm.nn.recurrent import Recurrent
from charlm.nn.rnn import RNN
from charlm.nn.stack import RecurrentLayer, Stack

__all__ = ["Reader", "SymbolStack", "layer_shapes"]

Reader: TypeAlias = Callable[[IdArray | int, State], tuple[FloatArray, State]]
"""``(ids (N,), state) -> (h (N, H), state)``."""


class SymbolStack:
    """The recurrent layers of a `ModelConfig` over V symbols.

    Parameters
    ----------
    config : ModelConfig
        With `bidirectional`, the shape of one direction.
    vocabulary_size : int
        V.
    params : ParameterStore
        Holds the weights, which stay unchanged.
    bidirectional : bool
        Whether each layer reads in both directions; it then has 2 H units.
    """

    def __init__(
        self, config: ModelConfig, vocabulary_size: int, params: ParameterStore, *, bidirectional: bool = False
    ) -> None:
        V, E = vocabulary_size, config.embedding_size
        self.embedding = Embedding(V, E, params=params.under("embedding")) if E else None
        width = config.hidden_size * (1 + bidirectional)
        layers: list[RecurrentLayer] = []
        for k in range(config.layers):
            D, own = width if k else E or V, params.under(f"layers.{k}")
            if bidirectional:
                both = (_layer(config, D, own.under(name)) for name in BidirectionalState._fields)
                layers.append(Bidirectional(*both, params=own))
            else:
                layers.append(_layer(config, D, own))
        self.stack = Stack(layers, dropout=config.dropout, variational=config.variational)
        self.vocabulary_size = V

    @staticmethod
    def shapes(config: ModelConfig, vocabulary_size: int, *, bidirectional: bool = False) -> dict[str, Shape]:
        """Return the shape of each parameter by its name in checkpoints."""
        V, E = vocabulary_size, config.embedding_size
        width = config.hidden_size * (1 + bidirectional)
        parts: dict[str, Mapping[str, Shape]] = {"embedding": Embedding.shapes(V, E)} if E else {}
        for k in range(config.layers):
            own = layer_shapes(config, width if k else E or V)
            if not (k or E):
                own["W_x"] = table_shape(own["W_x"][0], V)
            names = (
                [f"layers.{k}.{name}" for name in BidirectionalState._fields] if bidirectional else [f"layers.{k}"]
            )
            parts |= dict.fromkeys(names, own)
        return {f"{part}.{name}": shape for part, shapes in parts.items() for name, shape in shapes.items()}

    def initialize_(self, rng: np.random.Generator) -> None:
        """Draw the initial weights, in place."""
        for part in (self.embedding, *self.stack.layers):
            if part is not None:
                part.initialize_(rng)
        if self.embedding is None:  # the fan-in of a one-hot input is 1, not H
            first: Any = self.stack.layers[0]
            for layer in getattr(first, "directions", (first,)):
                layer.params["W_x"][...] *= layer.hidden_size**0.5

    def zero_state(self, streams: int) -> State:
        """Return the state of N streams that have read nothing."""
        return self.stack.zero_state(streams)

    def read(
        self,
        ids: IdArray,
        state: State | None = None,
        *,
        resets: Resets | None = None,
        lengths: IdArray | None = None,
        rng: np.random.Generator | None = None,
        weight_rng: np.random.Generator | None = None,
        workspace: Workspace | None = None,
    ) -> tuple[FloatArray, State, Callable[..., State]]:
        """Read ids, for a backward pass.

        Parameters
        ----------
        ids : ndarray of int, shape (T, N)
        state, resets, lengths, rng, weight_rng, workspace
            As for `Stack.forward`.

        Returns
        -------
        h : ndarray, shape (T, N, H)
            Of the top layer.
        state : State
        backprop : callable
            ``(dh, dstate=None) -> dstate``; adds into the gradients; once only.
        """
        x: Inputs = ids
        if self.embedding is not None:
            valid = ids if lengths is None else np.where(left_mask(lengths, len(ids)), ids, 0)
            x, backprop_embedding = self.embedding.forward(valid)
        h, end, backprop_stack = self.stack.forward(
            x, state, resets=resets, lengths=lengths, rng=rng, weight_rng=weight_rng, workspace=workspace
        )

        @once
        def backprop(dh: FloatArray, dstate: State | None = None) -> State:
            dx, dstart = backprop_stack(dh, dstate)
            if dx is not None and self.embedding is not None:
                backprop_embedding(dx)
            return dstart

        return h, end, backprop

    def dense(self, ids: IdArray) -> FloatArray:
        """Return what the lowest layer reads for ids (T, N): embedded or one-hot vectors (T, N, D)."""
        if self.embedding is not None:
            return np.moveaxis(self.embedding.params["W"][:, ids], 0, -1)
        return np.eye(self.vocabulary_size, dtype=self.stack.layers[0].params.dtype)[ids]

    def trace(
        self,
        ids: IdArray,
        state: State | None = None,
        *,
        resets: Resets | None = None,
        workspace: Workspace | None = None,
    ) -> tuple[list[dict[str, FloatArray]], State]:
        """Read ids (T, N) and return each layer's activations, as `Recurrent.trace` does, and the state."""
        x: Inputs = ids
        if self.embedding is not None:
            x, _ = self.embedding.forward(ids)
        traces, ends = [], []
        layers: list[Any] = list(self.stack.layers)
        for layer, start in zip(layers, self.zero_state(ids.shape[1]) if state is None else state, strict=True):
            trace, end = layer.trace(x, start, resets=resets, workspace=workspace)
            traces.append(trace)
            ends.append(end)
            x = trace["h"]
        return traces, tuple(ends)

    def reader(self, streams: int | None, *, cores: int | None = None, symbols: IdArray | None = None) -> Reader:
        """Return a function that reads one symbol a stream, with the weights as they are now.

        Parameters
        ----------
        streams : int or None
            N; None for one stream without an axis.
        cores : int, optional
            Cores that may share one stream of a large model; by default as many as BLAS has threads.
        symbols : ndarray of int, optional
            Ids are indices into these symbols; by default all symbols. One-hot input weights are then not copied,
            and must not change while the function is used.
        """
        table: FloatArray | IdArray | None = symbols
        in_place = symbols is not None and self.embedding is None
        if self.embedding is not None:
            W = self.embedding.params["W"]
            table = W if symbols is None else W.T[symbols].T
        elif symbols is None and self.vocabulary_size > LARGE_VOCABULARY:
            table = np.arange(self.vocabulary_size)  # avoids the copy of the weights for dense input
        return self.stack.stepper(streams, table, dot_for=partial(shared_dot, cores=cores), in_place=in_place)


def layer_shapes(config: ModelConfig | SeriesConfig, input_size: int) -> dict[str, Shape]:
    """Return the shape of each parameter of a layer."""
    if config.cell == "gru":
        return GRU.shapes(input_size, config.hidden_size, config.gru_reset)
    return (LSTM if config.cell == "lstm" else RNN).shapes(input_size, config.hidden_size)


def _layer(config: ModelConfig, input_size: int, params: ParameterStore) -> Recurrent[Any, Any, Any]:
    H, drop = config.hidden_size, config.weight_drop
    if config.cell == "gru":
        return GRU(input_size, H, params=params, weight_drop=drop, reset=config.gru_reset)
    return (LSTM if config.cell == "lstm" else RNN)(input_size, H, params=params, weight_drop=drop)
