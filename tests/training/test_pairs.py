"""Training on pairs: what is held out, what is measured, and the same bits for any number of workers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import charlm
from charlm.checkpoint import load_checkpoint
from charlm.errors import CorpusError, VocabularyError
from charlm.models.transducer import Transducer
from charlm.nn import known_ngrams
from charlm.text.batches import pair_batch
from charlm.text.pairs import Pair
from charlm.training import pairs as module
from charlm.training.pairs import PairsTask, pairs_task
from charlm.training.progress import Progress
from charlm.training.train import RunOptions, train

WORDS = ["".join(letters) for length in (1, 2, 3, 4) for letters in product("abcd", repeat=length)]
TEXTS = [Pair(word, word.upper()) for word in WORDS]
LABELS = [Pair(word, "long" if len(word) > 3 else "short") for word, _ in TEXTS]
TAGS = [Pair(word, "".join("v" if c == "a" else "c" for c in word)) for word, _ in TEXTS]
PAIRS = {"text": TEXTS, "label": LABELS, "tags": TAGS}
CONFIG = charlm.TrainConfig(
    optimizer="adam", learning_rate=0.02, batch_size=16, steps=60, shards=4, workers=1, eval_every=30, val_frac=0.2
)


def make(output: Any, **settings: Any) -> Transducer:
    pairs = PAIRS[output]
    source = charlm.Vocabulary.from_text("".join(WORDS))
    targets = [pair.target for pair in pairs]
    target: charlm.Vocabulary | Sequence[str] = sorted(set(targets))
    if output != "label":
        target = charlm.Vocabulary.from_text("".join(targets), stop=output == "text")
    config = charlm.TransducerConfig(output=output, hidden_size=16, **settings)
    known = known_ngrams([source.encode(word) for word in WORDS[::2]], config.ngrams, 2) if config.ngrams else None
    return Transducer(config, source, target, ngrams=known)


def learn(
    output: str, config: charlm.TrainConfig = CONFIG, *, shape: dict[str, Any] | None = None, **options: Any
) -> tuple[Transducer, list[Any]]:
    model = make(output, **(shape or {}))
    task = pairs_task(model, PAIRS[output], config)
    return model, list(train(model, task, config, run=RunOptions(**options)))


@pytest.mark.parametrize("output", PAIRS)
def test_what_is_measured_is_what_a_pair_at_a_time_gives(output: str) -> None:
    model = make(output)
    model.params.value[:] = np.random.default_rng(0).normal(scale=0.4, size=model.params.value.size)
    task = pairs_task(model, PAIRS[output], CONFIG)
    nats, counted, right = 0.0, 0, 0
    for pair in task.held_out:
        sources, targets = model.encode_pairs([pair])
        batch = pair_batch(sources, targets, output=task.output, stop_id=task._stop_id)
        loss, _, _ = model.loss(batch, scale=1.0)
        nats, counted = nats + loss, counted + batch.counted
        right += charlm.transduce(model, pair.source)[0].text == pair.target
    measured = task.validate(model, CONFIG)
    assert measured["loss"] == pytest.approx(nats / counted, rel=1e-5)
    assert measured["exact"] == right / len(task.held_out)
    assert task.validation_characters == counted


@pytest.mark.parametrize("output", PAIRS)
def test_pairs_are_learned(output: str) -> None:
    _, reports = learn(output, replace(CONFIG, steps=400))
    evaluations = [report for report in reports if report.event == "eval"]
    assert evaluations[-1].loss < 0.3 * evaluations[0].loss
    assert evaluations[-1].details["exact"] > 0.8
    assert reports[0].details["pairs"] + reports[0].details["validation_pairs"] == len(PAIRS[output])


NGRAMS: dict[str, Any] = {"ngrams": 3, "dropout": 0.2}


@pytest.mark.parametrize(
    ("output", "workers", "shape"), [("text", 4, {}), ("label", 2, {}), ("label", 2, NGRAMS), ("tags", 2, {})]
)
def test_workers_change_no_bit(output: str, workers: int, shape: dict[str, Any]) -> None:
    config = replace(CONFIG, steps=20, eval_every=10)
    alone, reports = learn(output, config, shape=shape)
    shared, others = learn(output, replace(config, workers=workers), shape=shape)
    np.testing.assert_array_equal(alone.params.value, shared.params.value)
    assert [report.loss for report in reports] == [report.loss for report in others]


def test_a_resumed_run_has_the_bits_of_one_that_was_not_stopped(tmp_path: Path) -> None:
    (tmp_path / "whole").mkdir()
    (tmp_path / "parts").mkdir()
    whole, _ = learn("text", folder=tmp_path / "whole")
    learn("text", replace(CONFIG, steps=23), folder=tmp_path / "parts")
    checkpoint = load_checkpoint(tmp_path / "parts" / "last.npz", Transducer)
    task = pairs_task(checkpoint.model, TEXTS, CONFIG)
    resumed = RunOptions(folder=tmp_path / "parts", resumed=(checkpoint.training, checkpoint.tensors))
    list(train(checkpoint.model, task, CONFIG, run=resumed))
    np.testing.assert_array_equal(whole.params.value, checkpoint.model.params.value)


def test_no_source_is_learned_and_held_out() -> None:
    pairs = [*TEXTS, *TEXTS[::3]]  # some twice
    task = pairs_task(make("text"), pairs, CONFIG)
    learned, held_out = ({pair.source for pair in part} for part in (task.train, task.held_out))
    assert not learned & held_out
    assert len(held_out) == pytest.approx(0.2 * len(TEXTS), abs=1)
    assert len(task.train) + len(task.held_out) == len(pairs)


def test_pairs_to_validate_on_may_be_given() -> None:
    task = pairs_task(make("text"), TEXTS[9:], CONFIG, TEXTS[:9])
    assert (task.train, task.held_out) == (TEXTS[9:], TEXTS[:9])


def test_validation_tries_some_of_many_pairs_from_everywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_VALIDATED", 10)
    task = PairsTask(make("text"), TEXTS[40:], TEXTS[:40])
    assert task._validated == TEXTS[:40:4]


def test_a_sample_shows_what_is_wrong() -> None:
    model = make("label")
    task = pairs_task(model, LABELS, CONFIG)
    for line in task.sample(model, seed=1).splitlines():
        source, _, made = line.partition(" → ")
        wanted = dict(LABELS)[source]
        assert made in (wanted, f"{({'long', 'short'} - {wanted}).pop()}  (not {wanted})")


def test_without_held_out_pairs_nothing_is_validated() -> None:
    _, reports = learn("text", replace(CONFIG, val_frac=0.0, steps=3))
    assert all(report.loss is None for report in reports if report.event == "eval")


def test_what_the_model_does_not_know_is_refused() -> None:
    with pytest.raises(VocabularyError, match="'z'"):
        PairsTask(make("text"), [Pair("z", "a")], [])
    with pytest.raises(VocabularyError, match="no label 'huge'"):
        PairsTask(make("label"), [Pair("a", "huge")], [])
    with pytest.raises(CorpusError, match="no pairs"):
        pairs_task(make("text"), [], CONFIG)


def test_patience_begins_where_half_of_the_targets_are_exact(monkeypatch: pytest.MonkeyPatch) -> None:
    exact = iter([0.0, 0.1, 0.49, *[0.9] * 7])
    monkeypatch.setattr(PairsTask, "validate", lambda *_: {"loss": 1.0, "exact": next(exact)})
    _, reports = learn("text", replace(CONFIG, steps=10, eval_every=1, patience=2))
    assert [report.step for report in reports if report.event == "eval"] == [1, 2, 3, 4, 5]
    assert reports[-1].details["reason"] == "patience"


def test_a_resumed_run_knows_its_plateau() -> None:
    progress = Progress(step=3, best_loss=1.0, best_step=1)
    progress.evaluated(1.0, 1.0, exact=0.1)
    progress.step = 4
    progress.evaluated(1.0, 1.0, exact=0.9)
    assert progress.waited == Progress.from_json(progress.to_json()).waited == 1


def test_pairs_may_be_plain_tuples() -> None:
    model = make("text")
    plain = [tuple(pair) for pair in TEXTS]
    task = pairs_task(model, plain[5:], CONFIG, plain[:5])
    assert (task.train, task.held_out) == (TEXTS[5:], TEXTS[:5])
    assert pairs_task(model, plain, CONFIG).train == pairs_task(model, TEXTS, CONFIG).train
