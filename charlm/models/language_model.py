"""`CharModel`: one-hot or embedded symbols → a stack of recurrent layers → softmax over the vocabulary."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, ClassVar, TypeAlias

import numpy as np
from numpy.typing import NDArray

from charlm.blas import shared_dot
from charlm.config import LossReduction, ModelConfig, from_mapping
from charlm.errors import CheckpointError
from charlm.models.learner import State
from charlm.nn.arrays import LARGE_VOCABULARY, FloatArray, IdArray, Inputs, Shape, check_ids, occurring
from charlm.nn.backprop import once
from charlm.nn.dropout import Dropout
from charlm.nn.embedding import Embedding
from charlm.nn.gru import GRU
from charlm.nn.kernels.gate_products import multiply_alike
from charlm.nn.kernels.workspace import Workspace
from charlm.nn.linear import Linear
from charlm.nn.losses import cross_entropy, target_nats
from charlm.nn.lstm import LSTM
from charlm.nn.parameters import ParameterStore
from charlm.nn.recurrent import Resets
from charlm.nn.rnn import RNN
from charlm.nn.stack import RecurrentLayer, Stack, map_state
from charlm.text.batches.base import Batch
from charlm.text.vocabulary import Vocabulary

__all__ = ["CharModel", "State", "Stepper", "parameter_shapes"]

_BLOCK = 2**19  # logits at once, where the vocabulary is large
Stepper: TypeAlias = Callable[[IdArray | int, State], tuple[FloatArray, State]]
"""``(ids (N,), state) -> (logits (N, V), state)``."""


def parameter_shapes(config: ModelConfig, vocabulary_size: int) -> dict[str, Shape]:
    """Return the shape of every parameter by its name in checkpoints, in the order in which they lie in memory."""
    V, E, H = vocabulary_size, config.embedding_size, config.hidden_size
    parts: dict[str, Mapping[str, Shape]] = {"embedding": Embedding.shapes(V, E)} if E else {}
    for k in range(config.layers):
        parts[f"layers.{k}"] = _layer_shapes(config, H if k else E or V)
    parts["head"] = Linear.shapes(H, V)
    return {f"{part}.{name}": shape for part, shapes in parts.items() for name, shape in shapes.items()}


def _layer_shapes(config: ModelConfig, input_size: int) -> dict[str, Shape]:
    if config.cell == "gru":
        return GRU.shapes(input_size, config.hidden_size, config.gru_reset)
    return (LSTM if config.cell == "lstm" else RNN).shapes(input_size, config.hidden_size)


def _layer(config: ModelConfig, input_size: int, params: ParameterStore) -> RecurrentLayer:
    H, drop = config.hidden_size, config.weight_drop
    if config.cell == "gru":
        return GRU(input_size, H, params=params, weight_drop=drop, reset=config.gru_reset)
    return (LSTM if config.cell == "lstm" else RNN)(input_size, H, params=params, weight_drop=drop)


def _reset(state: State, fresh: NDArray[np.bool_]) -> State:
    """Set the rows of streams that start afresh, (N,), to zero."""
    return map_state(lambda a: a * ~fresh[:, None], state)


class CharModel:
    """A recurrent language model over the symbols of a vocabulary.

    Parameters
    ----------
    config : ModelConfig
        Its shape.
    vocabulary : Vocabulary
        The symbols it reads and writes.
    seed : int
        Fixes the start weights.
    params : ParameterStore, optional
        A store with the weights to use as they are, whatever the seed; by default a new one.

    Attributes
    ----------
    params : ParameterStore
        All weights, under their names in checkpoints.
    """

    kind: ClassVar[str] = "language model"

    def __init__(
        self, config: ModelConfig, vocabulary: Vocabulary, *, seed: int = 0, params: ParameterStore | None = None
    ) -> None:
        shapes = parameter_shapes(config, len(vocabulary))
        self._build(config, vocabulary, ParameterStore(shapes, config.dtype) if params is None else params)
        if params is None:
            self._initialize_(np.random.default_rng(seed))

    def _build(self, config: ModelConfig, vocabulary: Vocabulary, params: ParameterStore) -> None:
        V, E, H = len(vocabulary), config.embedding_size, config.hidden_size
        self.config, self.vocabulary, self.params = config, vocabulary, params
        self.embedding = Embedding(V, E, params=params.under("embedding")) if E else None
        layers = [_layer(config, H if k else E or V, params.under(f"layers.{k}")) for k in range(config.layers)]
        self.stack = Stack(layers, dropout=config.dropout, variational=config.variational)
        self.dropout = Dropout(config.dropout, variational=config.variational)
        self.head = Linear(H, V, params=params.under("head"))

    def _initialize_(self, rng: np.random.Generator) -> None:
        if self.config.init == "min-char-rnn":
            for name, tensor in self.params.items():
                tensor[...] = 0.01 * rng.standard_normal(tensor.shape) if name.split(".")[-1][0] == "W" else 0
            return
        for part in (self.embedding, *self.stack.layers, self.head):
            if part is not None:
                part.initialize_(rng)
        if self.embedding is None:  # of a one-hot input a single entry counts: a fan-in of 1, and not of H
            self.stack.layers[0].params["W_x"][...] *= self.config.hidden_size**0.5

    def __repr__(self) -> str:
        c = self.config
        size = f"{c.layers}x{c.hidden_size}" if c.layers > 1 else f"{c.hidden_size}"
        return f"CharModel({c.cell} {size}, {len(self.vocabulary)} symbols, {self.params.value.size:,} parameters)"

    @classmethod
    def bare(cls, config: ModelConfig, vocabulary: Vocabulary) -> CharModel:
        """Return a model whose weights are all zero, to be filled."""
        shapes = parameter_shapes(config, len(vocabulary))
        return cls(config, vocabulary, params=ParameterStore(shapes, config.dtype))

    @property
    def drops(self) -> bool:
        """Whether `loss` draws masks."""
        return self.config.dropout > 0 or self.config.weight_drop > 0

    def describe(self) -> dict[str, Any]:
        """Return all but the weights that `build` needs, for JSON."""
        return {"model": dataclasses.asdict(self.config), "vocabulary": self.vocabulary.to_json()}

    @classmethod
    def build(cls, description: Mapping[str, Any], params: ParameterStore | None = None) -> CharModel:
        """Build a model from what `describe` returned, with the weights in `params` or zeros.

        Raises
        ------
        UsageError, VocabularyError
            If the description is not one.
        """
        config = from_mapping(ModelConfig, description["model"])
        vocabulary = Vocabulary.from_json(description["vocabulary"])
        return cls.bare(config, vocabulary) if params is None else cls(config, vocabulary, params=params)

    # -- training --

    def zero_state(self, streams: int) -> State:
        """Return the state of N streams that have read nothing."""
        return self.stack.zero_state(streams)

    def loss(
        self,
        batch: Batch,
        state: State | None = None,
        *,
        rng: np.random.Generator | None = None,
        weight_rng: np.random.Generator | None = None,
        reduction: LossReduction = "mean",
        scale: float | None = None,
        workspace: Workspace | None = None,
    ) -> tuple[float, State, Callable[[], State]]:
        """Cross-entropy of predicting the targets of a batch of text from its inputs, and the backward pass.

        Parameters
        ----------
        batch : Batch
            As `charlm.text.batches.text_batch` makes it: ``inputs`` and ``targets``, ids (T, N), and ``resets``.
        state : State, optional
            Carried over from the window before; zero when left out.
        rng : numpy.random.Generator, optional
            Draws the dropout masks; without it no activation is dropped.
        weight_rng : numpy.random.Generator, optional
            Draws which recurrent weights are dropped (weight-drop); without it none are.
        reduction, scale
            As for `charlm.nn.cross_entropy`.
        workspace : Workspace, optional
            Arrays that are reused from window to window.

        Returns
        -------
        loss : float
            Nats, reduced.
        state : State
        backprop : callable
            ``() -> dstate``; adds into ``params.grad``; once only.

        Notes
        -----
        Beside those of its layers (`charlm.nn.kernels.window`), a workspace keeps (V + H) T N numbers for the
        head, whose logits become their gradient in place, and 2 T N H for each dropout: above every layer, if there
        is any.
        """
        inputs, targets, resets = batch["inputs"], batch["targets"], batch.get("resets")
        ws = Workspace() if workspace is None else workspace
        x: Inputs = inputs
        if self.embedding is not None:
            x, backprop_embedding = self.embedding.forward(inputs)
        h, state, backprop_stack = self.stack.forward(
            x, state, resets=resets, rng=rng, weight_rng=weight_rng, workspace=ws
        )
        if rng is not None:
            h, undrop = self.dropout.forward(h, rng, workspace=ws)
        logits, backprop_head = self.head.forward(h, workspace=ws)
        loss, backprop_loss = cross_entropy(logits, targets, reduction=reduction, scale=scale, overwrite=True)

        @once
        def backprop() -> State:
            dh = backprop_head(backprop_loss())
            dx, dstate = backprop_stack(dh if rng is None else undrop(dh))
            if dx is not None and self.embedding is not None:
                backprop_embedding(dx)
            return dstate

        return loss, state, backprop

    # -- inference --

    def stepper(self, streams: int | None = None, *, cores: int | None = None) -> Stepper:
        """Return a function that reads one symbol a stream, with the weights as they are now.

        The quick way to generate: weights are packed once, not at every symbol.

        Parameters
        ----------
        streams : int or None
            N; None for one stream without an axis of its own, which is quickest.
        cores : int, optional
            Cores that may share one stream of a model too large for the cache of one; by default as many as BLAS
            has threads. Changes no bit.

        Returns
        -------
        callable
            ``(ids (N,), state) -> (logits (N, V), state)``; each array of the state is (N, H). Without N
            it takes one id and gives (V,), and states are (H,). Leaves its arguments as they are.
        """
        read = self._reader(streams, cores)
        W, b = self.head.params["W"].copy().T, self.head.params["b"].copy()
        if streams is not None:  # for a single vector the files' order is the quicker one
            W, b = np.ascontiguousarray(W), np.tile(b, (streams, 1))
        multiply: Callable[[FloatArray, FloatArray], FloatArray] = np.dot if streams is None else multiply_alike

        def step(ids: IdArray | int, state: State) -> tuple[FloatArray, State]:
            h, state = read(ids, state)
            logits = multiply(h, W)
            np.add(logits, b, logits)
            return logits, state

        return step

    def _reader(self, streams: int | None, cores: int | None = None, symbols: IdArray | None = None) -> Stepper:
        """Return a stepper that stops at the top layer's hidden state; with `symbols` ids are places among them."""
        table: NDArray[Any] | None = symbols
        if self.embedding is None and symbols is None and len(self.vocabulary) > LARGE_VOCABULARY:
            table = np.arange(len(self.vocabulary))  # without the copy of the weights that dense input would need
        elif self.embedding is not None:
            W = self.embedding.params["W"]
            table = W if symbols is None else W[:, symbols]
        first, *others = self.stack.layers
        dot_for = partial(shared_dot, cores=cores)
        steps = [first.stepper(streams, table, dot_for=dot_for)]
        steps += [layer.stepper(streams, dot_for=dot_for) for layer in others]

        if len(steps) == 1:  # which is most models, and a tenth quicker without the loop
            (only,) = steps

            def read_one(ids: IdArray | int, state: State) -> tuple[FloatArray, State]:
                h, end = only(ids, state[0])
                return h, (end,)

            return read_one

        def read(ids: IdArray | int, state: State) -> tuple[FloatArray, State]:
            h, end = steps[0](ids, state[0])
            ends = [end]
            for step, layer_state in zip(steps[1:], state[1:], strict=True):
                h, end = step(h, layer_state)
                ends.append(end)
            return h, tuple(ends)

        return read

    def step(self, ids: IdArray, state: State) -> tuple[FloatArray, State]:
        """Read one symbol a stream: ``(ids (N,), state) -> (logits (N, V), state)``.

        Packs the weights at every call: for many symbols, `stepper` is up to thirty times as fast.
        """
        return self.stepper(len(ids))(ids, state)

    def logits(
        self, ids: IdArray, state: State | None = None, *, resets: Resets | None = None
    ) -> tuple[FloatArray, State]:
        """Read a whole sequence, keeping nothing for a backward pass.

        Parameters
        ----------
        ids : ndarray of int, shape (T, N)
        state : State, optional
            Zero when left out.
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
        check_ids(ids, len(self.vocabulary))
        symbols, places = occurring(ids, len(self.vocabulary))
        read = self._reader(N, symbols=symbols)
        now = self.zero_state(N) if state is None else state
        hidden = np.empty((T, N, self.config.hidden_size), self.params.dtype)
        for t in range(T):
            if resets is not None and resets[t].any():
                now = _reset(now, resets[t])
            hidden[t], now = read(places[t], now)
        return hidden, now

    def target_nats(self, h: FloatArray, targets: IdArray) -> NDArray[np.float64]:
        """Return −ln p of targets (T, N) after hidden states (T, N, H), in float64.

        Of a large vocabulary (`charlm.nn.arrays.LARGE_VOCABULARY`) some steps at a time.
        """
        (T, N), V = targets.shape, len(self.vocabulary)
        steps = T if V <= LARGE_VOCABULARY else max(1, _BLOCK // (V * N))
        blocks = [slice(t, t + steps) for t in range(0, T, steps)]
        return np.concatenate([target_nats(self.head.forward(h[some])[0], targets[some]) for some in blocks])

    # -- exchange --

    def tensors(self) -> dict[str, FloatArray]:
        """Return every weight by its name in checkpoints, as views."""
        return dict(self.params)

    @classmethod
    def from_tensors(
        cls, config: ModelConfig, vocabulary: Vocabulary, tensors: Mapping[str, FloatArray]
    ) -> CharModel:
        """Build a model from named weights.

        Raises
        ------
        CheckpointError
            If a tensor is missing, is not the model's, or has another shape.
        """
        shapes = parameter_shapes(config, len(vocabulary))
        odd = sorted(set(shapes) ^ set(tensors))
        if odd:
            raise CheckpointError(f"tensor {odd[0]} is {'missing' if odd[0] in shapes else 'not of this model'}")
        for name, shape in shapes.items():
            if tensors[name].shape != shape:
                raise CheckpointError(f"tensor {name} has shape {tensors[name].shape}; this model needs {shape}")
        model = cls.bare(config, vocabulary)
        for name, tensor in tensors.items():
            model.params[name][...] = tensor
        return model
