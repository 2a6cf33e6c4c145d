"""Randomised truncation in training: the drawn length reaches every rank, and a run stays what it is."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import charlm
from charlm.text.batches import Batch, text_batch, text_shapes
from charlm.training import plan as planning
from charlm.training.parallel.shared_arrays import SharedBatch
from charlm.training.parallel.team import PROCESSES, Team
from charlm.training.plan import plan, steps_of_epochs
from charlm.training.task import text_task
from charlm.training.trainer import Trainer

from .runs import make_names, make_text, new_model, outcome, train_in

TEXT, NAMES = make_text(130), make_names(40)
SAMPLINGS = ["sequential", "random", "documents"]


def settings(sampling: str, **more: Any) -> tuple[str, dict[str, Any], charlm.TrainConfig]:
    documents = sampling == "documents"
    config = {
        "sampling": "sequential" if documents else sampling,
        "documents": documents,
        "batch_size": 8,
        "seq_length": 12,
        "seq_length_min": 3,
        "shards": 2,
        "workers": 1,
        "steps": 9,
        "sample_every": 0,
        "log_every": 1,
    }
    shape = {"dropout": 0.2, "stop": documents}
    return NAMES if documents else TEXT, shape, charlm.TrainConfig(**(config | more))


pytestmark = pytest.mark.usefixtures("no_fsync")


@pytest.mark.parametrize("sampling", SAMPLINGS)
class TestTheSameBits:
    def check(self, tmp_path: Any, sampling: str, *, stops: Any = (), workers: int = 1) -> None:
        text, shape, config = settings(sampling)
        train_in(tmp_path / "whole", new_model(text, **shape), text, config)
        config = replace(config, workers=workers)
        train_in(tmp_path / "parts", new_model(text, **shape), text, config, stops=stops)
        assert outcome(tmp_path / "parts") == outcome(tmp_path / "whole")

    def test_stopped_and_gone_on(self, tmp_path, sampling):
        self.check(tmp_path, sampling, stops=[2, 3, 7])

    def test_on_two_threads(self, tmp_path, sampling, monkeypatch):
        monkeypatch.setitem(Team.__init__.__kwdefaults__, "processes", False)
        self.check(tmp_path, sampling, stops=[4], workers=2)

    @pytest.mark.skipif(not PROCESSES, reason="this system trains on threads")
    def test_on_two_processes(self, tmp_path, sampling):
        self.check(tmp_path, sampling, workers=2)


def update(batch: Batch, **more: Any) -> tuple[tuple[float, float], np.ndarray]:
    """Return loss, norm and weights after a long window and the one given."""
    config = charlm.TrainConfig(
        optimizer="sgd", batch_size=4, seq_length=9, seq_length_min=2, shards=2, workers=1, **more
    )
    model = new_model(TEXT, hidden_size=5, dtype="float64")
    rng = np.random.default_rng(3)
    long = rng.integers(0, 5, (10, 4))
    with Team(model, config, text_shapes(9, 4)) as team:
        team.update(text_batch(long[:-1], long[1:], np.ones((9, 4), np.bool_)), lr=0.1)  # leaves its ids behind it
        shown = team.update(batch, lr=0.1)
        return shown, model.params.value.copy()


@pytest.mark.parametrize("reduction", ["mean", "sum"])
@pytest.mark.parametrize("resets", [False, True])
def test_a_short_window_is_all_that_counts(resets: bool, reduction: str) -> None:
    rng = np.random.default_rng(4)
    ids = rng.integers(0, 5, (4, 4))
    where = rng.random((3, 4)) < 0.4 if resets else None
    (loss, norm), weights = update(text_batch(ids[:-1], ids[1:], where), loss_reduction=reduction, clip_norm=0.0)
    # the same by hand, in one piece
    model = new_model(TEXT, hidden_size=5, dtype="float64")
    long = np.random.default_rng(3).integers(0, 5, (10, 4))
    state = None
    for window, starts in ((long, np.ones((9, 4), np.bool_)), (ids, where)):
        model.params.grad[:] = 0
        expected, state, backprop = model.loss(
            text_batch(window[:-1], window[1:], starts), state, reduction=reduction
        )
        backprop()
        model.params.value[:] -= 0.1 * model.params.grad
    assert loss == pytest.approx(expected if reduction == "mean" else expected / ids[1:].size, rel=1e-12)
    assert norm == pytest.approx(np.linalg.norm(model.params.grad), rel=1e-10)
    np.testing.assert_allclose(weights, model.params.value, rtol=1e-10, atol=1e-12)


def read_whole(batch: SharedBatch, streams: slice) -> Batch:
    return text_batch(batch._arrays["inputs"][:, streams], batch._arrays["targets"][:, streams])


def test_a_rank_that_reads_the_whole_array_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SharedBatch, "get", read_whole)
    with pytest.raises(AssertionError):
        test_a_short_window_is_all_that_counts(False, "mean")


def test_arrays_are_kept_for_a_few_lengths_only() -> None:
    text, shape, config = settings("random", seq_length=30, seq_length_min=9, batch_size=2)
    model, seen, kept = new_model(text, **shape), set(), []
    with Trainer(model, text_task(model.vocabulary, text, config), config) as trainer:
        workspace = trainer.team._rank._shards[0].workspace
        for _ in range(60):
            before = len(workspace._stored)
            cursor = trainer.batches.symbols
            trainer.update()
            seen.add(trainer.batches.symbols - cursor)
            kept.append(len(workspace._stored) - before)
    assert len(seen) == 8
    assert sum(map(bool, kept)) == 8  # the first time that each is used


def test_the_log_counts_the_characters_of_each_window() -> None:
    text, shape, config = settings("sequential", val_frac=0)
    model = new_model(text, **shape)
    sizes = []
    with Trainer(model, text_task(model.vocabulary, text, config), config) as trainer:
        for _ in range(4):  # of the first pass
            before_s = trainer.progress.elapsed_s
            report = trainer.update()
            sizes.append(report.chars_per_s * (trainer.progress.elapsed_s - before_s))
            assert report.epoch == pytest.approx(sum(sizes) / 8 / trainer.batches.readable)
    lengths = [round(size / 8) for size in sizes]
    assert sizes == pytest.approx([8 * length for length in lengths])
    assert set(lengths) <= set(trainer.batches.lengths)
    assert len(set(lengths)) > 1


@pytest.mark.parametrize("sampling", SAMPLINGS)
def test_passes_become_steps(sampling: str) -> None:
    text, shape, config = settings(sampling, epochs=3, steps=None)
    model = new_model(text, **shape)
    data = text_task(model.vocabulary, text, config)
    steps = plan(model, data, config)[0].steps
    assert steps == steps_of_epochs(data, config, 3)
    assert steps == pytest.approx(3 * data.characters / (8 * 7.5), abs=3)


def test_a_trial_takes_the_mean_of_all_lengths(monkeypatch: pytest.MonkeyPatch) -> None:
    text, shape, config = settings("sequential", steps=None, minutes=1)
    monkeypatch.setattr(planning, "_step_s", lambda team, batches, trial_s: len(batches.next()["inputs"]) / 1000)
    model = new_model(text, **shape)
    step_s, _ = planning._trial(
        model, text_task(model.vocabulary, text, config), replace(config, minutes=None), None, trial_s=0.1
    )
    assert step_s == pytest.approx((3 + 12) / 2 / 1000)


def test_a_short_text_trains_on_a_shrunk_range() -> None:
    config = charlm.TrainConfig(batch_size=16, seq_length=64, seq_length_min=32)
    *_, end = charlm.train(new_model("abcab" * 4), "abcab" * 4, replace(config, steps=3))
    assert end.step == 3


def test_a_range_of_one_length_is_that_length() -> None:
    text, shape, config = settings("random", seq_length_min=12)
    ranged, plain = new_model(text, **shape), new_model(text, **shape)
    list(charlm.train(ranged, text, config))
    list(charlm.train(plain, text, replace(config, seq_length_min=None)))
    np.testing.assert_array_equal(ranged.params.value, plain.params.value)


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"seq_length_min": 13}, "`seq_length` runs from 13 down to 12; give the smaller end first"),
        ({"seq_length_min": 0}, "`seq_length_min` is 0; it must be at least 1"),
        ({"seq_length_min": 2.5}, "`seq_length_min` is 2.5; it must be a whole number"),
        ({"sampling": "min-char-rnn"}, "windows of one length; give `seq_length=12`"),
    ],
)
def test_ranges_that_make_no_sense(more: dict[str, Any], words: str) -> None:
    with pytest.raises(charlm.UsageError, match=words):
        charlm.TrainConfig(**{"seq_length": 12, "seq_length_min": 3} | more)
