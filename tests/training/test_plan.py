from __future__ import annotations

import numpy as np
import pytest

import charlm
from charlm.models.ensemble import Ensemble
from charlm.training import plan as planning
from charlm.training.mixture_task import task_of_text
from charlm.training.plan import default_shards, measure, plan, steps_of_epochs
from charlm.training.task import text_task

from .runs import make_names, make_text, new_model

TEXT = make_text(400)


def planned(*, text: str = TEXT, **settings: object) -> charlm.TrainConfig:
    config = charlm.TrainConfig(**settings)
    model = new_model(text)
    data = text_task(model.vocabulary, text, config)
    return plan(model, data, data.fit(config))[0]


@pytest.mark.parametrize(
    ("streams", "cores", "shards"),
    [
        *[
            (16, 2, 2),
            (16, 64, 2),
            (15, 8, 1),
            (7, 8, 1),
            (1, 8, 1),
            (32, 3, 2),
            (64, 8, 8),
            (64, 7, 4),
            (64, 1, 1),
        ],
        # shards are equal: the largest power of two that also divides the streams
        *[(50, 8, 2), (24, 2, 2), (17, 2, 1)],
    ],
)
def test_shards(streams: int, cores: int, shards: int) -> None:
    assert default_shards(streams, cores) == shards


@pytest.mark.parametrize(
    ("cores", "networks", "shards"),
    [(2, 2, 1), (2, 3, 2), (2, 4, 1), (1, 3, 1), (4, 2, 2), (4, 4, 1), (4, 6, 2), (8, 3, 4), (12, 16, 2)],
)
def test_a_core_with_networks_of_its_own_has_all_their_streams(cores: int, networks: int, shards: int) -> None:
    assert default_shards(32, cores, networks) == shards


def test_what_is_left_open_is_decided(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(planning, "available_cores", lambda: 4)
    config = planned(batch_size=16, seq_length=8, steps=160)
    assert (config.shards, config.workers, config.steps) == (2, 2, 160)
    assert (config.eval_every, config.sample_every, config.save_every, config.log_every) == (10, 10, 10, 1)


def test_what_was_asked_for_stays() -> None:
    rhythms = {"eval_every": 0, "sample_every": 3, "save_every": 0, "log_every": 7}
    config = planned(batch_size=16, seq_length=8, steps=160, shards=4, workers=3, **rhythms)
    assert (config.shards, config.workers) == (4, 3)
    assert {name: getattr(config, name) for name in rhythms} == rhythms


def test_no_more_workers_than_shards() -> None:
    assert planned(batch_size=16, seq_length=8, steps=1, shards=2, workers=9).workers == 2


def test_each_network_has_its_shards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(planning, "available_cores", lambda: 8)
    ensemble = Ensemble([new_model(TEXT) for _ in range(3)])
    config = charlm.TrainConfig(batch_size=16, seq_length=8, steps=1, shards=2)
    config, _ = plan(ensemble, task_of_text(ensemble, TEXT, config), config)
    assert (config.shards, config.workers) == (2, 6)


def test_a_long_run_logs_about_two_thousand_steps() -> None:
    assert planned(seq_length=8, steps=100_000).log_every == 50


@pytest.mark.parametrize("sampling", ["sequential", "random", "min-char-rnn"])
def test_passes_become_steps(sampling: str) -> None:
    streams = 1 if sampling == "min-char-rnn" else 4
    config = planned(batch_size=streams, seq_length=8, epochs=2.5, sampling=sampling, shards=1)
    per_pass = int(0.9 * len(TEXT)) / (8 * streams)
    assert config.epochs is None
    assert config.steps == pytest.approx(2.5 * per_pass, abs=3)


def test_ten_passes_where_nothing_was_said() -> None:
    model, config = new_model(TEXT), charlm.TrainConfig()
    data = text_task(model.vocabulary, TEXT, config)
    assert planned(shards=1).steps == steps_of_epochs(data, config, 10)
    assert steps_of_epochs(data, config, 1e-9) == 1


class TestMinutes:
    @pytest.fixture
    def paces(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """An update takes 10 ms, an evaluation 100 ms."""
        monkeypatch.setattr(planning, "_trial", lambda *_, **__: (0.01, 0.1))

    @pytest.mark.usefixtures("paces")
    def test_become_steps(self) -> None:
        config = planned(minutes=1)
        assert config.minutes is None
        assert config.steps == pytest.approx(5720, abs=50)  # 98 % of a minute, without 16 evaluations
        assert config.eval_every == -(-config.steps // 16)

    @pytest.mark.usefixtures("paces")
    def test_the_budget_knows_what_was_measured(self) -> None:
        config, model = charlm.TrainConfig(minutes=1), new_model(TEXT)
        planned, budget = plan(
            model, text_task(model.vocabulary, TEXT, config), config, started_s=5.0, clock=lambda: 8.0
        )
        assert budget is not None
        assert (budget.left_s(), budget.step_s, budget.costs_s["eval"]) == (57.0, 0.01, 0.1)
        assert budget.plans == [(0, planned.steps, 0.0)]

    @pytest.mark.usefixtures("paces")
    @pytest.mark.parametrize(("minutes", "evaluations"), [(0.5, 14), (0.1, 3)])
    def test_evaluations_take_a_small_share(self, minutes: float, evaluations: int) -> None:
        config = planned(minutes=minutes)
        assert -(-config.steps // config.eval_every) == evaluations  # 5 % of the time, but never fewer than three
        assert config.steps == pytest.approx((minutes * 58.8 - 0.1 * evaluations) / 0.01, abs=40)

    @pytest.mark.parametrize(("evaluation_s", "evaluations"), [(4.0, 3), (7.0, 2), (20.0, 1)])
    def test_evaluations_never_take_what_training_needs(
        self, evaluation_s: float, evaluations: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(planning, "_trial", lambda *_, **__: (0.01, evaluation_s))
        config = planned(minutes=0.5)
        assert -(-config.steps // config.eval_every) == evaluations
        assert config.steps == pytest.approx((29.4 - evaluation_s * evaluations) / 0.01, abs=40)

    @pytest.mark.usefixtures("paces")
    def test_too_few_for_an_update(self) -> None:
        with pytest.raises(
            charlm.UsageError, match=r"^0.0001 minutes are over before the first update; give a larger"
        ):
            planned(minutes=0.0001)

    def test_the_trial_leaves_the_model_as_it_is(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(planning, "TRIAL_S", 0.01)
        model, config = new_model(TEXT, dropout=0.3), charlm.TrainConfig(minutes=0.05, shards=1)
        data, start = text_task(model.vocabulary, TEXT, config), model.params.value.copy()
        _, budget = plan(model, data, config)
        assert budget is not None
        assert budget.plan.steps > 1
        np.testing.assert_array_equal(model.params.value, start)
        assert not model.params.grad.any()

    def test_a_measurement_has_a_time_and_a_size(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(planning, "TRIAL_S", 0.01)
        model, config = new_model(TEXT), charlm.TrainConfig(steps=1, shards=1, workers=1)
        data = text_task(model.vocabulary, TEXT, config)
        step_s, memory = measure(model, data, config)
        assert step_s > 0
        assert memory > model.params.value.nbytes

    def test_the_size_counts_all_workers(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(planning, "TRIAL_S", 0.01)
        H, model = 256, new_model(TEXT, hidden_size=256)
        config = charlm.TrainConfig(steps=1, batch_size=16, seq_length=4, shards=2, workers=2, val_frac=0)
        data = text_task(model.vocabulary, TEXT, config)
        shared = 4 * model.params.value.nbytes  # weights, the gradient of each shard, Adagrad's squares
        kernels = 2 * 4 * (2 * H * H + (len(model.vocabulary) + 1) * H) * 4  # of each shard
        _, memory = measure(model, data, config)
        assert shared + kernels < memory < 2 * (shared + kernels)


class TestTinyTexts:
    @pytest.mark.parametrize("text", ["ab", "aba", "abcdefghij"])
    @pytest.mark.parametrize("sampling", ["sequential", "random", "min-char-rnn"])
    @pytest.mark.parametrize("val_frac", [0.0, 0.1, 0.9])
    def test_tiny_texts_train(self, text: str, sampling: str, val_frac: float) -> None:
        streams = 1 if sampling == "min-char-rnn" else 16
        config = charlm.TrainConfig(steps=3, sampling=sampling, val_frac=val_frac, batch_size=streams)
        *_, end = charlm.train(new_model(text), text, config)
        assert (end.event, end.step) == ("end", 3)

    @pytest.mark.parametrize("lines", [1, 2, 3])
    def test_few_documents_train(self, lines: int) -> None:
        text = make_names(lines)
        *_, end = charlm.train(
            new_model(text, stop=True), text, charlm.TrainConfig(steps=3, documents=True, shards=1)
        )
        assert (end.event, end.step) == ("end", 3)
