"""`Transducer`: a model of pairs, which maps a string to another string, a label, or a tag for each symbol."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from charlm.config import TransducerConfig
from charlm.models.encoder_decoder import EncoderDecoder, encoder_decoder_shapes
from charlm.models.learner import State
from charlm.models.pair_symbols import (
    check_ngrams,
    check_target,
    encode,
    label_ids,
    ngrams_to_json,
    read_description,
)
from charlm.nn.arrays import IdArray, Shape
from charlm.nn.backprop import once
from charlm.nn.kernels.workspace import Workspace
from charlm.nn.losses import cross_entropy, target_nats
from charlm.nn.parameters import ParameterStore
from charlm.text.batches.base import Batch
from charlm.text.pairs import Pair
from charlm.text.vocabulary import Vocabulary

__all__ = ["Transducer"]


class Transducer(EncoderDecoder):
    """A model that maps a string to another string, a label, or a tag for each of its symbols.

    Parameters
    ----------
    config : TransducerConfig
    source : Vocabulary
        Symbols of the source.
    target : Vocabulary or sequence of str
        Symbols of the target, with a stop symbol for output text and without one for tags; or the labels.
    ngrams : ndarray of uint32, optional
        Hashes of the n-grams of sources that it knows (`charlm.nn.known_ngrams`), where `config.ngrams` is not 0.
    seed : int
        Seed of the initial weights.
    params : ParameterStore, optional
        A store that holds the weights, whatever the seed; by default a new one.

    Attributes
    ----------
    params : ParameterStore
        All weights by their names in checkpoints.
    target : Vocabulary or None
        None for output label.
    labels : tuple of str
        Empty unless the output is a label.

    Raises
    ------
    UsageError, VocabularyError
        If the target does not fit the output, or the n-grams the configuration.

    Examples
    --------
    >>> model = Transducer(TransducerConfig(output="label"), Vocabulary.from_text("abc"), ["good", "bad"])
    >>> model
    Transducer(lstm 128, 3 symbols to 2 labels, 35,074 parameters)
    """

    kind: ClassVar[str] = "transducer"

    def __init__(
        self,
        config: TransducerConfig,
        source: Vocabulary,
        target: Vocabulary | Sequence[str],
        *,
        ngrams: NDArray[np.uint32] | None = None,
        seed: int = 0,
        params: ParameterStore | None = None,
    ) -> None:
        self.source = source
        self.target = target if isinstance(target, Vocabulary) else None
        self.labels = () if isinstance(target, Vocabulary) else tuple(target)
        check_target(config.output, self.target, self.labels)
        check_ngrams(config, ngrams)
        super().__init__(config, len(source), len(target), ngrams=ngrams, seed=seed, params=params)

    def __repr__(self) -> str:
        c = self.config
        size = f"{c.layers}x{c.hidden_size}" if c.layers > 1 else f"{c.hidden_size}"
        made = f"{len(self.labels)} labels" if self.target is None else f"{len(self.target)} symbols"
        made = made.replace("symbols", "tags") if c.output == "tags" else made
        weights = f"{self.params.value.size:,} parameters"
        return f"Transducer({c.cell} {size}, {len(self.source)} symbols to {made}, {weights})"

    @property
    def drops(self) -> bool:
        """Whether `loss` draws masks."""
        return self.config.dropout > 0 or self.config.weight_drop > 0

    def describe(self) -> dict[str, Any]:
        """Return everything but the weights that `build` needs, for JSON."""
        target = {"labels": list(self.labels)} if self.target is None else {"target": self.target.to_json()}
        known = {} if self.ngrams is None else {"ngrams": ngrams_to_json(self.ngrams.known)}
        return {"model": dataclasses.asdict(self.config), "source": self.source.to_json(), **target, **known}

    @staticmethod
    def tensor_shapes(description: Mapping[str, Any]) -> dict[str, Shape]:
        """Return the shapes of the weights of a description; nothing is allocated.

        Raises
        ------
        UsageError, VocabularyError
            If the description is invalid.
        """
        config, source, target, ngrams = read_description(description)
        return encoder_decoder_shapes(config, len(source), len(target), 0 if ngrams is None else len(ngrams))

    @classmethod
    def build(cls, description: Mapping[str, Any], params: ParameterStore | None = None) -> Transducer:
        """Build a model from its description, with the weights in `params` or zeros.

        Raises
        ------
        UsageError, VocabularyError
            If the description is invalid.
        """
        config, source, target, ngrams = read_description(description)
        if params is None:
            params = ParameterStore(cls.tensor_shapes(description), config.dtype)
        return cls(config, source, target, ngrams=ngrams, params=params)

    def encode_pairs(self, pairs: Sequence[Pair]) -> tuple[list[IdArray], list[IdArray]]:
        """Return the ids of each source and each target, without the stop symbol; a label has one id.

        Unknown symbols are replaced by ``<unk>``, if the vocabulary has it.

        Raises
        ------
        VocabularyError
            For a symbol or a label that the model does not know.
        """
        sources = [encode(self.source, pair.source) for pair in pairs]
        if self.target is not None:
            return sources, [encode(self.target, pair.target) for pair in pairs]
        return sources, label_ids(self.labels, (pair.target for pair in pairs))

    # -- training --

    def zero_state(self, streams: int) -> State:  # noqa: ARG002
        """Return (), the state of N streams: pairs are independent."""
        return ()

    def loss(
        self,
        batch: Batch,
        state: State | None = None,  # noqa: ARG002
        *,
        rng: np.random.Generator | None = None,
        weight_rng: np.random.Generator | None = None,
        scale: float | None = None,
        workspace: Workspace | None = None,
    ) -> tuple[float, State, Callable[[], State]]:
        """Compute the cross-entropy of a batch of pairs.

        Parameters
        ----------
        batch : Batch
            ``source`` ids (S, N), padded on the left, and ``source_lengths`` (1, N). For output text ``inputs`` and
            ``targets``, ids (T, N) padded on the right, and ``mask`` (T, N), the first input and the last target of
            each the stop symbol; for a label ``targets`` (1, N); for tags ``targets`` and ``mask`` (S, N), padded
            like the source. The padding may have any value.
        state : State, optional
            Always ().
        rng : numpy.random.Generator, optional
            Draws the dropout masks; without it no activation is dropped.
        weight_rng : numpy.random.Generator, optional
            Draws the recurrent weights to drop (weight-drop); without it none are dropped.
        scale : float, optional
            Factor of the sum over all targets that count; by default it gives their mean.
        workspace : Workspace, optional
            Arrays that every batch reuses.

        Returns
        -------
        loss : float
            Nats, scaled.
        state : State
            ().
        backprop : callable
            ``() -> ()``; adds into ``params.grad``; once only.
        """
        batch = _nonempty(batch)
        logits, backprop_logits = self.logits(batch, rng=rng, weight_rng=weight_rng, workspace=workspace)
        loss, backprop_loss = cross_entropy(
            logits, batch["targets"], mask=batch.get("mask"), scale=scale, overwrite=True
        )

        @once
        def backprop() -> State:
            backprop_logits(backprop_loss())
            return ()

        return loss, (), backprop

    def target_nats(self, batch: Batch) -> NDArray[np.float64]:
        """Return −ln p of each target of a batch, in float64; zero where masked.

        Parameters
        ----------
        batch : Batch
            As for `loss`.

        Returns
        -------
        ndarray, of the targets' shape
        """
        return self.score_targets(batch)[0]

    def score_targets(self, batch: Batch) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """Return −ln p of each target of a batch, and whether each target is the most likely one.

        If all targets of a stream are, greedy decoding gives exactly the stream: up to the first error, its decoder
        reads the same symbols as with teacher forcing.

        Parameters
        ----------
        batch : Batch
            As for `loss`.

        Returns
        -------
        nats : ndarray of float64, of the targets' shape
            Zero where masked.
        right : ndarray of bool, of the targets' shape
            True where masked.
        """
        whole = _nonempty(batch)
        logits, _ = self.logits(whole)
        targets, mask = whole["targets"], whole.get("mask")
        counts = np.ones(targets.shape, bool) if mask is None else mask
        targets = np.where(counts, targets, 0)
        nats = np.where(counts, target_nats(logits, targets), 0)
        if self.target is not None and self.target.unknown_id is not None:
            logits[..., self.target.unknown_id] = -np.inf  # is never sampled
        right = (logits.argmax(axis=2) == targets) | ~counts
        T = len(batch["targets"])
        return nats[:T], right[:T]


def _nonempty(batch: Batch) -> Batch:
    """Return a batch whose sources have at least one step; empty sources get one of padding."""
    if len(batch["source"]):
        return batch
    arrays = batch.arrays.items()
    empty = {name: np.zeros((1, array.shape[1]), array.dtype) for name, array in arrays if not len(array)}
    return Batch({**batch.arrays, **empty}, batch.counted)
