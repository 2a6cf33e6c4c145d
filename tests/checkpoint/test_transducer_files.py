"""Transducers in files: round trips, and files that do not fit together or hold something else."""

from __future__ import annotations

import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import charlm
from charlm.checkpoint import describe_model, describe_runs, load_checkpoint, read_npz, save, write_npz
from charlm.errors import CheckpointError
from charlm.models.transducer import Transducer
from tests.models.pairs import CELLS, LABELS, SHAPES, make


@pytest.mark.promise(17)
@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("shape", SHAPES)
def test_what_is_saved_is_loaded(tmp_path: Path, shape: str, cell: str) -> None:
    saved = make(shape, cell, dtype="float32" if cell == "rnn" else "float64")
    charlm.save(saved, tmp_path / "x.npz")
    for found in (charlm.load(tmp_path / "x.npz"), load_checkpoint(tmp_path / "x.npz", Transducer).model):
        assert type(found) is Transducer
        assert found.describe() == saved.describe()
        assert found.params.shapes == saved.params.shapes
        np.testing.assert_array_equal(found.params.value, saved.params.value)
    assert charlm.transduce(found, "abc")[0].text == charlm.transduce(saved, "abc")[0].text


@pytest.mark.promise(19)
def test_a_file_of_labels_from_before_there_were_n_grams(tmp_path: Path) -> None:
    saved = make("label")
    charlm.save(saved, tmp_path / "x.npz")
    contents = read_npz(tmp_path / "x.npz")
    del contents.meta["model"]["ngrams"]
    write_npz(tmp_path / "x.npz", contents.meta, contents.tensors)
    found = charlm.load(tmp_path / "x.npz", Transducer)
    assert found.config == saved.config
    assert found.ngrams is None
    np.testing.assert_array_equal(found.params.value, saved.params.value)


def test_what_training_stored_comes_back(tmp_path: Path) -> None:
    model = make("text")
    save(model, tmp_path / "x.npz", training={"step": 3}, tensors={"optimizer.m.head.b": np.ones(4)})
    checkpoint = load_checkpoint(tmp_path / "x.npz", Transducer)
    assert checkpoint.training == {"step": 3}
    assert list(checkpoint.tensors) == ["optimizer.m.head.b"]
    assert set(checkpoint.sha256) == {*model.params, *checkpoint.tensors}


def test_a_file_of_another_kind_says_what_takes_it(tmp_path: Path) -> None:
    language_model = charlm.CharModel(charlm.ModelConfig(hidden_size=2), charlm.Vocabulary.from_text("ab"))
    save(language_model, tmp_path / "words.npz")
    save(make("text"), tmp_path / "pairs.npz")
    with pytest.raises(
        CheckpointError, match="holds a transducer, not a language model; charlm transduce and eval take it"
    ):
        load_checkpoint(tmp_path / "pairs.npz")
    with pytest.raises(
        CheckpointError,
        match="holds a language model, not a transducer; charlm sample, console, eval and score take",
    ):
        charlm.load(tmp_path / "words.npz", Transducer)
    assert type(charlm.load(tmp_path / "words.npz")) is charlm.CharModel
    contents = read_npz(tmp_path / "pairs.npz")
    for kind, message in {"sine": r"it holds a sine; name its class", "": "it holds a ;"}.items():
        write_npz(tmp_path / "x.npz", {**contents.meta, "kind": kind}, contents.tensors)
        with pytest.raises(CheckpointError, match=message):
            charlm.load(tmp_path / "x.npz")
    write_npz(tmp_path / "x.npz", {**contents.meta, "kind": ["transducer"]}, contents.tensors)
    for read in (charlm.load, load_checkpoint):
        with pytest.raises(CheckpointError, match=r"it holds a \['transducer'\]"):
            read(tmp_path / "x.npz")


HUGE = {"hidden_size": 65536, "layers": 64, "embedding_size": 65536}


@pytest.mark.promise(8)
@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"model": None}, "no model configuration"),
        ({"model": []}, "no model configuration"),
        ({"model": {**HUGE}}, "tensor decoder.embedding.W is missing"),
        ({"model": {"hidden_size": 65536}}, "has shape"),
        ({"model": {"hidden_size": 5}}, "hidden_size is 5; it must be even"),
        ({"model": {"hidden_size": "6"}}, "hidden_size is '6'"),
        ({"model": {"hidden_size": 6, "colour": 1}}, "colour"),
        ({"model": {"hidden_size": 6, "output": "tags"}}, "no use for a stop symbol|not of this learner"),
        ({"model": {"hidden_size": 6, "output": ["text"]}}, "output is"),
        ({"model": {"hidden_size": 6, "attention": "yes"}}, "attention is 'yes'"),
        ({"model": {"hidden_size": 6, "dtype": "float32"}}, "is float64; this learner needs float32"),
        ({"source": {"unit": "char", "symbols": ["a", "b"]}}, "has shape"),
        ({"source": {}}, "vocabulary"),
        ({"source": None}, "vocabulary"),
        ({"target": {"unit": "char", "symbols": ["w", "x", "y", "z"]}}, "needs a stop symbol"),
        ({"target": None}, "vocabulary"),
        ({"labels": ["a", "b", "c", "d"]}, "output text needs a vocabulary"),
        ({"labels": 7}, "labels are no list"),
    ],
)
def test_what_does_not_fit_together_is_refused(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    model = make("text")
    meta = {"kind": "transducer", **model.describe(), "training": {}, **change}
    write_npz(tmp_path / "x.npz", meta, dict(model.params))
    read_npz(tmp_path / "x.npz")
    tracemalloc.start()
    try:
        with pytest.raises(CheckpointError, match=message) as caught:
            charlm.load(tmp_path / "x.npz")
        assert tracemalloc.get_traced_memory()[1] < 1 << 20
    finally:
        tracemalloc.stop()
    assert str(caught.value).isprintable()
    assert "`" not in str(caught.value)


@pytest.mark.parametrize("labels", [[[], {}, 1], ["a", "b", 3], ["a", "b", "a"]])
def test_labels_that_are_none(tmp_path: Path, labels: list[Any]) -> None:
    model = make("label")
    write_npz(tmp_path / "x.npz", {"kind": "transducer", **model.describe(), "labels": labels}, dict(model.params))
    with pytest.raises(
        CheckpointError, match=r"all labels must be strings|3 labels are none, or not all different"
    ):
        charlm.load(tmp_path / "x.npz")


def test_a_missing_part_of_the_description(tmp_path: Path) -> None:
    model = make("label")
    meta = {"kind": "transducer", **model.describe()}
    for name in ("model", "source", "labels"):
        write_npz(
            tmp_path / "x.npz", {key: value for key, value in meta.items() if key != name}, dict(model.params)
        )
        with pytest.raises(CheckpointError, match="its transducer does not fit together"):
            charlm.load(tmp_path / "x.npz")


@pytest.mark.parametrize("shape", SHAPES)
def test_it_is_described(tmp_path: Path, shape: str) -> None:
    model = make(shape)
    (tmp_path / "run").mkdir()
    save(model, tmp_path / "run" / "last.npz", training={"progress": {"step": 7}})
    info = describe_model(tmp_path / "run")
    assert (info.config["output"], info.unit, info.symbols) == (model.config.output, "char", 5)
    assert info.parameters == sum(tensor.entries for tensor in info.weights) == model.params.value.size
    found = next(run for run in describe_runs(tmp_path) if not run.shipped)
    assert (found.cell, found.hidden_size, found.layers) == ("lstm", 6, model.config.layers)
    assert (found.parameters, found.step, found.error) == (model.params.value.size, 7, "")


def test_a_damaged_run_is_listed(tmp_path: Path) -> None:
    model = make("text")
    (tmp_path / "run").mkdir()
    for change in ({"model": 3}, {"source": {}}, {"target": []}, {"labels": 7}):
        meta = {"kind": "transducer", **model.describe(), **change}
        write_npz(tmp_path / "run" / "last.npz", meta, dict(model.params))
        assert next(run for run in describe_runs(tmp_path) if not run.shipped).error


@pytest.mark.parametrize(("shape", "targets", "labels"), [("text", 4, ()), ("tags", 3, ()), ("label", 3, LABELS)])
def test_what_it_makes_is_described(tmp_path, shape, targets, labels):
    folder = tmp_path / "checkpoints" / "pairs"
    folder.mkdir(parents=True)
    charlm.save(make(shape), folder / "best.npz")
    found = describe_model(folder)
    assert (found.kind, found.symbols, found.targets, found.labels) == ("transducer", 5, targets, labels)
    assert found.to_json()["kind"] == "transducer"
    run = next(run for run in describe_runs(tmp_path / "checkpoints") if not run.shipped)
    assert (run.kind, run.output, run.error) == ("transducer", shape, "")
