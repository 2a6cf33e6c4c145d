"""Every setting does what it says, and nothing beside it.

The tables walk over every field of every configuration: a changed value, what must change with it, and which other
settings it needs in order to matter. All that is not named must stay the same. A new field without a row fails.
"""

from __future__ import annotations

import dataclasses
import inspect
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import charlm
import charlm.config
from charlm.checkpoint import read_npz
from charlm.generation import sample_many
from charlm.text.batches import text_batch
from charlm.training.train import RunOptions, train
from tests.models import pairs
from tests.training.runs import make_names

Row = tuple[str, Any, set[str], dict[str, Any]]

TEXT = make_names(300)
VOCABULARY = charlm.Vocabulary.from_text(TEXT, stop=True)

# One small run. Its text is read once, in part, so that there are no random offsets.
RUN: dict[str, Any] = {
    "hidden_size": 6,
    "learning_rate": 0.05,
    "clip_norm": 0.05,
    "batch_size": 8,
    "seq_length": 6,
    "steps": 12,
    "shards": 2,
    "workers": 1,
    "eval_every": 4,
    "save_every": 6,
    "sample_every": 6,
    "log_every": 1,
}

LEARNED = {"weights", "best"}  # what an update makes of a gradient
READ = LEARNED | {"first loss"}  # what an update reads, or how
SHAPED = READ | {"start weights", "start loss"}
LENGTH = {"updates", "logged", "evaluated", "sampled", "saved"}

TRAIN: list[Row] = [
    ("optimizer", "adam", LEARNED, {}),
    ("optimizer", "adamw", LEARNED, {}),
    ("optimizer", "rmsprop", LEARNED, {}),
    ("optimizer", "sgd", LEARNED, {}),
    ("learning_rate", 0.02, LEARNED | {"rates"}, {}),
    ("momentum", 0.5, LEARNED, {"optimizer": "sgd"}),
    ("nesterov", True, LEARNED, {"optimizer": "sgd", "momentum": 0.5}),
    ("weight_decay", 0.1, LEARNED, {"optimizer": "adagrad"}),
    ("weight_decay", 0.1, LEARNED, {"optimizer": "adam"}),
    ("weight_decay", 0.1, LEARNED, {"optimizer": "adamw"}),
    ("weight_decay", 0.1, LEARNED, {"optimizer": "rmsprop", "learning_rate": 0.005}),
    ("weight_decay", 0.1, LEARNED, {"optimizer": "sgd"}),
    ("schedule", "cosine", LEARNED | {"rates"}, {}),
    ("schedule", "step", LEARNED | {"rates"}, {}),
    ("final_rate", 0.3, LEARNED | {"rates"}, {"schedule": "cosine"}),
    ("warmup", 5, LEARNED | {"rates"}, {}),
    ("run_decay", 1.0, LEARNED, {}),
    ("ema", 0.9, {"best"}, {}),
    ("clip_norm", 0.0, LEARNED, {}),
    ("clip_norm", 0.01, LEARNED, {"optimizer": "sgd"}),
    ("clip_value", 0.001, LEARNED, {}),
    ("batch_size", 16, READ, {}),
    ("seq_length", 9, READ, {}),
    ("seq_length_min", 2, LEARNED, {}),
    ("epochs", 0.6, LEARNED | LENGTH, {"steps": None, "epochs": 0.3}),
    ("steps", 13, LEARNED | LENGTH, {}),
    ("minutes", 1.0, {"updates"}, {"steps": None, "minutes": 0.2}),
    ("sampling", "random", READ, {}),
    ("state_reset", 0.5, LEARNED, {}),
    ("documents", True, READ | {"held out"}, {}),
    ("counts", True, READ, {}),
    ("patience", 2, LENGTH - {"updates"} | {"reason"}, {"learning_rate": 0.0, "eval_every": 2}),
    ("val_frac", 0.3, READ | {"held out"}, {}),
    ("eval_every", 3, {"evaluated", "saved"}, {}),
    ("save_every", 5, {"saved"}, {}),
    ("sample_every", 5, {"sampled"}, {}),
    ("log_every", 2, {"logged"}, {}),
    ("save_minutes", 1e-9, {"saved"}, {}),
    ("seed", 1, READ, {"sampling": "random"}),
    ("seed", 1, LEARNED, {"state_reset": 0.5}),
    ("seed", 1, READ, {"seq_length_min": 2}),
    ("seed", 1, READ | {"held out"}, {"documents": True}),
    ("seed", 1, READ, {"dropout": 0.3}),
    ("seed", 1, READ, {"weight_drop": 0.3}),
    ("loss_reduction", "sum", LEARNED, {"optimizer": "sgd", "clip_norm": 0.0, "learning_rate": 1e-3}),
    ("shards", 4, READ | {"shards"}, {"dropout": 0.3}),
    ("workers", 2, {"workers"}, {}),
    (
        "on_nan",
        "rollback",
        {"rollbacks", "reason", "rates"} | LEARNED | LENGTH - {"updates"},
        {"optimizer": "sgd", "learning_rate": 1e39, "clip_norm": 0.0},
    ),
]

MODEL: list[Row] = [
    ("cell", "gru", SHAPED | {"shapes"}, {}),
    ("cell", "rnn", SHAPED | {"shapes"}, {}),
    ("hidden_size", 7, SHAPED | {"shapes"}, {}),
    ("layers", 2, SHAPED | {"shapes"}, {"learning_rate": 0.01}),
    ("embedding_size", 5, SHAPED | {"shapes"}, {}),
    ("dropout", 0.3, READ, {}),
    ("variational", True, READ, {"dropout": 0.3}),
    ("weight_drop", 0.3, READ, {"cell": "lstm"}),
    ("weight_drop", 0.3, READ, {"cell": "gru"}),
    ("weight_drop", 0.3, READ, {"cell": "rnn"}),
    ("gru_reset", "before", SHAPED | {"shapes"}, {"cell": "gru"}),
    ("init", "min-char-rnn", SHAPED, {}),
    ("dtype", "float64", {"shapes", "start weights", "weights", "best"}, {}),
]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch, no_fsync: None) -> None:
    """Do not wait for the disk, and let a time budget be planned by a short trial."""
    monkeypatch.setattr("charlm.training.task.SAMPLE_LENGTH", 20)
    monkeypatch.setattr("charlm.training.plan.TRIAL_S", 0.0, raising=False)


def names(config: type[Any]) -> set[str]:
    return {field.name for field in dataclasses.fields(config)}


def trained(folder: Path, **settings: Any) -> dict[str, Any]:
    """Return everything about a run that a setting may change."""
    shape = charlm.ModelConfig(**{name: settings[name] for name in settings if name in names(charlm.ModelConfig)})
    config = charlm.TrainConfig(**{name: settings[name] for name in settings if name in names(charlm.TrainConfig)})
    model = charlm.CharModel(shape, VOCABULARY)
    weights = model.params.value.tobytes()
    seen: dict[str, Any] = {
        "shapes": {name: (tensor.shape, tensor.dtype) for name, tensor in model.tensors().items()},
        "start weights": weights,
        "start loss": charlm.evaluate(model, TEXT[:200]).nats,
    }
    reports = []
    training = train(model, TEXT, config, run=RunOptions(folder=folder, origin={"baseline": None}))
    try:
        for report in training:
            reports.append(report)
            if config.minutes is not None:  # the plan is all that can be compared
                training.close()
    except charlm.DivergedError:
        pass
    start, end = reports[0], reports[-1]
    steps = [report for report in reports if report.event == "step"]
    for name in settings.keys() - {"epochs", "steps", "minutes"}:  # it is shown as it was given
        kind = "model" if name in names(charlm.ModelConfig) else "train"
        assert start.details["config"][kind][name] == settings[name]
    return seen | {
        "first loss": steps[0].loss if steps else None,
        "rates": [steps[k].learning_rate for k in (0, -1)] if steps else None,
        "weights": model.params.value.tobytes(),
        "best": best_weights(folder),
        "updates": start.steps,
        "reason": end.details.get("reason"),
        "held out": start.details["validation_characters"],
        "shards": start.details["shards"],
        "workers": start.details["workers"],
        "logged": [report.step for report in steps],
        "evaluated": [report.step for report in reports if report.event == "eval"],
        "sampled": [report.step for report in reports if report.event == "sample"],
        "saved": [report.step for report in reports if report.event == "save"],
        "rollbacks": sum(report.event == "rollback" for report in reports),
    }


def best_weights(folder: Path) -> dict[str, bytes]:
    """Return the tensors of the best model; none if there is no such file."""
    tensors = read_npz(folder / "best.npz").tensors if (folder / "best.npz").exists() else {}
    return {name: tensor.tobytes() for name, tensor in tensors.items()}


def differ(before: Any, after: Any) -> bool:
    """Whether two values differ; losses by more than rounding."""
    if isinstance(before, float) and isinstance(after, float):
        return after != pytest.approx(before, rel=1e-5)
    return bool(before != after)


def named(rows: list[Any]) -> list[Any]:
    """Give each row a name to be told by."""

    def name(field: str, value: Any, *rest: Any) -> str:
        beside = rest[-1] if rest and isinstance(rest[-1], dict) else {}
        return " ".join(f"{key}={one}" for key, one in {**beside, field: value}.items())

    return [pytest.param(*row, id=name(*row)) for row in rows]


@pytest.mark.parametrize(("field", "value", "changes", "beside"), named([*TRAIN, *MODEL]))
def test_a_setting_of_training_changes_what_it_should_and_nothing_else(
    tmp_path: Path, field: str, value: Any, changes: set[str], beside: dict[str, Any]
) -> None:
    (tmp_path / "before").mkdir()
    (tmp_path / "after").mkdir()
    settings = RUN | beside
    before = trained(tmp_path / "before", **settings)
    after = trained(tmp_path / "after", **(settings | {field: value}))
    assert {name for name in before if differ(before[name], after[name])} == changes


# -- generating --

LETTERS = charlm.CharModel(charlm.ModelConfig(hidden_size=8), charlm.Vocabulary.from_text("abcdefgh\n"), seed=2)
LETTERS.params.value *= 3

SAMPLE: list[tuple[str, Any, dict[str, Any]]] = [
    ("length", 12, {}),
    ("finish_line", True, {}),
    ("temperature", 0.3, {}),
    ("top_k", 2, {}),
    ("top_p", 0.5, {}),
    ("min_p", 0.5, {}),
    ("typical_p", 0.4, {}),
    ("repeat_penalty", 3.0, {}),
    ("repeat_last_n", 2, {"repeat_penalty": 3.0}),
    ("stop", ("a", "b"), {}),
    ("regex", "[ab]+", {}),
    ("template", "{x:[ab]+}", {}),
    ("on_unknown", "skip", {"prompt": "aΩb"}),
]


def generated(*, prompt: str = "ab", **settings: Any) -> list[Any]:
    """Return one text and three side by side, or the error that there is."""
    try:
        many = sample_many(LETTERS, charlm.SampleConfig(**settings), seeds=range(3), prompt=prompt)
        return [charlm.generate(LETTERS, prompt, seed=0, **settings).run(), *(one.read() for one in many)]
    except charlm.CharlmError as error:
        return [type(error)] * 4


@pytest.mark.parametrize(("field", "value", "beside"), named(SAMPLE))
def test_a_setting_of_generation_changes_the_texts(field: str, value: Any, beside: dict[str, Any]) -> None:
    settings = {"length": 60} | beside
    before, after = generated(**settings), generated(**(settings | {field: value}))
    assert generated(**settings) == before
    assert all(one != other for one, other in zip(before, after, strict=True))


# -- evaluating while learning --

DYNAMIC = [("rate", 0.01), ("decay", 0.2), ("length", 7), ("mixing", 0.1), ("clip_norm", 0.01)]


@pytest.mark.parametrize(("field", "value"), named(DYNAMIC))
def test_a_setting_of_dynamic_evaluation_changes_the_loss_and_no_weight(field: str, value: Any) -> None:
    weights, text = LETTERS.params.value.copy(), "abcdefgh\n" * 9
    mixture = charlm.Mixture([LETTERS, charlm.Counts(LETTERS.vocabulary, LETTERS.vocabulary.encode(text))])

    def nats(**settings: Any) -> float:
        return charlm.evaluate(mixture, text, dynamic=charlm.DynamicConfig(**settings)).nats

    assert nats(**{field: value}) != nats() == nats()
    assert np.array_equal(LETTERS.params.value, weights)


# -- vocabularies --

WORDS = "Aé e\u0301 abc abc ABC \u2167"
VOCABULARIES: list[tuple[str, Any]] = [
    ("unit", "byte"),
    ("unit", "grapheme"),
    ("min_count", 2),
    ("normalize", "NFC"),
    ("normalize", "NFKC"),
    ("lowercase", True),
    ("stop", True),
]


@pytest.mark.parametrize(("setting", "value"), named(VOCABULARIES))
def test_a_setting_of_a_vocabulary_changes_its_symbols_and_is_stored(setting: str, value: Any) -> None:
    plain, other = charlm.Vocabulary.from_text(WORDS), charlm.Vocabulary.from_text(WORDS, **{setting: value})
    assert other.symbols != plain.symbols
    stored = charlm.Vocabulary.from_json(other.to_json())
    on_unknown = "replace" if setting == "min_count" else "error"
    assert stored == other
    assert np.array_equal(stored.encode(WORDS, on_unknown=on_unknown), other.encode(WORDS, on_unknown=on_unknown))


# -- the model of pairs --

PAIRED = {"tensors", "loss", "masked loss"}
TRANSDUCER: list[Row] = [
    ("output", "label", PAIRED, {}),
    ("output", "tags", PAIRED, {}),
    ("cell", "rnn", PAIRED, {}),
    ("cell", "gru", PAIRED, {}),
    ("hidden_size", 8, PAIRED, {}),
    ("layers", 2, PAIRED, {}),
    ("embedding_size", 3, PAIRED, {}),
    ("bidirectional", False, PAIRED, {}),
    ("attention", False, PAIRED, {}),
    ("ngrams", 3, {"tensors"}, {"output": "label"}),  # the table is zero until it learns
    ("dropout", 0.3, {"masked loss"}, {}),
    ("variational", True, {"masked loss"}, {"dropout": 0.3}),
    ("weight_drop", 0.3, {"masked loss"}, {}),
    ("gru_reset", "before", PAIRED, {"cell": "gru"}),
    ("dtype", "float64", {"precision"}, {}),
]


def measure_transducer(**settings: Any) -> dict[str, Any]:
    config = charlm.TransducerConfig(**{"hidden_size": 6, **settings})
    target = {"text": pairs.TARGET, "label": pairs.LABELS, "tags": pairs.TAGS}[config.output]
    model, batch = (
        charlm.Transducer(config, pairs.SOURCE, target, ngrams=pairs.ngrams_of(config)),
        pairs.draw_batch(config.output),
    )
    rng, weight_rng = np.random.default_rng(0), np.random.default_rng(1)
    return {
        "tensors": model.params.shapes,
        "loss": round(model.loss(batch)[0], 5),
        "masked loss": round(model.loss(batch, rng=rng, weight_rng=weight_rng)[0], 5),
        "precision": model.params.dtype,
    }


@pytest.mark.parametrize(("setting", "value", "changes", "with_others"), TRANSDUCER)
def test_a_setting_of_a_model_of_pairs(
    setting: str, value: Any, changes: set[str], with_others: dict[str, Any]
) -> None:
    plain, other = measure_transducer(**with_others), measure_transducer(**with_others, **{setting: value})
    assert {name for name in plain if plain[name] != other[name]} == changes


# -- the model of a series --

SERIES: list[Row] = [
    ("features", 2, PAIRED, {}),
    ("cell", "rnn", PAIRED, {}),
    ("cell", "gru", PAIRED, {}),
    ("hidden_size", 8, PAIRED, {}),
    ("layers", 2, PAIRED, {}),
    ("dropout", 0.3, {"masked loss"}, {}),
    ("gru_reset", "before", PAIRED, {"cell": "gru"}),
    ("output_activation", "identity", PAIRED - {"tensors"}, {}),
    ("dtype", "float64", {"precision"}, {}),
]


def measure_series(**settings: Any) -> dict[str, Any]:
    model = charlm.SeriesModel(charlm.SeriesConfig(**{"hidden_size": 6, **settings}))
    numbers = np.random.default_rng(0).normal(size=(9, 4, model.config.features))
    batch = text_batch(numbers[:-1], numbers[1:])
    return {
        "tensors": model.params.shapes,
        "loss": round(model.loss(batch)[0], 5),
        "masked loss": round(model.loss(batch, rng=np.random.default_rng(0))[0], 5),
        "precision": model.params.dtype,
    }


@pytest.mark.parametrize(("setting", "value", "changes", "with_others"), SERIES)
def test_a_setting_of_a_model_of_a_series(
    setting: str, value: Any, changes: set[str], with_others: dict[str, Any]
) -> None:
    plain, other = measure_series(**with_others), measure_series(**with_others, **{setting: value})
    assert {name for name in plain if plain[name] != other[name]} == changes


# -- the walk is complete --

WALKS: dict[type[Any], list[Any]] = {
    charlm.TrainConfig: TRAIN,
    charlm.ModelConfig: MODEL,
    charlm.SampleConfig: SAMPLE,
    charlm.DynamicConfig: DYNAMIC,
    charlm.TransducerConfig: TRANSDUCER,
    charlm.SeriesConfig: SERIES,
}


def test_every_field_of_every_configuration_is_walked_over() -> None:
    public = (getattr(charlm.config, name) for name in charlm.config.__all__)
    assert {one for one in public if dataclasses.is_dataclass(one)} == set(WALKS)
    for config, rows in WALKS.items():
        assert {row[0] for row in rows} == names(config), config.__name__
    arguments = set(inspect.signature(charlm.Vocabulary.from_text).parameters) - {"text"}
    assert {setting for setting, _ in VOCABULARIES} == arguments
