"""Networks that are trained side by side: each learns as it would alone."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import charlm
from charlm import CharModel, ModelConfig, TrainConfig, Vocabulary
from charlm.errors import UsageError
from charlm.models.ensemble import Ensemble, side_by_side
from charlm.models.learner import from_json, to_json, with_params
from charlm.text.batches import text_batch

TEXT = "the cat sat on the mat. a dog ate the hat, and sat on the cat. " * 40
VOCABULARY = Vocabulary.from_text(TEXT)
SHAPE: dict[str, Any] = {"hidden_size": 7, "layers": 2, "dtype": "float64"}


def networks(count: int, **config: Any) -> list[CharModel]:
    shape = ModelConfig(**{**SHAPE, **config})
    return [CharModel(shape, VOCABULARY, seed=seed) for seed in range(count)]


@pytest.mark.parametrize(("shards", "workers"), [(1, 1), (1, 2), (1, 3), (2, 1), (2, 4), (2, 6)])
def test_each_network_learns_bit_for_bit_as_alone(shards: int, workers: int) -> None:
    config = TrainConfig(
        steps=12, batch_size=8, seq_length=9, shards=shards, workers=workers, clip_norm=0.1, ema=0.9
    )
    ensemble = Ensemble(networks(3))
    charlm.train(ensemble, TEXT, config).run()
    for found, alone in zip(ensemble.networks, networks(3), strict=True):
        charlm.train(alone, TEXT, config).run()
        np.testing.assert_array_equal(found.params.value, alone.params.value)


@pytest.mark.parametrize("dropped", ["dropout", "weight_drop"])
def test_networks_that_begin_alike_learn_with_different_masks(dropped: str) -> None:
    config = TrainConfig(steps=2, batch_size=8, seq_length=9, shards=2, workers=1, clip_norm=0.1)
    twins = [CharModel(ModelConfig(**SHAPE, **{dropped: 0.5}), VOCABULARY, seed=1) for _ in range(4)]
    ensemble = Ensemble(twins[:3])
    charlm.train(ensemble, TEXT, config).run()
    charlm.train(twins[3], TEXT, config).run()
    one, two, three = (network.params.value for network in ensemble.networks)
    np.testing.assert_array_equal(one, twins[3].params.value)
    assert not np.array_equal(one, two)
    assert not np.array_equal(two, three)


def test_the_loss_is_the_mean_and_the_gradient_that_of_the_sum() -> None:
    ids = VOCABULARY.encode(TEXT)[:33].reshape(11, 3)
    batch = text_batch(ids[:-1], ids[1:])
    ensemble, alone = Ensemble(networks(2)), networks(2)
    loss, end, backprop = ensemble.loss(batch)
    backprop()
    losses, gradients = [], []
    for network in alone:
        own, _, backprop_one = network.loss(batch)
        backprop_one()
        losses.append(own)
        gradients.append(network.params.grad)
    assert loss == pytest.approx(np.mean(losses), rel=1e-15)
    np.testing.assert_array_equal(ensemble.params.grad, np.concatenate(gradients))
    assert len(end) == 4


def test_masks_differ_between_the_networks() -> None:
    ids = VOCABULARY.encode(TEXT)[:33].reshape(11, 3)
    batch = text_batch(ids[:-1], ids[1:])
    twins = [CharModel(ModelConfig(**SHAPE, dropout=0.5), VOCABULARY, seed=1) for _ in range(2)]
    ensemble = Ensemble(twins)
    _, end, _ = ensemble.loss(batch, rng=np.random.default_rng(0))
    assert ensemble.drops
    assert not np.array_equal(end[1][0], end[3][0])  # the second layers read dropped activations


def test_is_built_again_from_its_description_and_weights() -> None:
    ensemble = Ensemble(networks(2, cell="gru"))
    copy = with_params(ensemble, ensemble.params.on(ensemble.params.value.copy()))
    np.testing.assert_array_equal(copy.networks[1].params["head.W"], ensemble.networks[1].params["head.W"])
    empty = from_json(to_json(ensemble))
    assert isinstance(empty, Ensemble)
    assert empty.params.shapes == ensemble.params.shapes


def test_networks_that_do_not_fit_together() -> None:
    with pytest.raises(UsageError, match="has no network; give at least one"):
        Ensemble([])
    with pytest.raises(UsageError, match="differ in shape or vocabulary; give them the same"):
        Ensemble([*networks(1), *networks(1, hidden_size=8)])


def test_one_network_is_trained_as_it_is() -> None:
    (network,) = networks(1)
    assert side_by_side([network]) is network
