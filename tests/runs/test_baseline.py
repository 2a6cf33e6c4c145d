from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import charlm
from charlm.analysis.ngram import baseline
from charlm.checkpoint import load_checkpoint
from charlm.config import from_mapping
from charlm.text.builtin import true_entropy
from charlm.training.task import text_task
from charlm.training.train import RunOptions, train
from tests.training.runs import log, make_names, make_text, new_model, train_in

TEXT = make_text(400)


def measured(text: str, *, origin: dict[str, Any] | None = None, stop: bool = False, **config: Any) -> Any:
    vocabulary = new_model(text, stop=stop).vocabulary
    task = text_task(vocabulary, text, charlm.TrainConfig(documents=stop, **config))
    return task.baseline(origin or {})


def test_it_is_tested_where_the_model_is() -> None:
    vocabulary = new_model(TEXT).vocabulary
    ids = vocabulary.encode(TEXT)
    parted = int(0.9 * len(ids))
    found = measured(TEXT)
    expected = baseline(ids[:parted], ids[parted - 257 :], len(vocabulary), skip=257)
    assert expected is not None
    assert found == {**expected.to_json(), "true_nats": None}
    assert found["tested_on"] == len(ids) - parted
    assert found["uniform_nats"] == math.log(len(vocabulary))
    assert 0 < found["nats"] < found["uniform_nats"]


def test_documents_end_and_their_ends_are_predicted() -> None:
    names = make_names(200)
    found = measured(names, stop=True)
    lines = names.splitlines()
    held_out = np.random.default_rng(0).permutation(len(lines))[180:]
    assert found["tested_on"] == sum(len(lines[k]) + 1 for k in held_out)
    assert found["nats"] < 2.5


def test_without_held_out_text_there_is_none() -> None:
    assert measured(TEXT, val_frac=0.0) is None


@pytest.mark.parametrize(
    ("origin", "known"),
    [
        ({"sources": ["builtin:sums"]}, True),
        ({"sources": ["builtin:sums"], "val_file": "other.txt"}, False),
        ({"sources": ["builtin:tales"]}, False),
        ({"sources": ["sums"]}, False),
        ({"sources": ["builtin:poems"]}, False),
        ({"sources": ["builtin:sums", "more.txt"]}, False),
        ({}, False),
    ],
)
def test_the_true_entropy_where_it_is_known(origin: dict[str, Any], known: bool) -> None:
    sums = true_entropy("sums")
    assert sums is not None
    assert measured(TEXT, origin=origin)["true_nats"] == (sums.nats if known else None)


def test_a_run_keeps_it_with_its_log_and_its_checkpoints(tmp_path: Path) -> None:
    config = charlm.TrainConfig(steps=4, log_every=1, batch_size=2, seq_length=4)
    train_in(tmp_path / "a", new_model(TEXT), TEXT, config)
    expected = measured(TEXT)
    assert log(tmp_path / "a")[0]["baseline"] == expected
    assert load_checkpoint(tmp_path / "a" / "best.npz").training["origin"]["baseline"] == expected


def test_a_run_that_goes_on_does_not_measure_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = charlm.TrainConfig(steps=4, log_every=1, batch_size=2, seq_length=4)
    train_in(tmp_path / "a", new_model(TEXT), TEXT, config)
    checkpoint = load_checkpoint(tmp_path / "a" / "last.npz")
    record = checkpoint.training
    expected = measured(TEXT)
    monkeypatch.setattr("charlm.training.task.measure_baseline", None)
    options = RunOptions(folder=tmp_path / "a", origin=record["origin"], resumed=(record, checkpoint.tensors))
    planned = from_mapping(charlm.TrainConfig, {**record["train"], "steps": 6})
    (start, *_) = train(checkpoint.model, TEXT, planned, run=options)
    assert start.details["baseline"] == record["origin"]["baseline"] == expected


def test_a_call_in_python_keeps_nothing_and_measures_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("charlm.training.task.measure_baseline", None)
    config = charlm.TrainConfig(steps=1, batch_size=2, seq_length=4)
    (start, *_) = charlm.train(new_model(TEXT), TEXT, config)
    assert start.details["baseline"] is None
