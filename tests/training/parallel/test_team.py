"""The assignment of work to ranks, and a late rank, change no bit."""

from __future__ import annotations

import time

import numpy as np
import pytest

import charlm
from charlm.blas import one_blas_thread
from charlm.models.learner import State
from charlm.nn import ParameterStore
from charlm.text.batches import text_batch, text_shapes
from charlm.training.parallel.team import PROCESSES, Team
from charlm.training.parallel.update import Rank
from tests.figures import figure

pytestmark = pytest.mark.promise(3)

T, N, UPDATES = 8, 16, figure(4, 100)
VOCABULARY = charlm.Vocabulary.from_text("abcdefghij")
LARGE = charlm.Vocabulary.from_text("".join(map(chr, range(0x4E00, 0x4E00 + 2000))))


def train(
    optimizer: str,
    *,
    workers: int,
    shards: int = 4,
    processes: bool = False,
    vocabulary: charlm.Vocabulary = VOCABULARY,
    clip_norm: float = 5.0,
    **shape: float,
) -> list[np.ndarray]:
    """Return losses, norms, weights, slots and state after a few updates."""
    size = {"batch_size": N, "seq_length": T, "shards": shards, "workers": workers, "steps": 9}
    config = charlm.TrainConfig(optimizer=optimizer, learning_rate=0.05, clip_norm=clip_norm, **size)
    model = charlm.CharModel(charlm.ModelConfig(hidden_size=40, **shape), vocabulary)
    rng, shown = np.random.default_rng(0), []
    with Team(model, config, text_shapes(T, N), processes=processes) as team:
        for _ in range(UPDATES):
            ids = rng.integers(len(vocabulary), size=(T + 1, N))
            resets = rng.random((T, N)) < 0.1
            shown.append(team.update(text_batch(ids[:-1], ids[1:], resets), lr=0.05))
        state = [part for layer in team.state for part in layer]
        return [np.array(shown), model.params.value.copy(), *map(np.copy, team.optimizer.slots.values()), *state]


@pytest.mark.parametrize("optimizer", ["adagrad", "adam", "adamw", "rmsprop", "sgd"])
@pytest.mark.parametrize("workers", [2, 3, 4])
def test_the_number_of_threads(optimizer: str, workers: int) -> None:
    alone = train(optimizer, workers=1)
    for got, wanted in zip(train(optimizer, workers=workers), alone, strict=True):
        np.testing.assert_array_equal(got, wanted)


@pytest.mark.parametrize("optimizer", ["adagrad", "adam", "sgd"])
def test_a_rank_that_comes_late(optimizer: str, monkeypatch: pytest.MonkeyPatch) -> None:
    alone = train(optimizer, workers=1)
    apply, differentiate = Rank._clip, Rank._differentiate

    def apply_late(rank: Rank, norm: float) -> None:
        time.sleep(0.005 * rank.comm.rank)
        apply(rank, norm)

    def differentiate_late(rank: Rank, *work: object) -> State:
        time.sleep(0.005 * (2 - rank.comm.rank))
        return differentiate(rank, *work)

    monkeypatch.setattr(Rank, "_clip", apply_late)
    monkeypatch.setattr(Rank, "_differentiate", differentiate_late)
    for got, wanted in zip(train(optimizer, workers=3), alone, strict=True):
        np.testing.assert_array_equal(got, wanted)


@pytest.mark.skipif(not PROCESSES, reason="this system trains on threads")
@pytest.mark.parametrize(("optimizer", "workers"), [("adagrad", 2), ("adamw", 2), ("adagrad", 4)])
def test_the_number_of_processes(optimizer: str, workers: int) -> None:
    alone = train(optimizer, workers=1)
    for got, wanted in zip(train(optimizer, workers=workers, processes=True), alone, strict=True):
        np.testing.assert_array_equal(got, wanted)


@pytest.mark.parametrize("processes", [False, PROCESSES])
@pytest.mark.parametrize("embedding_size", [0, 24])
@pytest.mark.parametrize("optimizer", ["adagrad", "adam"])
def test_with_a_large_vocabulary_too(processes: bool, embedding_size: int, optimizer: str) -> None:
    shape = {"vocabulary": LARGE, "embedding_size": embedding_size}
    with one_blas_thread():  # as runs are trained; products of this size would be shared by two otherwise
        alone = train(optimizer, workers=1, **shape)
        together = train(optimizer, workers=2, processes=processes, **shape)
    for got, wanted in zip(together, alone, strict=True):
        np.testing.assert_array_equal(got, wanted)


@pytest.mark.parametrize("embedding_size", [0, 24])
@pytest.mark.parametrize("optimizer", ["adagrad", "adam", "sgd"])
def test_columns_without_a_gradient_are_left_out_and_change_nothing(
    embedding_size: int, optimizer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = {"vocabulary": LARGE, "embedding_size": embedding_size, "clip_norm": 0.0, "shards": 2}
    some = train(optimizer, workers=2, **settings)
    gradient = ParameterStore.gradient
    monkeypatch.setattr(ParameterStore, "gradient", lambda store, name, _columns=None: gradient(store, name))
    whole = train(optimizer, workers=2, **settings)
    np.testing.assert_allclose(some[0], whole[0], rtol=1e-6)  # the norm is a sum of other blocks
    for got, wanted in zip(some[1:], whole[1:], strict=True):
        np.testing.assert_array_equal(got, wanted)


@pytest.mark.skipif(not PROCESSES, reason="this system trains on threads")
def test_a_worker_that_is_killed_is_told_in_one_line() -> None:
    config = charlm.TrainConfig(batch_size=N, seq_length=T, shards=2, workers=2, steps=9)
    model = charlm.CharModel(charlm.ModelConfig(hidden_size=8), VOCABULARY)
    ids = np.zeros((T + 1, N), np.intp)
    with Team(model, config, text_shapes(T, N), processes=True) as team:
        team.update(text_batch(ids[:-1], ids[1:]), lr=0.05)
        team._others._children[0].kill()

        def go_on() -> None:
            for _ in range(3):
                team.update(text_batch(ids[:-1], ids[1:]), lr=0.05)

        with pytest.raises(charlm.CharlmError, match=r"worker has ended; resume the run"):
            go_on()


@pytest.mark.parametrize("processes", [False, PROCESSES])
def test_with_dropout_too(processes: bool) -> None:
    shape = {"layers": 2, "dropout": 0.3}
    several = train("sgd", workers=2, processes=processes, **shape)
    for got, wanted in zip(several, train("sgd", workers=1, **shape), strict=True):
        np.testing.assert_array_equal(got, wanted)


def test_shards_lack_the_same_weights() -> None:
    """A weight that an update does without has no gradient from any shard, so that SGD leaves it where it is."""
    model = charlm.CharModel(charlm.ModelConfig(hidden_size=40, weight_drop=0.5), VOCABULARY)
    start = model.params["layers.0.W_h"].copy()
    config = charlm.TrainConfig(
        optimizer="sgd", clip_norm=0.0, batch_size=N, seq_length=T, shards=4, workers=2, steps=9
    )
    ids = np.random.default_rng(0).integers(len(VOCABULARY), size=(T + 1, N))
    still = []
    with Team(model, config, text_shapes(T, N)) as team:
        for _ in range(2):
            before = model.params["layers.0.W_h"].copy()
            team.update(text_batch(ids[:-1], ids[1:]), lr=1.0)
            still.append(model.params["layers.0.W_h"] == before)
    assert all(part.mean() == pytest.approx(0.5, abs=0.03) for part in still)
    assert (still[0] & still[1]).mean() == pytest.approx(0.25, abs=0.03)  # each update draws anew
    assert (model.params["layers.0.W_h"] != start).mean() == pytest.approx(0.75, abs=0.03)


@pytest.mark.parametrize("workers", [1, 2])
def test_the_average_of_the_weights(workers: int) -> None:
    model = charlm.CharModel(charlm.ModelConfig(hidden_size=40), VOCABULARY)
    config = charlm.TrainConfig(ema=0.5, batch_size=N, seq_length=T, shards=4, workers=workers, steps=9)
    ids = np.random.default_rng(0).integers(len(VOCABULARY), size=(T + 1, N))
    with Team(model, config, text_shapes(T, N)) as team:
        average = model.params.value.astype(np.float64)
        for step in range(UPDATES + 8):
            team.update(text_batch(ids[:-1], ids[1:]), lr=0.1)
            decay = min(0.5, (step + 1) / (step + 10))
            average = decay * average + (1 - decay) * model.params.value
        np.testing.assert_allclose(team.averaged.params.value, average, rtol=1e-4, atol=1e-6)
        assert np.abs(team.averaged.params.value - model.params.value).max() > 1e-3


def test_shards_are_a_matter_of_rounding_only() -> None:
    for got, wanted in zip(train("sgd", workers=1, shards=4), train("sgd", workers=1, shards=1), strict=True):
        np.testing.assert_allclose(got, wanted, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("variational", [False, True])
def test_each_shard_has_a_dropout_mask_of_its_own(variational: bool) -> None:
    """Two shards that read the same: their mean loss is that of one stream only if they share a mask."""
    text = "".join(np.random.default_rng(4).choice(list("abcdefghij"), 30))

    def first_loss(copies: int, **shape: float) -> float:
        model = charlm.CharModel(charlm.ModelConfig(hidden_size=8, **shape), VOCABULARY)
        config = charlm.TrainConfig(
            batch_size=copies, shards=copies, workers=1, seq_length=len(text), steps=1, val_frac=0, log_every=1
        )
        reports = charlm.train(model, text * copies + text[0], config)
        return next(report.loss for report in reports if report.event == "step")

    assert first_loss(2) == pytest.approx(first_loss(1), rel=1e-5)
    dropped = {"dropout": 0.5, "variational": variational}
    assert first_loss(2, **dropped) != pytest.approx(first_loss(1, **dropped), rel=1e-5)
