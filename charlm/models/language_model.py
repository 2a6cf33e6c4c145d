"""`CharModel`: a recurrent language model over the symbols of a vocabulary."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import numpy as np

from charlm.config import LossReduction, ModelConfig, from_mapping
from charlm.errors import CheckpointError
from charlm.models.learner import State
from charlm.models.network import Network, parameter_shapes
from charlm.nn.arrays import LARGE_VOCABULARY, FloatArray, IdArray
from charlm.nn.backprop import once
from charlm.nn.kernels.workspace import Workspace
from charlm.nn.losses import cross_entropy
from charlm.nn.parameters import ParameterStore
from charlm.nn.softmax_head import head_cross_entropy
from charlm.text.batches.base import Batch
from charlm.text.vocabulary import Vocabulary

__all__ = ["CharModel"]


class CharModel(Network):
    """A recurrent language model over the symbols of a vocabulary.

    Parameters
    ----------
    config : ModelConfig
    vocabulary : Vocabulary
        Symbols of inputs and outputs.
    seed : int
        Seed of the initial weights.
    params : ParameterStore, optional
        A store that holds the weights, whatever the seed; by default a new one.

    Attributes
    ----------
    params : ParameterStore
        All weights by their names in checkpoints.
    """

    kind: ClassVar[str] = "language model"

    def __init__(
        self, config: ModelConfig, vocabulary: Vocabulary, *, seed: int = 0, params: ParameterStore | None = None
    ) -> None:
        super().__init__(config, len(vocabulary), seed=seed, params=params)
        self.vocabulary = vocabulary

    def __repr__(self) -> str:
        c = self.config
        size = f"{c.layers}x{c.hidden_size}" if c.layers > 1 else f"{c.hidden_size}"
        return f"CharModel({c.cell} {size}, {len(self.vocabulary)} symbols, {self.params.value.size:,} parameters)"

    @classmethod
    def with_zero_weights(cls, config: ModelConfig, vocabulary: Vocabulary) -> CharModel:
        """Return a model whose weights are all zero."""
        shapes = parameter_shapes(config, len(vocabulary))
        return cls(config, vocabulary, params=ParameterStore(shapes, config.dtype))

    @property
    def hidden_size(self) -> int:
        """H."""
        return self.config.hidden_size

    @property
    def work(self) -> int:
        """Multiplications a symbol, roughly: one for each weight."""
        return self.params.value.size

    @property
    def drops(self) -> bool:
        """Whether `loss` draws masks."""
        return self.config.dropout > 0 or self.config.weight_drop > 0

    def describe(self) -> dict[str, Any]:
        """Return everything but the weights that `build` needs, for JSON."""
        return {"model": dataclasses.asdict(self.config), "vocabulary": self.vocabulary.to_json()}

    @classmethod
    def build(cls, description: Mapping[str, Any], params: ParameterStore | None = None) -> CharModel:
        """Build a model from its description, with the weights in `params` or zeros.

        Raises
        ------
        UsageError, VocabularyError
            If the description is invalid.
        """
        config = from_mapping(ModelConfig, description["model"])
        vocabulary = Vocabulary.from_json(description["vocabulary"])
        return (
            cls.with_zero_weights(config, vocabulary) if params is None else cls(config, vocabulary, params=params)
        )

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
        """Compute the cross-entropy of the targets of a batch of text, given its inputs.

        Parameters
        ----------
        batch : Batch
            ``inputs`` and ``targets``, ids (T, N), and ``resets``, from `charlm.text.batches.text_batch`.
        state : State, optional
            State after the window before; by default zero.
        rng : numpy.random.Generator, optional
            Draws the dropout masks; without it no activation is dropped.
        weight_rng : numpy.random.Generator, optional
            Draws the recurrent weights to drop (weight-drop); without it none are dropped.
        reduction, scale
            As for `charlm.nn.cross_entropy`.
        workspace : Workspace, optional
            Arrays that every window reuses.

        Returns
        -------
        loss : float
            In nats, reduced.
        state : State
        backprop : callable
            ``() -> dstate``; adds into ``params.grad``; once only.

        Notes
        -----
        A workspace holds the arrays of the layers (`charlm.nn.kernels.window`), (V + H) T N numbers for the head,
        whose logits are overwritten by their gradient, and with dropout 2 T N H for each layer. A large vocabulary
        needs fewer for the head; see `charlm.nn.softmax_head`.
        """
        ws = Workspace() if workspace is None else workspace
        h, state, backprop_h = self.read(
            batch["inputs"], state, resets=batch.get("resets"), rng=rng, weight_rng=weight_rng, workspace=ws
        )
        if rng is not None:
            h, backprop_dropout = self.dropout.forward(h, rng, workspace=ws)
        loss, backprop_head = self._head_loss(h, batch["targets"], reduction, scale, ws)

        @once
        def backprop() -> State:
            dh = backprop_head()
            return backprop_h(dh if rng is None else backprop_dropout(dh))

        return loss, state, backprop

    def _head_loss(
        self, h: FloatArray, targets: IdArray, reduction: LossReduction, scale: float | None, ws: Workspace
    ) -> tuple[float, Callable[[], FloatArray]]:
        if self.vocabulary_size > LARGE_VOCABULARY:
            return head_cross_entropy(self.head, h, targets, reduction=reduction, scale=scale, workspace=ws)
        logits, backprop = self.head.forward(h, workspace=ws)
        loss, backprop_loss = cross_entropy(logits, targets, reduction=reduction, scale=scale, overwrite=True)
        return loss, lambda: backprop(backprop_loss())

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
            If a tensor is missing or unknown, or has another shape.
        """
        shapes = parameter_shapes(config, len(vocabulary))
        odd = sorted(set(shapes) ^ set(tensors))
        if odd:
            raise CheckpointError(f"tensor {odd[0]} is {'missing' if odd[0] in shapes else 'not of this model'}")
        for name, shape in shapes.items():
            if tensors[name].shape != shape:
                raise CheckpointError(f"tensor {name} has shape {tensors[name].shape}; this model needs {shape}")
        model = cls.with_zero_weights(config, vocabulary)
        for name, tensor in tensors.items():
            model.params[name][...] = tensor
        return model
