"""`Transducer`: a model of pairs, which makes of a string another string, a label, or a tag for each symbol."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from charlm.config import TransducerConfig
from charlm.models.encoder_decoder import EncoderDecoder, encoder_decoder_shapes
from charlm.models.learner import State
from charlm.models.pair_symbols import check_target, encode, label_ids, read_description
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
    """A model that makes of a string another string, a label, or a tag for each of its symbols.

    Parameters
    ----------
    config : TransducerConfig
        Its shape.
    source : Vocabulary
        The symbols it reads.
    target : Vocabulary or sequence of str
        The symbols it writes, with a stop symbol for output text and without one for tags; or its labels.
    seed : int
        Fixes the start weights.
    params : ParameterStore, optional
        A store with the weights to use as they are, whatever the seed; by default a new one.

    Attributes
    ----------
    params : ParameterStore
        All weights, under their names in checkpoints.
    target : Vocabulary or None
        None for output label.
    labels : tuple of str
        Empty unless the output is a label.

    Raises
    ------
    UsageError, VocabularyError
        If the target does not go with the output.

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
        seed: int = 0,
        params: ParameterStore | None = None,
    ) -> None:
        self.source = source
        self.target = target if isinstance(target, Vocabulary) else None
        self.labels = () if isinstance(target, Vocabulary) else tuple(target)
        check_target(config.output, self.target, self.labels)
        super().__init__(config, len(source), len(target), seed=seed, params=params)

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
        """Return all but the weights that `build` needs, for JSON."""
        target = {"labels": list(self.labels)} if self.target is None else {"target": self.target.to_json()}
        return {"model": dataclasses.asdict(self.config), "source": self.source.to_json(), **target}

    @staticmethod
    def tensor_shapes(description: Mapping[str, Any]) -> dict[str, Shape]:
        """Return the shapes of the weights of what `describe` returned; nothing is allocated for them.

        Raises
        ------
        UsageError, VocabularyError
            If the description is not one.
        """
        config, source, target = read_description(description)
        return encoder_decoder_shapes(config, len(source), len(target))

    @classmethod
    def build(cls, description: Mapping[str, Any], params: ParameterStore | None = None) -> Transducer:
        """Build a model from what `describe` returned, with the weights in `params` or zeros.

        Raises
        ------
        UsageError, VocabularyError
            If the description is not one.
        """
        config, source, target = read_description(description)
        if params is None:
            params = ParameterStore(cls.tensor_shapes(description), config.dtype)
        return cls(config, source, target, params=params)

    def encode_pairs(self, pairs: Sequence[Pair]) -> tuple[list[IdArray], list[IdArray]]:
        """Return the ids of each source and each target; of a label one, a stop symbol is not among them.

        Symbols that a vocabulary has no place for become its unknown symbol, where it has one.

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
        """Return the state of N streams: none, since every pair stands by itself."""
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
        """Cross-entropy of a batch of pairs, and the backward pass.

        Parameters
        ----------
        batch : Batch
            ``source`` ids (S, N), padded on the left, and ``source_lengths`` (1, N). For output text ``inputs`` and
            ``targets``, ids (T, N) padded on the right, and ``mask`` (T, N), the first input and the last target of
            each the stop symbol; for a label ``targets`` (1, N); for tags ``targets`` and ``mask`` (S, N), padded
            like the source. What stands in the padding changes nothing.
        state : State, optional
            Always ().
        rng : numpy.random.Generator, optional
            Draws the dropout masks; without it no activation is dropped.
        weight_rng : numpy.random.Generator, optional
            Draws which recurrent weights are dropped (weight-drop); without it none are.
        scale : float, optional
            Factor of the sum over all targets that count; by default it gives their mean.
        workspace : Workspace, optional
            Arrays that are reused from batch to batch.

        Returns
        -------
        loss : float
            Nats, scaled.
        state : State
            ().
        backprop : callable
            ``() -> ()``; adds into ``params.grad``; once only.
        """
        batch = _with_a_step(batch)
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
        """Return −ln p of each target of a batch, in float64; zero where the mask says that it does not count.

        Parameters
        ----------
        batch : Batch
            As for `loss`.

        Returns
        -------
        ndarray, of the targets' shape
        """
        return self.try_targets(batch)[0]

    def try_targets(self, batch: Batch) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """Return −ln p of each target of a batch, and which targets are the likeliest.

        A stream of which all are is decoded exactly at temperature 0: as long as a text is right, the decoder has
        read the same symbols either way.

        Parameters
        ----------
        batch : Batch
            As for `loss`.

        Returns
        -------
        nats : ndarray of float64, of the targets' shape
            Zero where the mask says that a target does not count.
        right : ndarray of bool, of the targets' shape
            True where a target does not count.
        """
        whole = _with_a_step(batch)
        logits, _ = self.logits(whole)
        targets, mask = whole["targets"], whole.get("mask")
        counts = np.ones(targets.shape, bool) if mask is None else mask
        targets = np.where(counts, targets, 0)
        nats = np.where(counts, target_nats(logits, targets), 0)
        if self.target is not None and self.target.unknown_id is not None:
            logits[..., self.target.unknown_id] = -np.inf  # is never written
        right = (logits.argmax(axis=2) == targets) | ~counts
        T = len(batch["targets"])
        return nats[:T], right[:T]


def _with_a_step(batch: Batch) -> Batch:
    """Return a batch whose sources have at least one step, padding if there is nothing else."""
    if len(batch["source"]):
        return batch
    arrays = batch.arrays.items()
    empty = {name: np.zeros((1, array.shape[1]), array.dtype) for name, array in arrays if not len(array)}
    return Batch({**batch.arrays, **empty}, batch.counted)
