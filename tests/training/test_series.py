"""A series of numbers through the one trainer: bits, checkpoints, resume, validation, and what it learns."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import charlm
from charlm.checkpoint import describe_model, describe_runs, load_checkpoint
from charlm.config import from_mapping
from charlm.models.series import SeriesModel
from charlm.training.parallel.team import PROCESSES, Team
from charlm.training.series import series_task
from charlm.training.train import RunOptions, train

SETTINGS: dict[str, dict[str, Any]] = {
    "sequential": {"state_reset": 0.2},
    "random": {"sampling": "random"},
    "sequential, 3 to 12": {"seq_length_min": 3},
    "random, 3 to 12": {"sampling": "random", "seq_length_min": 3},
}
each_way = pytest.mark.parametrize("settings", SETTINGS.values(), ids=SETTINGS.keys())
CONFIG = charlm.TrainConfig(
    steps=9,
    batch_size=8,
    seq_length=12,
    shards=4,
    workers=1,
    learning_rate=0.05,
    eval_every=4,
    sample_every=0,
    log_every=1,
)


pytestmark = pytest.mark.usefixtures("no_fsync")


def waves(n: int, D: int = 2, *, noise: float = 0.1, dtype: str = "float32") -> np.ndarray:
    rng = np.random.default_rng(5)
    sine = np.sin(np.arange(n)[:, None] / 4 + np.arange(D))
    return (sine + rng.normal(scale=noise, size=(n, D))).astype(dtype)


def new_model(**settings: Any) -> SeriesModel:
    return SeriesModel(charlm.SeriesConfig(**{"features": 2, "hidden_size": 6, "dropout": 0.2, **settings}))


def tensors(folder: Path) -> dict[str, bytes]:
    checkpoint = load_checkpoint(folder / "last.npz", SeriesModel)
    return {name: tensor.tobytes() for name, tensor in {**checkpoint.model.params, **checkpoint.tensors}.items()}


def run_in(folder: Path, config: charlm.TrainConfig, *, stop: int | None = None) -> dict[str, bytes]:
    """Train in a folder; stopped after an update and resumed from its checkpoint, where that is asked for."""
    folder.mkdir()
    seen = {"step": 0}
    run = RunOptions(folder=folder, should_stop=lambda: seen["step"] == stop)
    for report in train(new_model(), waves(500), config, run=run):
        seen["step"] = report.step
    if stop is not None:
        checkpoint = load_checkpoint(folder / "last.npz", SeriesModel)
        assert checkpoint.training["progress"]["step"] == stop
        config = from_mapping(charlm.TrainConfig, checkpoint.training["train"])
        run = RunOptions(folder=folder, resumed=(checkpoint.training, checkpoint.tensors))
        assert train(checkpoint.model, waves(500), config, run=run).run().step == config.steps
    return tensors(folder)


@each_way
@pytest.mark.parametrize(("workers", "processes"), [(2, True), (4, False)])
def test_the_number_of_workers_changes_no_bit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: dict[str, Any], workers: int, processes: bool
) -> None:
    if processes and not PROCESSES:
        pytest.skip("this system trains on threads")
    config = replace(CONFIG, **settings)
    one = run_in(tmp_path / "one", config)
    monkeypatch.setitem(Team.__init__.__kwdefaults__, "processes", processes)
    assert run_in(tmp_path / "several", replace(config, workers=workers)) == one


@each_way
@pytest.mark.parametrize("stop", [1, 4, 7])
def test_stopped_and_resumed_it_ends_as_the_run_that_was_not(
    tmp_path: Path, settings: dict[str, Any], stop: int
) -> None:
    config = replace(CONFIG, optimizer="adam", learning_rate=0.01, **settings)
    assert run_in(tmp_path / "parts", config, stop=stop) == run_in(tmp_path / "whole", config)


@each_way
@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
def test_it_learns_a_series_to_its_noise(settings: dict[str, Any], cell: str) -> None:
    config = replace(CONFIG, steps=400, optimizer="adam", schedule="cosine", learning_rate=0.02, eval_every=0)
    model = new_model(cell=cell, hidden_size=12, dropout=0.0)
    end = charlm.train(model, waves(1500), replace(config, **settings)).run()
    assert end.details["best_loss"] < 0.035  # the noise has 0.01; the value before is 0.08 off
    made, sine = model.generate(waves(1500)[:300], 20), waves(320, noise=0.0)[300:]
    assert np.mean((made - sine) ** 2) < 0.2


def test_validation_is_the_loss_of_all_that_is_held_out() -> None:
    model, series = new_model(dtype="float64", dropout=0.0), waves(1000, dtype="float64")
    task = series_task(model, series, CONFIG)
    assert (task.characters, task.validation_characters) == (900, 100 + 256)
    loss = task.validate(model, CONFIG)["loss"]
    h, _ = model.hidden(series[900 - 257 : 999, None])
    errors = model.squared_errors(h, series[900 - 256 :, None])
    assert loss == pytest.approx(errors[-100:].mean(), rel=1e-12)
    longer = series_task(model, waves(9000, dtype="float64"), CONFIG)  # several streams in several groups
    losses = [
        longer.validate(model, replace(CONFIG, shards=4, workers=workers))["loss"] for workers in (1, 2, 3, 4)
    ]
    assert len(set(losses)) == 1
    own = series_task(model, series, CONFIG, series[:50])
    assert own.validate(model, CONFIG)["loss"] == pytest.approx(
        model.squared_errors(model.hidden(series[:49, None])[0], series[1:50, None]).mean(), rel=1e-12
    )
    assert len(own.train) == 1000
    assert task.validation_s(model, CONFIG) > 0


def test_a_sample_continues_what_is_held_out() -> None:
    model, series = new_model(), waves(1000)
    continued, followed = series_task(model, series, CONFIG).sample(model, 0).splitlines()
    assert continued.split()[0] == "continued"
    numbers = [float(x) for step in followed.split("  ")[1:] for x in step.replace("series", "").split(",") if x]
    np.testing.assert_allclose(numbers, series[900:908].ravel(), atol=6e-4)
    model.params["head.b"][:] = np.nan
    with pytest.raises(charlm.DivergedError, match="not finite; train with a lower `learning_rate`"):
        series_task(model, series, CONFIG).sample(model, 0)


@pytest.mark.parametrize("n", [2, 3, 9, 30])
def test_a_short_series_trains_on_what_there_is(n: int) -> None:
    model = new_model()
    end = charlm.train(model, waves(n), replace(CONFIG, steps=3, sample_every=1)).run()
    assert end.step == 3
    assert series_task(model, waves(n), replace(CONFIG, val_frac=0.0)).sample(model, 0)


def test_what_it_reads_becomes_the_models_precision() -> None:
    ends = []
    for dtype in ("float32", "float64"):
        model = new_model()
        charlm.train(model, waves(200).astype(dtype), CONFIG).run()
        ends.append(model.params.value.copy())
    np.testing.assert_array_equal(*ends)


def test_budgets_of_passes_and_one_feature_without_an_axis() -> None:
    model = new_model(features=1)
    end = charlm.train(model, waves(1000, 1)[:, 0], replace(CONFIG, steps=None, epochs=2)).run()
    assert end.step == 2 * ((900 - 1) // 8 // 12)


def test_a_file_of_it_comes_back_and_is_described(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    model = new_model(cell="lstm", output_activation="identity", layers=2)
    train(model, waves(200), CONFIG, run=RunOptions(folder=tmp_path / "run")).run()
    found = charlm.load(tmp_path / "run" / "last.npz")
    assert type(found) is SeriesModel
    assert found.config == model.config
    np.testing.assert_array_equal(found.generate(waves(20), 5), model.generate(waves(20), 5))
    info = describe_model(tmp_path / "run")
    assert (info.unit, info.symbols, info.parameters) == ("number", 2, model.params.value.size)
    run = next(run for run in describe_runs(tmp_path) if not run.shipped)
    assert (run.cell, run.layers, run.step, run.error, run.best_loss) == ("lstm", 2, 9, "", None)  # no nats
    with pytest.raises(
        charlm.CheckpointError, match="it holds a series model, not a language model; Python takes it"
    ):
        load_checkpoint(tmp_path / "run")


def test_a_file_that_does_not_fit_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = new_model()
    for description, words in (
        ({}, "there is no model configuration"),
        ({"model": {"features": 3}}, r"tensor layers.0.W_x has shape \(24, 2\); this learner needs \(128, 3\)"),
        ({"model": {"features": 0}}, "features is 0; it must be at least 1"),
        ({"model": {"hidden_size": 60000, "layers": 64}}, "tensor layers.1.W_h is missing"),
    ):
        monkeypatch.setattr(SeriesModel, "describe", lambda _self, d=description: d)
        charlm.save(model, tmp_path / "odd.npz")
        with pytest.raises(charlm.CheckpointError, match=words):
            charlm.load(tmp_path / "odd.npz")


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ((new_model(), "abc"), charlm.UsageError, "a text trains a CharModel, not a SeriesModel"),
        (
            (new_model(), waves(100, 3)),
            charlm.UsageError,
            "the series has 3 features and the model 2; give both the same",
        ),
        ((new_model(), np.arange(100)), charlm.UsageError, "the series is of int64, which are ids; give float32"),
        ((new_model(), waves(1)), charlm.CorpusError, "the series has 1 step; training needs at least 2"),
        (
            (new_model(), waves(9) * np.float32(np.inf)),
            charlm.CorpusError,
            "feature 0 of step 0 is .*inf; replace it",
        ),
        ((new_model(), waves(99), "abc"), charlm.UsageError, "the series to validate on is a text; give numbers"),
    ],
)
def test_what_cannot_be_trained_on(arguments: tuple[Any, ...], error: type[Exception], words: str) -> None:
    model, series, *validation = arguments
    with pytest.raises(error, match=words):
        charlm.train(model, series, CONFIG, validation=validation[0] if validation else None).run()


def test_numbers_are_for_a_series_model() -> None:
    model = charlm.CharModel(charlm.ModelConfig(hidden_size=3), charlm.Vocabulary.from_text("ab"))
    with pytest.raises(charlm.UsageError, match="numbers train a SeriesModel, not a CharModel; give this learner"):
        charlm.train(model, waves(99), CONFIG).run()
    with pytest.raises(charlm.UsageError, match="the text to validate on is an array; give a text"):
        charlm.train(model, "abab", CONFIG, validation=waves(99)).run()
    with pytest.raises(charlm.UsageError, match="a list cannot be trained on; give a text, an array of numbers"):
        charlm.train(new_model(), [0.5, 0.25], CONFIG).run()  # type: ignore[arg-type]
    with pytest.raises(
        charlm.UsageError, match="`documents` are lines of a text, and a series of numbers has none"
    ):
        charlm.train(new_model(), waves(99), replace(CONFIG, documents=True)).run()
