"""Whole models: round trips, what a folder means, and models that do not fit together."""

from __future__ import annotations

import dataclasses
import json
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from charlm.checkpoint import load, load_checkpoint, read_npz, save, write_npz
from charlm.config import ModelConfig
from charlm.errors import CheckpointError, UsageError
from charlm.models.language_model import CharModel
from charlm.text.vocabulary import Vocabulary
from tests.figures import figure

CONFIGS = st.builds(
    ModelConfig,
    cell=st.sampled_from(["rnn", "lstm", "gru"]),
    hidden_size=st.integers(1, 4),
    layers=st.integers(1, 3),
    embedding_size=st.integers(0, 3),
    dropout=st.sampled_from([0.0, 0.25]),
    gru_reset=st.sampled_from(["after", "before"]),
    dtype=st.sampled_from(["float32", "float64"]),
)
VOCABULARIES = st.builds(
    Vocabulary.from_text,
    st.text(st.characters(exclude_categories=()), min_size=1, max_size=20),
    unit=st.sampled_from(["char", "grapheme"]),
    stop=st.booleans(),
) | st.builds(Vocabulary.from_text, st.text(min_size=1, max_size=20), unit=st.just("byte"), stop=st.booleans())


def model(**settings: Any) -> CharModel:
    return CharModel(ModelConfig(**{"hidden_size": 2, **settings}), Vocabulary.from_text("abé"), seed=1)


def same(a: CharModel, b: CharModel) -> bool:
    weights = {name: tensor.tobytes() for name, tensor in b.tensors().items()}
    return (a.config, a.vocabulary) == (b.config, b.vocabulary) and weights == {
        name: tensor.tobytes() for name, tensor in a.tensors().items()
    }


@pytest.mark.promise(17)
@settings(max_examples=figure(200, 1000), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(config=CONFIGS, vocabulary=VOCABULARIES, seed=st.integers(0, 9))
def test_what_is_saved_is_loaded(tmp_path: Path, config: ModelConfig, vocabulary: Vocabulary, seed: int) -> None:
    saved = CharModel(config, vocabulary, seed=seed)
    save(saved, tmp_path / "x.npz")
    assert same(load(tmp_path / "x.npz"), saved)


def test_a_training_run_gets_back_what_it_stored(tmp_path: Path) -> None:
    training = {"step": 3, "rng": np.random.default_rng(0).bit_generator.state, "best_loss": 1.25}
    tensors = {
        "optimizer.m.head.b": np.arange(3.0, dtype="f4"),
        "ema.head.b": np.ones(3, "f4"),
        "state.0.h": np.ones((2, 5), "f4"),
    }
    saved = model()
    save(saved, tmp_path / "x.npz", training=training, tensors=tensors)
    checkpoint = load_checkpoint(tmp_path / "x.npz")
    assert checkpoint.training == training
    assert checkpoint.path == tmp_path / "x.npz"
    assert set(checkpoint.sha256) == {*tensors, *saved.tensors()}
    assert same(checkpoint.model, saved)
    assert set(checkpoint.tensors) == set(tensors)
    for name, tensor in tensors.items():
        np.testing.assert_array_equal(checkpoint.tensors[name], tensor)


def test_the_vocabulary_lies_where_other_programs_look(tmp_path: Path) -> None:
    save(model(), tmp_path / "x.npz")
    with np.load(tmp_path / "x.npz", allow_pickle=False) as plain:
        meta = json.loads(plain["__meta__"].tobytes().decode())
        assert plain["layers.0.W_x"].shape == (8, 3)
    assert meta["vocabulary"]["unit"] == "char"
    assert meta["vocabulary"]["symbols"] == ["a", "b", "é"]


def test_a_run_folder_means_its_best_checkpoint(tmp_path: Path) -> None:
    best, last = model(), model(cell="gru")
    save(last, tmp_path / "last.npz")
    assert same(load(tmp_path), last)
    save(best, tmp_path / "best.npz")
    assert same(load(str(tmp_path)), best)


def test_training_tensors_bear_their_names(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"'head\.W' is no training tensor"):
        save(model(), tmp_path / "x.npz", tensors={"head.W": np.zeros(1)})
    assert list(tmp_path.iterdir()) == []


@pytest.mark.promise(7)
def test_every_flipped_bit_of_the_metadata_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.npz"
    save(model(cell="rnn"), path, training={"step": 12, "best_loss": 1.5})
    sound = path.read_bytes()
    start = sound.index(b'{"format_version"')
    end = sound.index(b'"}', sound.index(b'"meta_sha256"')) + 2
    for bit in range(8 * start, 8 * end):
        changed = bytearray(sound)
        changed[bit // 8] ^= 1 << bit % 8
        path.write_bytes(changed)
        with pytest.raises(CheckpointError):
            load_checkpoint(path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"model": None}, "no model configuration"),
        ({"vocabulary": []}, "no model configuration or no vocabulary"),
        ({"model": {"cell": "rnn", "hidden_size": 65536, "layers": 64}}, "missing"),
        ({"model": {"cell": "rnn", "hidden_size": 65536}}, "has shape"),
        ({"model": {"cell": "rnn", "hidden_size": 2.0}}, "hidden_size is 2.0; it must be a whole number"),
        ({"model": {"cell": "rnn", "hidden_size": "2"}}, "hidden_size is '2'"),
        ({"model": {"cell": ["rnn"], "hidden_size": 2}}, "cell is"),
        ({"model": {"cell": "rnn", "hidden_size": 2, "colour": 1}}, "colour"),
        ({"model": {"cell": "rnn", "hidden_size": 2, "dtype": "float64"}}, "is float32 in a model of float64"),
        ({"vocabulary": {"unit": "char", "symbols": ["a", "a", "b"]}}, "stands 2 times"),
        ({"vocabulary": {"unit": "byte", "symbols": [1, 2, 300]}}, "300"),
        ({"vocabulary": {"unit": "char", "symbols": ["a", "b", "c", "d"]}}, "has shape"),
        ({"vocabulary": {"unit": "char", "symbols": [[], {}, 1]}}, "symbol 0"),
        ({"vocabulary": {}}, "vocabulary"),
        ({"training": []}, "training record"),
    ],
)
def test_what_does_not_fit_together_is_refused(tmp_path: Path, change: dict, message: str) -> None:
    small = model(cell="rnn")
    meta = {"model": dataclasses.asdict(small.config), "vocabulary": small.vocabulary.to_json(), "training": {}}
    write_npz(tmp_path / "x.npz", {**meta, **change}, small.tensors())
    read_npz(tmp_path / "x.npz")
    tracemalloc.start()
    try:
        with pytest.raises(CheckpointError, match=message) as caught:
            load(tmp_path / "x.npz")
        assert tracemalloc.get_traced_memory()[1] < 1 << 20
    finally:
        tracemalloc.stop()
    assert str(caught.value).isprintable()
