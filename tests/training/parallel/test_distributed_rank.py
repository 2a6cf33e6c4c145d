"""The number of ranks that share no memory changes no bit."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import charlm
from charlm.checkpoint import load_checkpoint
from charlm.models.ensemble import side_by_side
from charlm.models.learner import State
from charlm.text.batches import text_batch, text_shapes
from charlm.training import plan
from charlm.training.parallel.communicator import ProcessGroup
from charlm.training.parallel.distributed import DistributedRank
from charlm.training.parallel.team import Team
from charlm.training.parallel.update import Rank
from charlm.training.task import text_task
from charlm.training.train import RunOptions
from charlm.training.train import train as train_all
from tests.figures import figure
from tests.training.ranks import other_ranks
from tests.training.runs import make_names, make_text, new_model, outcome

pytestmark = pytest.mark.promise(3)

T, N, UPDATES = 8, 16, figure(4, 100)
VOCABULARY = charlm.Vocabulary.from_text("abcdefghij")


LARGE = charlm.Vocabulary.from_text("".join(map(chr, range(0x4E00, 0x4E00 + 2000))))


def updates(
    optimizer: str,
    group: ProcessGroup | None = None,
    *,
    shards: int = 4,
    vocabulary: charlm.Vocabulary = VOCABULARY,
    networks: int = 1,
    **shape: Any,
) -> list[np.ndarray]:
    """Return losses, norms, weights, slots, average and state after a few updates."""
    config = charlm.TrainConfig(
        optimizer=optimizer, learning_rate=0.05, batch_size=N, seq_length=T, shards=shards, ema=0.5, steps=9
    )
    form = charlm.ModelConfig(**{"hidden_size": 80, **shape})
    model = side_by_side([charlm.CharModel(form, vocabulary, seed=seed) for seed in range(networks)])
    rng, shown = np.random.default_rng(0), []
    with Team(model, config, text_shapes(T, N), group=group) as team:
        for _ in range(UPDATES):
            length = int(rng.integers(2, T + 1))
            ids = rng.integers(len(vocabulary), size=(length + 1, N))
            shown.append(
                team.update(text_batch(ids[:-1], ids[1:], rng.random((length, N)) < 0.1), lr=0.05, decay=0.02)
            )
        average = team.averaged.params.value.copy()
        state = [part.copy() for layer in team.state for part in layer]
        slots = list(map(np.copy, team.optimizer.slots.values()))
        return [np.array(shown), model.params.value.copy(), *slots, average, *state]


@pytest.mark.parametrize("optimizer", ["adagrad", "adam", "adamw", "rmsprop", "sgd"])
@pytest.mark.parametrize("ranks", [2, 3, 4, 6])
def test_the_number_of_ranks(optimizer: str, ranks: int) -> None:
    alone = updates(optimizer)
    with other_ranks(ranks) as group:
        for got, wanted in zip(updates(optimizer, group), alone, strict=True):
            np.testing.assert_array_equal(got, wanted)


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
@pytest.mark.parametrize("hidden_size", [9, 150])  # fewer blocks of weights than ranks, and more
def test_cells_with_dropout(cell: str, hidden_size: int) -> None:
    shape = {"cell": cell, "hidden_size": hidden_size, "layers": 2, "dropout": 0.3, "weight_drop": 0.2}
    alone = updates("sgd", **shape)
    with other_ranks(2) as group:
        for got, wanted in zip(updates("sgd", group, **shape), alone, strict=True):
            np.testing.assert_array_equal(got, wanted)


@pytest.mark.parametrize("ranks", [2, 3, 4, 7])
@pytest.mark.parametrize("vocabulary", [VOCABULARY, LARGE])
@pytest.mark.parametrize("shards", [1, 2])
def test_networks_side_by_side(ranks: int, vocabulary: charlm.Vocabulary, shards: int) -> None:
    shape = {
        "networks": 3,
        "shards": shards,
        "vocabulary": vocabulary,
        "layers": 2,
        "dropout": 0.3,
        "hidden_size": 24,
    }
    alone = updates("adagrad", **shape)
    with other_ranks(ranks) as group:
        for got, wanted in zip(updates("adagrad", group, **shape), alone, strict=True):
            np.testing.assert_array_equal(got, wanted)


@pytest.mark.parametrize("optimizer", ["adagrad", "adam"])
@pytest.mark.parametrize("embedding_size", [0, 24])
def test_a_large_vocabulary(optimizer: str, embedding_size: int) -> None:
    shape = {"vocabulary": LARGE, "embedding_size": embedding_size}
    alone = updates(optimizer, **shape)
    with other_ranks(3) as group:
        for got, wanted in zip(updates(optimizer, group, **shape), alone, strict=True):
            np.testing.assert_array_equal(got, wanted)


def test_a_sum_in_another_order_would_be_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    alone = updates("sgd")

    def sum_from_the_end(gradients: list[np.ndarray]) -> np.ndarray:
        gradients[0][...] = sum(gradients[::-1][1:], start=gradients[-1])
        return gradients[0]

    monkeypatch.setattr("charlm.training.parallel.parts._tree_sum", sum_from_the_end)
    with other_ranks(2) as group:
        got = updates("sgd", group)
    assert (got[1] != alone[1]).any()
    np.testing.assert_allclose(got[1], alone[1], rtol=1e-4, atol=1e-6)


def test_what_stays_with_the_ranks_is_fetched_once_an_update(monkeypatch: pytest.MonkeyPatch) -> None:
    fetched, gather_parts = [], DistributedRank._gather_parts

    def counted(rank: DistributedRank) -> None:
        fetched.append(rank.rank)
        gather_parts(rank)

    monkeypatch.setattr(DistributedRank, "_gather_parts", counted)
    with other_ranks(2) as group:
        updates("adam", group)  # which asks once, for the average
        assert sorted(fetched) == [0, 1]
        fetched.clear()
        model = charlm.CharModel(charlm.ModelConfig(hidden_size=9), VOCABULARY)
        with Team(
            model, charlm.TrainConfig(batch_size=N, seq_length=T, shards=2, steps=9), text_shapes(T, N), group=group
        ) as team:
            team.collect()
            team.broadcast()
            team.collect()
    assert fetched == []  # all had just begun with the same


CONFIG = charlm.TrainConfig(
    optimizer="adam",
    learning_rate=0.02,
    batch_size=16,
    seq_length=8,
    shards=4,
    steps=figure(9, 100),
    eval_every=3,
    save_every=4,
    sample_every=5,
    log_every=1,
    ema=0.9,
)


def train_with_stops(
    folder: Path, text: str, config: charlm.TrainConfig, worlds: list[ProcessGroup | None], **shape: Any
) -> None:
    """Train, each part of the run in another group: a stop after each two updates, until the worlds are used up."""
    folder.mkdir()
    model = new_model(text, stop=config.documents, dropout=0.2, **shape)
    resumed, stop = None, 0
    for k, group in enumerate(worlds):
        seen = [stop]
        stop += 2 if k + 1 < len(worlds) else 10**6

        def should_stop(seen: list[int] = seen, stop: int = stop) -> bool:
            return seen[0] >= stop

        options = RunOptions(
            folder=folder, origin={"preset": None}, resumed=resumed, should_stop=should_stop, group=group
        )
        for report in train_all(model, text, config, run=options):
            seen[0] = report.step
        checkpoint = load_checkpoint(folder / "last.npz")
        model, resumed = checkpoint.model, (checkpoint.training, checkpoint.tensors)
        if resumed is not None:
            config = charlm.TrainConfig(**checkpoint.training["train"])


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
@pytest.mark.parametrize("kind", ["sequential", "documents", "rollback"])
def test_a_run_that_goes_on_with_more_and_fewer_ranks(cell: str, kind: str, tmp_path: Path) -> None:
    text = make_names(300) if kind == "documents" else make_text(600)
    config = CONFIG
    if kind == "documents":
        config = dataclasses.replace(config, documents=True, ema=0.0)
    if kind == "rollback":
        config = dataclasses.replace(config, on_nan="rollback")
    train_with_stops(tmp_path / "alone", text, dataclasses.replace(config, workers=1), [None], cell=cell)
    with other_ranks(2) as two, other_ranks(3) as three:
        train_with_stops(tmp_path / "ranks", text, config, [two, None, three, two], cell=cell)
    assert outcome(tmp_path / "ranks") == outcome(tmp_path / "alone")


def test_going_back_goes_back_at_every_rank(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A loss that is not finite, once: the run then goes on as the same run alone does."""
    text, config = make_text(600), dataclasses.replace(CONFIG, on_nan="rollback", steps=8)
    differentiate = Rank._differentiate

    def spoil(rank: Rank, shard: Any) -> State:
        end = differentiate(rank, shard)
        if shard.number == 3 and rank.optimizer.steps == 5 and float(rank.optimizer.lr) == 0.02:
            rank.arrays["losses"][:, 3] = np.nan
        return end

    monkeypatch.setattr(Rank, "_differentiate", spoil)
    train_with_stops(tmp_path / "alone", text, dataclasses.replace(config, workers=1), [None])
    with other_ranks(2) as group:
        train_with_stops(tmp_path / "ranks", text, config, [group])
    assert outcome(tmp_path / "ranks") == outcome(tmp_path / "alone")
    assert outcome(tmp_path / "ranks")["record"]["progress"]["rollbacks"] == 1


def test_ranks_are_the_workers_and_told_of_if_they_are_too_many(tmp_path: Path) -> None:
    text = make_text(600)
    config = charlm.TrainConfig(batch_size=16, seq_length=8, steps=2, sample_every=0)
    with other_ranks(3) as group:
        options = RunOptions(folder=tmp_path, origin={"preset": None}, group=group)
        reports = list(train_all(new_model(text), text, config, run=options))
    details = reports[0].details
    assert (details["shards"], details["workers"], details["ranks"]) == (2, 3, 3)
    assert details["config"]["train"]["workers"] is None
    (warning,) = [report.text for report in reports if report.event == "warning"]
    assert warning.startswith("of 3 ranks, 1 without a shard of its own; give `shards=3`")


def test_minutes_are_measured_with_all_ranks(monkeypatch: pytest.MonkeyPatch) -> None:
    step_s, measured = plan._step_s, []

    def briefly(team: Team, batches: Any, _trial_s: float) -> float:
        measured.append(team._distributed is not None)
        return step_s(team, batches, 0.01)

    monkeypatch.setattr(plan, "_step_s", briefly)
    text = make_text(600)
    model, config = new_model(text), charlm.TrainConfig(batch_size=16, seq_length=8, minutes=1)
    data = text_task(model.vocabulary, text, config)
    with other_ranks(2) as group:
        planned, _ = plan.plan(model, data, config, group=group)
        plan.measure(model, data, planned, group)
    assert measured == [True, True, True]
    assert (planned.shards, planned.workers, planned.minutes) == (2, None, None)
