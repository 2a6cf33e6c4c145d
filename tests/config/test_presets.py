from __future__ import annotations

from typing import Any, get_args

import pytest

import charlm
from charlm.config import OutputName, TransducerConfig
from charlm.config.presets import AUTOMATIC, BUDGETS, PRESETS, PresetName, pair_settings, preset_settings

NOTHING: dict[str, float | None] = dict.fromkeys(BUDGETS)
MILLION = 1_000_000


@pytest.mark.parametrize("name", get_args(PresetName))
def test_every_preset_is_valid_and_has_a_budget(name: str) -> None:
    settings = preset_settings(name, MILLION, NOTHING)
    charlm.ModelConfig(**settings.model)
    config = charlm.TrainConfig(**settings.train)
    assert sum(getattr(config, budget) is not None for budget in BUDGETS) == 1
    assert settings.name == (name if name != "auto" else "small")


@pytest.mark.parametrize("name", get_args(PresetName))
@pytest.mark.parametrize("budget", BUDGETS)
def test_a_given_budget_replaces_the_presets_own(name: str, budget: str) -> None:
    train = preset_settings(name, MILLION, NOTHING | {budget: 7}).train
    assert {key: train.get(key) for key in BUDGETS} == NOTHING | {budget: 7}


def test_no_steps_are_a_budget_too() -> None:
    assert preset_settings("small", MILLION, NOTHING | {"steps": 0}).train["steps"] == 0


def test_two_budgets_are_told_by_the_configuration() -> None:
    train = preset_settings("small", MILLION, NOTHING | {"steps": 1, "epochs": 1}).train
    with pytest.raises(charlm.UsageError, match=r"^`epochs`, `steps` and `minutes` are three budgets; give one of"):
        charlm.TrainConfig(epochs=1, steps=2, minutes=3)
    with pytest.raises(charlm.UsageError, match=r"^`epochs` and `steps` are two budgets; give one of them$"):
        charlm.TrainConfig(**train)


@pytest.mark.parametrize(
    ("characters", "minutes", "chosen"),
    [
        (99_999, None, "quick"),
        (100_000, None, "small"),
        (MILLION, 0.9, "quick"),
        (MILLION, 2, "small"),
        (MILLION, 4, "base"),
        (MILLION, 12, "base"),
        (MILLION, 16, "large"),
        (5 * MILLION, 12, "small"),
        (99_999, 60, "large"),
        (99_999, 2, "base"),  # read often, but with too few updates for dropped weights
        (0, 2, "base"),
    ],
)
def test_auto_looks_at_text_and_time(characters: int, minutes: float | None, chosen: str) -> None:
    assert preset_settings("auto", characters, NOTHING | {"minutes": minutes}, members=1).name == chosen


@pytest.mark.parametrize(
    ("minutes", "dropout"), [(1, 0.0), (110 / 60, 0.0), (3, 0.1), (5, 0.1), (7, 0.2), (9, 0.2), (12, 0.3)]
)
def test_auto_drops_more_the_more_often_a_text_is_read(minutes: float, dropout: float) -> None:
    settings = preset_settings("auto", 1_115_394, NOTHING | {"minutes": minutes}, members=1)
    assert settings.model["dropout"] == dropout
    assert preset_settings(settings.name, 1_115_394, NOTHING).model == PRESETS[settings.name].model


def test_auto_drops_nothing_of_a_text_that_is_not_read_once() -> None:
    assert preset_settings("auto", 3 * MILLION, NOTHING | {"minutes": 1}).model["dropout"] == 0


@pytest.mark.parametrize(("epochs", "chosen"), [(2, "small"), (5, "base"), (20, "large")])
def test_auto_looks_at_passes(epochs: float, chosen: str) -> None:
    assert preset_settings("auto", MILLION, NOTHING | {"epochs": epochs}).name == chosen


def test_min_char_rnn_is_what_was_published() -> None:
    settings = preset_settings("min-char-rnn", MILLION, NOTHING | {"steps": 1})
    model, train = charlm.ModelConfig(**settings.model), charlm.TrainConfig(**settings.train)
    assert (model.cell, model.hidden_size, model.layers, model.embedding_size) == ("rnn", 100, 1, 0)
    assert (model.dropout, model.init) == (0, "min-char-rnn")
    assert (train.seq_length, train.batch_size, train.sampling) == (25, 1, "min-char-rnn")
    assert (train.optimizer, train.learning_rate, train.schedule, train.warmup) == ("adagrad", 0.1, "constant", 0)
    assert (train.clip_value, train.clip_norm, train.loss_reduction, train.val_frac) == (5, 0, "sum", 0)


def test_what_is_returned_is_the_callers_own() -> None:
    def settings() -> dict[str, Any]:
        return preset_settings("quick", MILLION, NOTHING).model

    settings()["hidden_size"] = 1
    assert settings() == PRESETS["quick"].model != {}


def test_an_unknown_name() -> None:
    with pytest.raises(
        charlm.UsageError, match=r"^`preset` is 'tiny'; choose one of auto, quick, small, base, large"
    ):
        preset_settings("tiny", MILLION, NOTHING)


@pytest.mark.parametrize("output", get_args(OutputName))
@pytest.mark.parametrize("name", ["auto", *AUTOMATIC])
def test_every_preset_for_pairs_is_valid_and_drops_for_labels_alone(name: str, output: Any) -> None:
    settings = pair_settings(name, NOTHING, output=output)
    config = TransducerConfig(**settings.model, output=output)
    train = charlm.TrainConfig(**settings.train)
    assert sum(getattr(train, budget) is not None for budget in BUDGETS) == 1
    drops = (config.dropout > 0, config.weight_drop > 0, train.ema > 0)
    assert drops == ((True,) * 3 if output == "label" else (False,) * 3)
    assert (config.ngrams > 0, train.weight_decay > 0) == (output == "label",) * 2


def test_networks_of_a_mixture_share_the_passes() -> None:
    one = preset_settings("auto", MILLION, NOTHING | {"minutes": 6}, members=1)
    three = preset_settings("auto", MILLION, NOTHING | {"minutes": 6}, members=3)
    assert (one.name, three.name) == ("base", "small")
    assert (one.members, three.members) == (1, 3)
    assert three.model["dropout"] < one.model["dropout"]
    assert three.train["clip_norm"] == one.train["clip_norm"]  # each network's gradient is clipped by its own norm


@pytest.mark.parametrize(("minutes", "members"), [(1, 1), (2.4, 1), (2.6, 2), (5.1, 4), (10.1, 8)])
def test_networks_that_share_a_short_text_have_enough_updates_each(minutes: float, members: int) -> None:
    assert preset_settings("auto", 60_000, NOTHING | {"minutes": minutes}).members == members


def test_a_machine_of_twice_the_pace_reads_twice_as_often() -> None:
    fast = preset_settings("auto", MILLION, NOTHING | {"minutes": 2}, pace=40_000)
    assert fast.members == preset_settings("auto", MILLION, NOTHING | {"minutes": 4}, pace=20_000).members
    assert fast.model == preset_settings("auto", MILLION, NOTHING | {"minutes": 4}, pace=20_000).model


def test_every_window_that_is_chosen_looks_back_64_characters() -> None:
    assert {PRESETS[name].train["seq_length"] for name in AUTOMATIC} == {64}


@pytest.mark.parametrize(
    ("minutes", "members"),
    [
        (0.9, 1),
        (110 / 60, 1),
        (3, 1),
        (5.5, 1),
        (5.6, 2),
        (11.1, 2),
        (11.2, 4),
        (22.2, 4),
        (22.4, 8),
        (300, 8),
        (None, 1),
    ],
)
def test_auto_trains_several_networks_where_one_would_read_the_text_often(
    minutes: float | None, members: int
) -> None:
    settings = preset_settings("auto", 1_115_394, NOTHING | {"minutes": minutes})
    assert settings.members == members
    alike = preset_settings("auto", 1_115_394, NOTHING | {"minutes": minutes}, members=members)
    assert settings == alike
    assert preset_settings("base", MILLION, NOTHING | {"minutes": minutes}).members == 1
    assert preset_settings("auto", MILLION, NOTHING | {"epochs": 5}).members == 1
