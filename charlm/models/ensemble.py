"""`Ensemble`: networks of one vocabulary that are trained side by side on the same batches."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from statistics import fmean
from typing import Any, ClassVar

import numpy as np

from charlm.config import ModelConfig, from_mapping
from charlm.errors import UsageError
from charlm.models.language_model import CharModel
from charlm.models.learner import Learner, State, joined
from charlm.models.mixture import Mixture
from charlm.models.network import parameter_shapes
from charlm.nn.backprop import once
from charlm.nn.kernels.workspace import Workspace
from charlm.nn.parameters import ParameterStore, join
from charlm.text.batches.base import Batch
from charlm.text.vocabulary import Vocabulary

__all__ = ["MOST_MEMBERS", "Ensemble", "independent", "networks_of", "side_by_side"]

MOST_MEMBERS = 16


class Ensemble:
    """Networks of one shape and one vocabulary that are trained side by side on the same batches.

    Their average is a better model than any of them: see `Mixture`.

    Parameters
    ----------
    networks : sequence of CharModel
        They differ in their weights alone, which become parts of one store.
    params : ParameterStore, optional
        That store, if the weights are in one already.

    Attributes
    ----------
    params : ParameterStore
        ``members.0.…``, ``members.1.…``, and so on.

    Raises
    ------
    UsageError
        If there is no network, or they differ in shape or vocabulary.

    Examples
    --------
    >>> from charlm import CharModel, ModelConfig, TrainConfig, Vocabulary, train
    >>> text = "the cat sat on the mat. " * 40
    >>> vocabulary = Vocabulary.from_text(text)
    >>> networks = [CharModel(ModelConfig(hidden_size=16), vocabulary, seed=seed) for seed in (0, 1)]
    >>> train(Ensemble(networks), text, TrainConfig(steps=5)).run().step
    5
    """

    kind: ClassVar[str] = "ensemble"

    def __init__(self, networks: Sequence[CharModel], *, params: ParameterStore | None = None) -> None:
        if not networks:
            raise UsageError("an ensemble has no network; give at least one")
        if any((one.config, one.vocabulary) != (networks[0].config, networks[0].vocabulary) for one in networks):
            raise UsageError("the networks of an ensemble differ in shape or vocabulary; give them the same")
        self.networks = tuple(networks)
        self.config, self.vocabulary = networks[0].config, networks[0].vocabulary
        self.params = join(members=networks) if params is None else params

    def __repr__(self) -> str:
        return f"Ensemble({len(self.networks)} x {self.networks[0]!r})"

    @property
    def drops(self) -> bool:
        """Whether `loss` draws masks."""
        return self.networks[0].drops

    def describe(self) -> dict[str, Any]:
        """Return everything but the weights that `build` needs, for JSON."""
        vocabulary = self.vocabulary.to_json()
        return {"model": dataclasses.asdict(self.config), "vocabulary": vocabulary, "members": len(self.networks)}

    @classmethod
    def build(cls, description: Mapping[str, Any], params: ParameterStore | None = None) -> Ensemble:
        """Build an ensemble from its description, with the weights in `params` or zeros.

        Raises
        ------
        UsageError, VocabularyError
            If the description is invalid.
        """
        config = from_mapping(ModelConfig, description["model"])
        vocabulary = Vocabulary.from_json(description["vocabulary"])
        parts = [f"members.{k}" for k in range(description["members"])]
        if params is None:
            one = parameter_shapes(config, len(vocabulary))
            shapes = {f"{part}.{name}": shape for part in parts for name, shape in one.items()}
            params = ParameterStore(shapes, config.dtype)
        return cls([CharModel(config, vocabulary, params=params.under(part)) for part in parts], params=params)

    def zero_state(self, streams: int) -> State:
        """Return the state of N streams that have read nothing: all layers of each network in turn."""
        return joined(network.zero_state(streams) for network in self.networks)

    def loss(
        self,
        batch: Batch,
        state: State | None = None,
        *,
        rng: np.random.Generator | None = None,
        weight_rng: np.random.Generator | None = None,
        scale: float | None = None,
        workspace: Workspace | None = None,
    ) -> tuple[float, State, Callable[[], State]]:
        """Return the mean of the networks' losses of a batch, the state after it, and the backward pass.

        The backward pass is that of the sum of the losses, so that each network learns as it would alone. The ranks
        of a run call the networks' own losses instead, of which each rank has some.

        Parameters
        ----------
        batch, state, rng, weight_rng, scale, workspace
            As for `CharModel.loss`.
        """
        ws = Workspace() if workspace is None else workspace
        before = self.zero_state(batch["inputs"].shape[1]) if state is None else state
        layers = self.config.layers
        results = [
            network.loss(
                batch,
                before[k * layers : (k + 1) * layers],
                rng=rng,
                weight_rng=weight_rng,
                scale=scale,
                workspace=ws.get(("network", k), Workspace),
            )
            for k, network in enumerate(self.networks)
        ]
        losses, ends, backward = zip(*results, strict=True)

        @once
        def backprop() -> State:
            return joined(backprop_one() for backprop_one in backward)

        return fmean(losses), joined(ends), backprop


def side_by_side(networks: Sequence[CharModel]) -> CharModel | Ensemble:
    """Return the learner of one network or several: a network is a learner itself."""
    return networks[0] if len(networks) == 1 else Ensemble(networks)


def independent(learner: Learner) -> Sequence[Learner]:
    """Return what learns for itself in a learner: the networks of an ensemble, any other as it is."""
    return learner.networks if isinstance(learner, Ensemble) else (learner,)


def networks_of(model: object) -> tuple[CharModel, ...]:
    """Return the networks of a model: those of an ensemble or a mixture, or a network itself; else none."""
    if isinstance(model, (Ensemble, Mixture)):
        return model.networks
    return (model,) if isinstance(model, CharModel) else ()
