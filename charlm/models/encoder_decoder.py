"""`EncoderDecoder`: the layers of a transducer, an encoder of the source and a decoder or a head for the target.

::

    encoder          h_s, state = layers over the source, in both directions if bidirectional
    output text      decoder from the encoder's final state: h_t over <stop> and the target's symbols so far
                     with attention h_t ← tanh(W [h_t; c_t] + b), c_t a weighted mean of all h_s (`charlm.nn.luong`)
                     p(target_t) = softmax(W h_t + b); the target ends with <stop>
    output label     p(label) = softmax(W h + b), h the top layer's final state
                     with n-grams softmax(W h + b + y), y a sum over those of the source (`charlm.nn.ngrams`)
    output tags      p(tag_s) = softmax(W h_s + b)

In training the decoder reads the target itself (teacher forcing), so all of its steps are one window. Sources are
padded on the left, so the last step has the final state of every stream; targets are padded on the right, with a
mask. Each direction of a bidirectional layer has H/2 units; their concatenated states are the decoder's initial
state.

References
----------
.. [1] Sutskever, Vinyals & Le (2014), "Sequence to Sequence Learning with Neural Networks".
.. [2] Luong, Pham & Manning (2015), "Effective Approaches to Attention-based Neural Machine Translation".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from charlm.config import TransducerConfig
from charlm.errors import UsageError
from charlm.models.learner import State
from charlm.models.symbol_stack import SymbolStack
from charlm.nn.arrays import FloatArray, IdArray, Shape
from charlm.nn.backprop import once
from charlm.nn.bidirectional import BidirectionalState
from charlm.nn.dropout import Dropout
from charlm.nn.kernels.workspace import Workspace
from charlm.nn.linear import Linear
from charlm.nn.luong import LuongAttention
from charlm.nn.ngrams import NgramSum
from charlm.nn.padding import left_mask
from charlm.nn.parameters import ParameterStore
from charlm.nn.stack import map_state
from charlm.text.batches.base import Batch

__all__ = ["DecoderStep", "Encoded", "EncoderDecoder", "encoder_decoder_shapes"]

DecoderStep: TypeAlias = Callable[[IdArray, State], tuple[FloatArray, State, FloatArray | None]]
"""``(ids (N,), state) -> (logits (N, V), state, weights (N, S) or None)``."""


@dataclass(frozen=True, slots=True, eq=False)
class Encoded:
    """The output of the encoder.

    Parameters
    ----------
    h : ndarray, shape (S, N, H)
        Hidden states of the top layer; zero in the padding.
    mask : ndarray of bool, shape (S, N)
        True within the sources.
    state : State
        The decoder's initial state, of arrays (N, H).
    ngrams : ndarray, shape (N, V), or None
        What the source's n-grams add to the logits of the labels; None if the model reads none.
    """

    h: FloatArray
    mask: NDArray[np.bool_]
    state: State
    ngrams: FloatArray | None = None

    def streams(self, which: IdArray | slice) -> Encoded:
        """Select streams, which may repeat."""
        ngrams = None if self.ngrams is None else self.ngrams[which]
        return Encoded(
            self.h[:, which], self.mask[:, which], map_state(lambda part: part[which], self.state), ngrams
        )


def encoder_decoder_shapes(
    config: TransducerConfig, sources: int, targets: int, ngrams: int = 0
) -> dict[str, Shape]:
    """Return the shape of every parameter by its name in checkpoints, in their order in memory.

    `ngrams` is how many the model knows.
    """
    H = config.hidden_size
    encoder = SymbolStack.shapes(config.direction(), sources, bidirectional=config.bidirectional)
    parts: dict[str, Mapping[str, Shape]] = {"encoder": encoder}
    if config.output == "text":
        parts["decoder"] = SymbolStack.shapes(config.decoder(), targets)
    if config.attends:
        parts["attention"] = LuongAttention.shapes(H)
    parts["head"] = Linear.shapes(H, targets)
    if ngrams:
        parts["ngrams"] = NgramSum.shapes(ngrams, targets)
    return {f"{part}.{name}": shape for part, shapes in parts.items() for name, shape in shapes.items()}


class EncoderDecoder:
    """The layers of a `TransducerConfig`.

    Parameters
    ----------
    config : TransducerConfig
    sources, targets : int
        Symbols of the source; symbols, tags or labels of the target.
    ngrams : ndarray of uint32, optional
        Hashes of the n-grams of sources that the model knows (`charlm.nn.known_ngrams`).
    seed : int
        Seed of the initial weights.
    params : ParameterStore, optional
        A store that holds the weights, whatever the seed; by default a new one.
    """

    def __init__(
        self,
        config: TransducerConfig,
        sources: int,
        targets: int,
        *,
        ngrams: NDArray[np.uint32] | None = None,
        seed: int = 0,
        params: ParameterStore | None = None,
    ) -> None:
        known = 0 if ngrams is None else len(ngrams)
        shapes = encoder_decoder_shapes(config, sources, targets, known)
        H, both = config.hidden_size, config.bidirectional
        self.config, self.params = config, ParameterStore(shapes, config.dtype) if params is None else params
        part = self.params.under
        self.encoder = SymbolStack(config.direction(), sources, part("encoder"), bidirectional=both)
        text = config.output == "text"
        self.decoder = SymbolStack(config.decoder(), targets, part("decoder")) if text else None
        self.attention = LuongAttention(H, params=part("attention")) if config.attends else None
        self.dropout = Dropout(config.dropout, variational=config.variational)
        self.head = Linear(H, targets, params=part("head"))
        self.ngrams = None
        if ngrams is not None:
            store = part("ngrams")
            self.ngrams = NgramSum(ngrams, config.ngrams, targets, dropout=config.dropout, params=store)
        if params is None:
            rng = np.random.default_rng(seed)
            for layers in (self.encoder, self.decoder, self.attention, self.head):
                if layers is not None:
                    layers.initialize_(rng)

    def logits(
        self,
        batch: Batch,
        *,
        rng: np.random.Generator | None = None,
        weight_rng: np.random.Generator | None = None,
        workspace: Workspace | None = None,
    ) -> tuple[FloatArray, Callable[[FloatArray], None]]:
        """Return the logits of a batch's targets, for a backward pass.

        Parameters
        ----------
        batch : Batch
            As for `Transducer.loss`, with at least one step; the targets are not read.
        rng, weight_rng, workspace
            As for `Transducer.loss`.

        Returns
        -------
        logits : ndarray, shape (T, N, V)
            (1, N, V) for labels, (S, N, V) for tags.
        backprop : callable
            ``dlogits -> None``; adds into ``params.grad``; once only.
        """
        ws = Workspace() if workspace is None else workspace
        source, lengths = batch["source"], batch["source_lengths"][0]
        options: dict[str, Any] = {"rng": rng, "weight_rng": weight_rng, "workspace": ws}
        h_source, end, backprop_encoder = self.encoder.read(source, lengths=lengths, **options)
        start: State = tuple(map(_concatenated, end))
        if self.decoder is not None:
            mask = batch["mask"]
            inputs = batch["inputs"] if mask.all() else np.where(mask, batch["inputs"], 0)
            h, _, backprop_decoder = self.decoder.read(inputs, start, **options)
            if self.attention is not None:
                in_source = left_mask(lengths, len(source))
                h, _, backprop_attention = self.attention.forward(h, h_source, in_source, workspace=ws)
        else:
            h = h_source if self.config.output == "tags" else start[-1][0][None]
        if rng is not None:
            h, backprop_dropout = self.dropout.forward(h, rng, workspace=ws)
        logits, backprop_head = self.head.forward(h, workspace=ws)
        if self.ngrams is not None:
            from_ngrams, backprop_ngrams = self.ngrams.forward(source, lengths, rng=rng)
            logits += from_ngrams

        @once
        def backprop(dlogits: FloatArray) -> None:
            if self.ngrams is not None:
                backprop_ngrams(dlogits[0])
            dh = backprop_head(dlogits)
            if rng is not None:
                dh = backprop_dropout(dh)
            if self.config.output == "tags":
                backprop_encoder(dh)
                return
            dsource = ws.get((self, "zero dsource", h_source.shape), lambda: np.zeros_like(h_source))
            if self.decoder is None:
                dstart = map_state(np.zeros_like, start)
                dstart[-1][0][...] = dh[0]
            else:
                if self.attention is not None:
                    dh, dsource = backprop_attention(dh)
                dstart = backprop_decoder(dh)
            backprop_encoder(dsource, tuple(map(_split, dstart, end)))

        return logits, backprop

    # -- inference --

    def encode(self, source: IdArray, lengths: IdArray) -> Encoded:
        """Read sources.

        Parameters
        ----------
        source : ndarray of int, shape (S, N)
            Padded on the left; the padding may have any value.
        lengths : ndarray of int, shape (N,)

        Returns
        -------
        Encoded
        """
        mask = left_mask(lengths, len(source))
        steps = source if len(source) else np.zeros((1, len(lengths)), np.intp)
        h, end, _ = self.encoder.read(steps, lengths=lengths)
        ngrams = None if self.ngrams is None else self.ngrams.forward(source, lengths)[0]
        return Encoded(h[len(steps) - len(source) :], mask, tuple(map(_concatenated, end)), ngrams)

    def output_logits(self, encoded: Encoded) -> FloatArray:
        """Return the logits of the labels (1, N, V), or of the tags of each symbol (S, N, V)."""
        logits, _ = self.head.forward(encoded.h if self.config.output == "tags" else encoded.state[-1][0][None])
        return logits if encoded.ngrams is None else logits + encoded.ngrams

    def stepper(self, encoded: Encoded) -> DecoderStep:
        """Return a function that reads one symbol of each target, with the weights as they are now.

        Parameters
        ----------
        encoded : Encoded
            Sources, with the initial state of the decoder. Its first input is the stop symbol.

        Returns
        -------
        callable
            ``(ids (N,), state) -> (logits (N, V), state, weights (N, S))``; the weights are None without attention.
            Its arguments do not change.

        Raises
        ------
        UsageError
            If the output is not text.
        """
        if self.decoder is None:
            raise UsageError(f"a model of output {self.config.output} has no decoder; call output_logits")
        read = self.decoder.reader(encoded.mask.shape[1])
        attend = None if self.attention is None else self.attention.stepper(encoded.h, encoded.mask)
        W, b = np.ascontiguousarray(self.head.params["W"].T), self.head.params["b"].copy()

        def step(ids: IdArray, state: State) -> tuple[FloatArray, State, FloatArray | None]:
            h, state = read(ids, state)
            weights = None
            if attend is not None:
                h, weights = attend(h)
            return h @ W + b, state, weights

        return step


def _concatenated(layer: Any) -> Any:
    """Return the state of an encoder's layer, with both directions concatenated."""
    if not isinstance(layer, BidirectionalState):
        return layer
    forward: Any = layer.forward
    return forward._make(np.concatenate(parts, axis=1) for parts in zip(*layer, strict=True))


def _split(dlayer: Any, layer: Any) -> Any:
    """Split the gradient of the decoder's initial state by the directions of an encoder layer's state."""
    if not isinstance(layer, BidirectionalState):
        return dlayer
    halves = zip(*(np.split(part, 2, axis=1) for part in dlayer), strict=True)
    return BidirectionalState(*map(dlayer._make, halves))
