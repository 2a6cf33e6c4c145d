"""Runs whose model is a mixture: weights, losses and files against a mixture that is put together by hand."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import charlm
from charlm import Counts, Mixture, TrainConfig
from charlm.checkpoint import load_checkpoint
from charlm.errors import CorpusError
from charlm.models.ensemble import Ensemble
from charlm.models.language_model import CharModel
from charlm.models.mixture import fit_weights
from charlm.text.batches import document_stream
from charlm.text.corpus import read_corpus
from charlm.training.mixture_task import MixtureTask, task_of_text
from charlm.training.plan import plan
from charlm.training.preparation import new_text_run, resumed_run
from charlm.training.train import RunOptions

from .runs import make_names, new_model

TEXT = read_corpus(["builtin:tales"]).text[:20_000]
STEPS = 40
EVERY: dict[str, Any] = {"eval_every": 20, "sample_every": 0}
CONFIG = TrainConfig(steps=STEPS, counts=True, batch_size=8, shards=2, workers=1, learning_rate=0.3, **EVERY)


def nats_of(model: Any, ids: np.ndarray, lead: int) -> np.ndarray:
    """Return −ln p of the ids after the first `lead`, read as one stream."""
    logits, _ = model.logits(ids[:-1, None])
    log_p = logits.astype(np.float64) - np.logaddexp.reduce(logits.astype(np.float64), axis=-1, keepdims=True)
    return -log_p[np.arange(len(ids) - 1), 0, ids[1:]][lead - 1 :]


@pytest.fixture(scope="module")
def model() -> CharModel:
    network = new_model(TEXT, hidden_size=48, dtype="float64")
    charlm.train(network, TEXT, replace(CONFIG, steps=400)).run()
    return network


def split(ids: np.ndarray, starts: list[int], length: int) -> tuple[np.ndarray, list[np.ndarray]]:
    """Return a text without its pieces, and the pieces."""
    inside = np.zeros(len(ids), np.bool_)
    for start in starts:
        inside[start : start + length] = True
    return ids[~inside], [ids[start : start + length] for start in starts]


@pytest.mark.parametrize(("piece", "count"), [(1024, 1), (100, 3)])
def test_the_networks_do_not_learn_the_pieces_that_fit_the_weights(
    monkeypatch: pytest.MonkeyPatch, model: CharModel, piece: int, count: int
) -> None:
    monkeypatch.setattr("charlm.training.mixture_task.PIECE", piece)
    whole = model.vocabulary.encode(TEXT)[:18_000]
    starts = [9_000] if count == 1 else [3_000, 9_000, 15_000]  # evenly
    rest, pieces = split(whole, starts, 360 // count)
    task = task_of_text(model, TEXT, CONFIG)
    np.testing.assert_array_equal(task.train, rest)
    rows = [
        np.concatenate([nats_of(one, ids, 1) for ids in pieces]) for one in (model, Counts(model.vocabulary, rest))
    ]
    found = task.validate(model, CONFIG)
    np.testing.assert_allclose(found["weights"], fit_weights(-np.array(rows)), atol=1e-5)


def test_the_loss_is_that_of_the_mixture_that_is_stored(model: CharModel) -> None:
    task = task_of_text(model, TEXT, CONFIG)
    mixture = task.complete(model, CONFIG)
    assert isinstance(mixture, Mixture)
    held = int(0.9 * len(TEXT))
    ids = model.vocabulary.encode(TEXT)[held - 257 :]
    found = task.validate(model, CONFIG)
    assert found["loss"] == pytest.approx(nats_of(mixture, ids, 257).mean(), abs=2e-3)
    assert found["networks"] == [pytest.approx(nats_of(model, ids, 257).mean(), abs=2e-3)]
    assert found["counts"] == pytest.approx(nats_of(mixture.members[1], ids, 257).mean(), rel=1e-12)
    assert found["loss"] < min(found["networks"][0], found["counts"])


def test_the_stored_counts_are_those_of_the_whole_training_text(model: CharModel) -> None:
    mixture = task_of_text(model, TEXT, CONFIG).complete(model, CONFIG)
    whole = model.vocabulary.encode(TEXT)[: int(0.9 * len(TEXT))]
    np.testing.assert_array_equal(mixture.members[1].tensors()["ids"], whole)  # type: ignore[union-attr]


def test_counts_that_do_not_help_are_left_out_by_measurement() -> None:
    rng = np.random.default_rng(0)
    noise = "".join(rng.choice(list("ab"), 5_000, p=[0.3, 0.7]))  # the next symbol does not depend on any
    network = new_model(noise, dtype="float64")
    charlm.train(network, noise, TrainConfig(steps=60, learning_rate=0.3)).run()
    measured = TrainConfig(counts=None)
    task = task_of_text(network, noise, measured)
    assert task.complete(network, measured) is network
    found = task.validate(network, measured)
    assert found["weights"] == [1.0]
    assert found["loss"] == found["networks"][0]
    assert isinstance(task.complete(network, TrainConfig(counts=True)), Mixture)


def test_counts_that_help_join_by_measurement(model: CharModel) -> None:
    measured = TrainConfig(counts=None)
    assert isinstance(task_of_text(model, TEXT, measured).complete(model, measured), Mixture)


def test_networks_without_counts_learn_the_whole_text_and_weigh_the_same() -> None:
    networks = [new_model(TEXT), new_model(TEXT)]
    config = TrainConfig()
    ensemble = Ensemble(networks)
    task = task_of_text(ensemble, TEXT, config)
    mixture = task.complete(ensemble, config)
    assert isinstance(task, MixtureTask)
    assert isinstance(mixture, Mixture)
    assert mixture.weights == (0.5, 0.5)
    assert len(task.train) == int(0.9 * len(TEXT))
    assert "counts" not in task.validate(ensemble, config)


def test_documents_are_split_by_the_seed() -> None:
    names = make_names(800)
    network = new_model(names, stop=True)
    config = TrainConfig(documents=True, counts=True, seed=3)
    task = task_of_text(network, names, config)
    assert isinstance(task, MixtureTask)
    assert len(task.whole.train) - len(task.train) == 20
    mixture = task.complete(network, config)
    stream = document_stream(list(task.whole.train), network.vocabulary.stop_id or 0)
    np.testing.assert_array_equal(mixture.members[1].tensors()["ids"], stream)  # type: ignore[union-attr]
    other = task_of_text(network, names, TrainConfig(documents=True, counts=True, seed=4))
    assert [list(ids) for ids in task.train] != [list(ids) for ids in other.train]


@pytest.mark.parametrize("documents", [False, True])
def test_a_short_text_has_no_counts(documents: bool) -> None:
    text = make_names(40) if documents else TEXT[:900]
    network = new_model(text, stop=documents)
    with pytest.raises(CorpusError, match=r"too short to mix with its counts; give at least 1"):
        task_of_text(network, text, TrainConfig(counts=True, documents=documents))
    task = task_of_text(network, text, TrainConfig(counts=None, documents=documents))
    assert not isinstance(task, MixtureTask)


@pytest.mark.parametrize("members", [1, 2])
def test_resumes_bit_for_bit(tmp_path: Path, members: int) -> None:
    corpus = tmp_path / "words.txt"
    corpus.write_text(TEXT, encoding="utf-8")

    def start(folder: Path, stop: int) -> None:
        settings: dict[str, Any] = {"preset": "quick", "model": {"hidden_size": 8}, "members": members}
        every = {"log_every": 1, "eval_every": 10, "save_every": 5}
        settings["train"] = {"steps": STEPS, "counts": True, "shards": 2, "ema": 0.9, **every}
        run = new_text_run([str(corpus)], **settings)
        steps: list[int] = []
        options = replace(run.options(folder), should_stop=lambda: len(steps) >= stop)
        for report in charlm.train(run.model, run.task(), run.config, run=options):
            steps += [report.step] * (report.event == "step")

    start(tmp_path / "whole", STEPS)
    start(tmp_path / "parts", 25)
    assert load_checkpoint(tmp_path / "parts" / "last.npz", Mixture).training["progress"]["step"] == 25
    old = resumed_run(tmp_path / "parts")
    assert len(getattr(old.model, "networks", [old.model])) == members
    charlm.train(old.model, old.task(), old.config, run=old.options).run()
    for name in ("last.npz", "best.npz"):
        whole, parts = (load_checkpoint(tmp_path / folder / name, Mixture) for folder in ("whole", "parts"))
        assert whole.sha256 == parts.sha256
        assert whole.model.weights == parts.model.weights


def test_an_evaluation_reports_what_each_part_gives(tmp_path: Path) -> None:
    network = new_model(TEXT, hidden_size=12)
    options = RunOptions(folder=tmp_path, origin={"preset": None})
    charlm.train(network, TEXT, CONFIG, run=options).run()
    events = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    evaluation = [event for event in events if event["event"] == "eval"][-1]
    assert len(evaluation["networks"]) == 1
    assert sum(evaluation["weights"]) == pytest.approx(1)
    assert evaluation["loss"] == pytest.approx(evaluation["counts"], abs=0.05)  # the network has learnt little yet
    assert isinstance(charlm.load(tmp_path), Mixture)


def test_what_is_done_after_one_update_needs_one_fit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fits: list[int] = []
    fit = MixtureTask._fit_again

    def counted(task: MixtureTask, *arguments: Any) -> np.ndarray:
        fits.append(1)
        return fit(task, *arguments)

    monkeypatch.setattr(MixtureTask, "_fit_again", counted)
    config = replace(CONFIG, steps=6, eval_every=3, sample_every=3, save_every=3)
    *_, end = charlm.train(new_model(TEXT, hidden_size=16), TEXT, config, run=RunOptions(folder=tmp_path))
    assert (end.step, len(fits)) == (6, 2)  # evaluation, sample, best.npz and last.npz, twice


def test_samples_are_shown_where_the_weights_are_fitted_anyway(model: CharModel) -> None:
    config = replace(CONFIG, steps=401, eval_every=None, sample_every=None)
    planned, _ = plan(model, task_of_text(model, TEXT, config), config)
    assert planned.sample_every == planned.eval_every == planned.save_every
    alone, _ = plan(model, task_of_text(model, TEXT, replace(config, counts=False)), config)
    assert (alone.sample_every, alone.eval_every) == (25, 26)
