"""Who does which part of an update, and who comes late, changes no bit."""

from __future__ import annotations

import time

import numpy as np
import pytest

import charlm
from charlm.text.batches import Batch
from charlm.training.team import Team, make_optimizer

T, N, UPDATES = 8, 16, 4
VOCABULARY = charlm.Vocabulary.from_text("abcdefghij")


def train(optimizer: str, *, workers: int, shards: int = 4, late: bool = False, **shape: float) -> list[np.ndarray]:
    """Return losses, norms, weights, slots and state after a few updates."""
    config = charlm.TrainConfig(
        optimizer=optimizer, learning_rate=0.05, batch_size=N, seq_length=T, shards=shards, workers=workers, steps=9
    )
    model = charlm.CharModel(charlm.ModelConfig(hidden_size=40, **shape), VOCABULARY)
    rule = make_optimizer(model.params, config)
    update = rule.update

    def update_late(part: slice) -> None:
        if part.start:
            time.sleep(0.01)
        update(part)

    if late:
        rule.update = update_late
    rng, shown = np.random.default_rng(0), []
    with Team(model, config, rule) as team:
        for _ in range(UPDATES):
            ids = rng.integers(len(VOCABULARY), size=(T + 1, N))
            resets = rng.random((T, N)) < 0.1
            shown.append(team.update(Batch(ids[:-1], ids[1:], resets), lr=0.05))
    state = [part for layer in team.state for part in layer]
    return [np.array(shown), model.params.value, *rule.slots.values(), *state]


@pytest.mark.parametrize("optimizer", ["adagrad", "adam", "adamw", "rmsprop", "sgd"])
@pytest.mark.parametrize(("workers", "late"), [(2, False), (2, True), (3, True), (4, False)])
def test_the_number_of_workers(optimizer: str, workers: int, late: bool) -> None:
    alone = train(optimizer, workers=1)
    for got, wanted in zip(train(optimizer, workers=workers, late=late), alone, strict=True):
        np.testing.assert_array_equal(got, wanted)


def test_with_dropout_too() -> None:
    shape = {"layers": 2, "dropout": 0.3}
    for got, wanted in zip(train("sgd", workers=2, **shape), train("sgd", workers=1, **shape), strict=True):
        np.testing.assert_array_equal(got, wanted)


def test_shards_are_a_matter_of_rounding_only() -> None:
    for got, wanted in zip(train("sgd", workers=1, shards=4), train("sgd", workers=1, shards=1), strict=True):
        np.testing.assert_allclose(got, wanted, rtol=1e-4, atol=1e-6)
