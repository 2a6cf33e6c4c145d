from __future__ import annotations

import copy
import dataclasses
import json
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import charlm
from charlm.training.task import text_task
from charlm.training.trainer import Trainer

from .runs import make_names, make_text, new_model

TEXT, NAMES = make_text(150), make_names(50)


def start(sampling: str = "sequential", **shape: Any) -> Trainer:
    documents = sampling == "documents"
    text = NAMES if documents else TEXT
    model = new_model(text, stop=documents, dropout=0.2, **shape)
    config = charlm.TrainConfig(
        batch_size=4,
        seq_length=7,
        shards=2,
        workers=1,
        steps=20,
        optimizer="adam",
        learning_rate=0.01,
        documents=documents,
        sampling="sequential" if documents else sampling,
    )
    return Trainer(model, text_task(model.vocabulary, text, config), config)


def snapshot(trainer: Trainer) -> tuple[dict[str, Any], dict[str, np.ndarray], np.ndarray]:
    record = json.loads(json.dumps(trainer.record(), allow_nan=False))
    tensors = {name: tensor.copy() for name, tensor in trainer.tensors().items()}
    return record, tensors, trainer.learner.params.value.copy()


def same(one: Any, other: Any) -> bool:
    for trainer in (one[0], other[0]):
        trainer["progress"]["elapsed_s"] = 0
    return (
        one[0] == other[0]
        and all(np.array_equal(one[1][name], other[1][name]) for name in one[1])
        and np.array_equal(one[2], other[2])
    )


@pytest.mark.parametrize("sampling", ["sequential", "random", "documents"])
def test_what_was_recorded_is_gone_on_from(sampling: str) -> None:
    with start(sampling) as trainer:
        for _ in range(3):
            trainer.update()
        trainer.evaluate()
        record, tensors, weights = snapshot(trainer)
        wanted = [trainer.update().loss for _ in range(5)]
        end = snapshot(trainer)
    with start(sampling) as other:
        other.learner.params.value[:] = weights
        other.restore(record, tensors)
        assert same(snapshot(other), (record, tensors, weights))
        assert [other.update().loss for _ in range(5)] == wanted
        assert same(snapshot(other), end)


def test_a_record_is_left_as_it_is() -> None:
    with start() as trainer:
        trainer.evaluate()
        record, tensors, _ = snapshot(trainer)
        before = copy.deepcopy(record)
        trainer.restore(record, tensors)
        trainer.evaluate()
        trainer.update()
    assert record == before


def test_names_of_tensors() -> None:
    with start(cell="lstm", layers=2) as trainer:
        names = set(trainer.tensors())
        parameters = set(trainer.learner.tensors())
        assert names == {f"optimizer.{slot}.{name}" for slot in "mv" for name in parameters} | {
            f"state.{layer}.{part}" for layer in (0, 1) for part in "hc"
        }
        assert trainer.tensors()["state.1.c"].shape == (4, 6)


@pytest.mark.parametrize("name", ["progress", "train_loss", "optimizer_steps", "batches", "random"])
def test_a_record_that_lacks_something(name: str) -> None:
    with start() as trainer:
        record, tensors, _ = snapshot(trainer)
        del record[name]
        with pytest.raises(charlm.CheckpointError, match=rf"lacks or garbles '{name}'; train a new model$"):
            trainer.restore(record, tensors)


@pytest.mark.parametrize(
    "garble",
    [
        lambda record: record.update(optimizer_steps="many"),
        lambda record: record.update(optimizer_steps=-5),
        lambda record: record.update(train_loss=[]),
        lambda record: record["random"].update(batches={"bit_generator": "PCG64"}),
        lambda record: record["random"].update(batches={"bit_generator": "MT19937", "state": {}}),
        lambda record: record["batches"].update(offset=10**9),
        lambda record: record["progress"].update(step=None),
        lambda record: record["progress"].update(history=3),
    ],
)
def test_a_record_with_nonsense(garble: Callable[[dict[str, Any]], None]) -> None:
    with start() as trainer:
        record, tensors, _ = snapshot(trainer)
        garble(record)
        with pytest.raises(charlm.CheckpointError) as caught:
            trainer.restore(record, tensors)
    assert "\n" not in str(caught.value)


def test_tensors_that_do_not_fit() -> None:
    with start() as trainer:
        record, tensors, _ = snapshot(trainer)
        with pytest.raises(charlm.CheckpointError, match=r"tensor state.0.h has shape \(5, 6\), not \(4, 6\)"):
            trainer.restore(record, tensors | {"state.0.h": np.zeros((5, 6))})
        del tensors["optimizer.m.head.b"]
        with pytest.raises(charlm.CheckpointError, match=r"lacks or garbles 'optimizer\.m\.head\.b'"):
            trainer.restore(record, tensors)


def test_an_update_that_is_not_finite_leaves_everything_as_it_was() -> None:
    for sampling in ("sequential", "random", "documents"):
        names = [*new_model(TEXT).tensors()]
        for name in names:
            for value in (np.nan, np.inf):
                with start(sampling) as trainer:
                    trainer.update()
                    trainer.learner.params[name][...] = value
                    before = snapshot(trainer)
                    report = trainer.update()
                    if value == np.inf and math.isfinite(report.loss) and math.isfinite(report.grad_norm):
                        continue  # a gate that is open for ever: found when it is to be saved
                    after = snapshot(trainer)
                    np.testing.assert_array_equal(before[2], after[2])
                    assert same((*before[:2], 0), (*after[:2], 0))
                    assert report.step == 1
                    assert trainer.nonfinite_tensor() == name


def test_an_odd_slot_is_found() -> None:
    with start() as trainer:
        assert trainer.nonfinite_tensor() is None
        trainer.optimizer.slots["v"][-1] = np.inf
        assert trainer.nonfinite_tensor() == "optimizer.v.head.b"


def test_an_evaluation_changes_nothing_but_the_history() -> None:
    with start() as trainer:
        trainer.update()
        before = snapshot(trainer)
        report = trainer.evaluate()
        after = snapshot(trainer)
    assert after[0]["progress"].pop("history") == [[1, before[0]["train_loss"], report.loss]]
    assert (after[0]["progress"].pop("best_loss"), after[0]["progress"].pop("best_step")) == (report.loss, 1)
    for name in ("history", "best_loss", "best_step"):
        before[0]["progress"].pop(name)
    assert same(before, after)
    assert report.best


def test_the_rate_that_is_reported_is_the_one_in_force() -> None:
    model = new_model(TEXT)
    config = charlm.TrainConfig(
        batch_size=2, seq_length=5, shards=1, workers=1, steps=8, schedule="cosine", warmup=4, learning_rate=0.8
    )
    with Trainer(model, text_task(model.vocabulary, TEXT, config), config) as trainer:
        rates = [trainer.update().learning_rate for _ in range(8)]
    np.testing.assert_allclose(rates[:5], [0.2, 0.4, 0.6, 0.8, 0.8])
    assert rates[6] == pytest.approx(0.4)


@pytest.mark.parametrize("workers", [1, 2])
def test_a_clipped_update_is_exactly_as_long_as_the_limit(workers: int) -> None:
    """Gradient descent at rate 1 moves the weights by the clipped gradient itself."""
    limit = 1e-3
    model = new_model(TEXT, dtype="float64")
    config = charlm.TrainConfig(
        optimizer="sgd",
        learning_rate=1.0,
        clip_norm=limit,
        batch_size=4,
        seq_length=7,
        shards=2,
        workers=workers,
        steps=3,
    )
    with Trainer(model, text_task(model.vocabulary, TEXT, config), config) as trainer:
        for _ in range(3):
            before = trainer.learner.params.value.copy()
            assert (trainer.update().grad_norm or 0) > 100 * limit
            moved = trainer.learner.params.value - before
            assert math.sqrt(float(moved @ moved)) == pytest.approx(limit, rel=1e-10)


@pytest.mark.parametrize("schedule", ["constant", "cosine", "step"])
@pytest.mark.parametrize("final_rate", [0.0, 0.3])
def test_without_gradients_recurrent_and_output_weights_end_at_exp_of_minus_the_decay(
    schedule: Any, final_rate: float
) -> None:
    text = make_text(400)
    model = new_model(text, layers=2, dtype="float64")
    before = {name: weights.copy() for name, weights in model.params.items()}
    config = charlm.TrainConfig(
        optimizer="sgd", learning_rate=1e-300, run_decay=1.4, schedule=schedule, final_rate=final_rate, steps=400
    )
    charlm.train(model, text, dataclasses.replace(config, eval_every=0)).run()
    for name, weights in model.params.items():
        share = math.exp(-1.4) if name.endswith(("W_h", "head.W")) else 1
        np.testing.assert_allclose(weights, share * before[name], rtol=0.01, atol=1e-290)
