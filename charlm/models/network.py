"""`Network`: one-hot or embedded symbols → a stack of recurrent layers → logits. Its weights, and inference."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from charlm.config import ModelConfig
from charlm.models.learner import State
from charlm.models.symbol_stack import SymbolStack
from charlm.nn.arrays import LARGE_VOCABULARY, FloatArray, IdArray, Resets, Shape, check_ids, occurring
from charlm.nn.dropout import Dropout
from charlm.nn.kernels.gate_products import multiply_row_invariant
from charlm.nn.linear import Linear
from charlm.nn.losses import target_nats
from charlm.nn.parameters import ParameterStore
from charlm.nn.stack import map_state

__all__ = ["Network", "Stepper", "parameter_shapes"]

_BLOCK = 2**19  # logits at once for a large vocabulary
Stepper: TypeAlias = Callable[[IdArray | int, State], tuple[FloatArray, State]]
"""``(ids (N,), state) -> (logits (N, V), state)``."""


def parameter_shapes(config: ModelConfig, vocabulary_size: int) -> dict[str, Shape]:
    """Return the shape of every parameter by its name in checkpoints, in their order in memory."""
    head = Linear.shapes(config.hidden_size, vocabulary_size)
    return SymbolStack.shapes(config, vocabulary_size) | {f"head.{name}": shape for name, shape in head.items()}


def _reset(state: State, resets: NDArray[np.bool_]) -> State:
    """Set the state of the streams in `resets` (N,) to zero."""
    return map_state(lambda a: a * ~resets[:, None], state)


class Network(SymbolStack):
    """The layers of a `ModelConfig` over V symbols.

    Parameters
    ----------
    config : ModelConfig
    vocabulary_size : int
        V.
    seed : int
        Seed of the initial weights.
    params : ParameterStore, optional
        A store that holds the weights, whatever the seed; by default a new one.
    """

    def __init__(
        self, config: ModelConfig, vocabulary_size: int, *, seed: int = 0, params: ParameterStore | None = None
    ) -> None:
        V = vocabulary_size
        store = ParameterStore(parameter_shapes(config, V), config.dtype) if params is None else params
        self.config, self.params = config, store
        super().__init__(config, V, store)
        self.dropout = Dropout(config.dropout, variational=config.variational)
        self.head = Linear(config.hidden_size, V, params=store.under("head"))
        if params is None:
            self.initialize_(np.random.default_rng(seed))

    def initialize_(self, rng: np.random.Generator) -> None:
        """Draw the initial weights, in place."""
        if self.config.init == "min-char-rnn":
            for name, tensor in self.params.items():
                tensor[...] = 0.01 * rng.standard_normal(tensor.shape) if name.split(".")[-1][0] == "W" else 0
            return
        super().initialize_(rng)
        self.head.initialize_(rng)

    def stepper(self, streams: int | None = None, *, cores: int | None = None) -> Stepper:
        """Return a function that reads one symbol a stream, with the weights as they are now.

        The weights are packed once, not at every symbol.

        Parameters
        ----------
        streams : int or None
            N; None for one stream without an axis, which is fastest.
        cores : int, optional
            Cores that may share one stream of a model too large for the cache of one; by default the number
            of BLAS threads. Changes no bit.

        Returns
        -------
        callable
            ``(ids (N,), state) -> (logits (N, V), state)``, with states of arrays (N, H). Without N: one id, logits
            (V,) and states of arrays (H,). Its arguments do not change.
        """
        read = self.reader(streams, cores=cores)
        W, b = self.head.params["W"].copy().T, self.head.params["b"].copy()
        if streams is not None:  # for a single vector, the order in files is faster
            W, b = np.ascontiguousarray(W), np.tile(b, (streams, 1))
        multiply: Callable[[FloatArray, FloatArray], FloatArray] = (
            np.ndarray.dot if streams is None else multiply_row_invariant
        )

        def step(ids: IdArray | int, state: State) -> tuple[FloatArray, State]:
            h, state = read(ids, state)
            logits = multiply(h, W)
            np.add(logits, b, logits)
            return logits, state

        return step

    def step(self, ids: IdArray, state: State) -> tuple[FloatArray, State]:
        """Read one symbol a stream: ``(ids (N,), state) -> (logits (N, V), state)``.

        Packs the weights at every call: for many symbols, `stepper` is up to thirty times as fast.
        """
        return self.stepper(len(ids))(ids, state)

    def logits(
        self, ids: IdArray, state: State | None = None, *, resets: Resets | None = None
    ) -> tuple[FloatArray, State]:
        """Read a whole sequence; store nothing for a backward pass.

        Parameters
        ----------
        ids : ndarray of int, shape (T, N)
        state : State, optional
            By default zero.
        resets : ndarray of bool, shape (T, N), optional
            Inputs before which their stream's state is set to zero.

        Returns
        -------
        logits : ndarray, shape (T, N, V)
        state : State
        """
        h, state = self.hidden(ids, state, resets=resets)
        logits, _ = self.head.forward(h)
        return logits, state

    def hidden(
        self, ids: IdArray, state: State | None = None, *, resets: Resets | None = None
    ) -> tuple[FloatArray, State]:
        """Read a whole sequence as `logits` does; return the top layer's hidden states (T, N, H), and the state."""
        T, N = ids.shape
        check_ids(ids, self.vocabulary_size)
        symbols, indices = occurring(ids, self.vocabulary_size)
        read = self.reader(N, symbols=symbols)
        state = self.zero_state(N) if state is None else state
        hidden = np.empty((T, N, self.config.hidden_size), self.params.dtype)
        for t in range(T):
            if resets is not None and resets[t].any():
                state = _reset(state, resets[t])
            hidden[t], state = read(indices[t], state)
        return hidden, state

    def target_nats(self, h: FloatArray, targets: IdArray) -> NDArray[np.float64]:
        """Return −ln p of targets (T, N) after hidden states (T, N, H), in float64.

        Logits over a large vocabulary (`charlm.nn.arrays.LARGE_VOCABULARY`) are computed in blocks of steps.
        """
        (T, N), V = targets.shape, self.vocabulary_size
        length = T if V <= LARGE_VOCABULARY else max(1, _BLOCK // (V * N))
        blocks = [slice(t, t + length) for t in range(0, T, length)]
        return np.concatenate([target_nats(self.head.forward(h[steps])[0], targets[steps]) for steps in blocks])
