"""Mixtures in checkpoints: what is read predicts as what was saved, and damage is a `CheckpointError`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import charlm
from charlm import CharModel, ModelConfig, Vocabulary
from charlm.checkpoint import describe_model, describe_runs, load_predictor, newest_run, read_npz, write_npz
from charlm.errors import CheckpointError, UsageError
from charlm.models.counts import Counts
from charlm.models.mixture import Mixture

TEXT = "the cat sat on the mat. a dog ate the hat.\n" * 20
VOCABULARY = Vocabulary.from_text(TEXT)
IDS = VOCABULARY.encode(TEXT)


def mixture() -> Mixture:
    networks = [CharModel(ModelConfig(hidden_size=6, cell=cell), VOCABULARY, seed=1) for cell in ("lstm", "gru")]
    return Mixture([*networks, Counts(VOCABULARY, IDS, order=5)], [0.2, 0.3, 0.5])


@pytest.fixture
def file(tmp_path: Path) -> Path:
    charlm.save(mixture(), tmp_path / "mixture.npz")
    return tmp_path / "mixture.npz"


def test_predicts_as_the_mixture_that_was_saved(file: Path) -> None:
    ids = IDS[:60].reshape(20, 3)
    for found in (charlm.load(file), charlm.load(file, Mixture), load_predictor(file).model):
        assert found.weights == mixture().weights
        np.testing.assert_array_equal(found.logits(ids)[0], mixture().logits(ids)[0])


def test_the_text_of_the_counts_takes_a_byte_a_symbol(file: Path) -> None:
    assert read_npz(file).tensors["members.2.ids"].nbytes == len(IDS)


def test_is_no_network(file: Path) -> None:
    with pytest.raises(CheckpointError, match="holds a mixture, not a language model; charlm sample, console"):
        charlm.load(file, CharModel)


def test_a_mixture_of_mixtures_cannot_be_saved(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="mixture with a mixture as a member cannot be saved; mix its members"):
        charlm.save(Mixture([mixture()]), tmp_path / "m.npz")


def test_is_described_by_its_members(file: Path) -> None:
    info = describe_model(file)
    assert (info.kind, info.symbols, info.config["cell"]) == ("mixture", len(VOCABULARY), "lstm")
    assert info.parameters == sum(network.params.value.size for network in mixture().networks)
    first, _, counts = info.members
    assert (first["kind"], first["weight"]) == ("language model", 0.2)
    assert (counts["order"], counts["symbols"]) == (5, len(IDS))
    assert "members.2.ids" in [tensor.name for tensor in info.weights]


def test_is_a_run_that_generates_text(tmp_path: Path) -> None:
    folder = tmp_path / "runs" / "mixed"
    folder.mkdir(parents=True)
    charlm.save(mixture(), folder / "last.npz")
    assert newest_run("language model", root=tmp_path / "runs").name == "mixed"
    found = describe_runs(tmp_path / "runs")[0]
    assert (found.kind, found.hidden_size, found.error) == ("mixture", 6, "")
    assert found.parameters == describe_model(folder / "last.npz").parameters


DAMAGE: dict[str, Callable[[dict[str, Any], dict[str, Any]], object]] = {
    "no members": lambda meta, _: meta.update(members=[]),
    "too many members": lambda meta, _: meta.update(members=meta["members"] * 100),
    "a member that is a number": lambda meta, _: meta.update(members=[1, 2, 3]),
    "a member that is a mixture": lambda meta, _: meta["members"][0].pop("model"),
    "a member of another kind": lambda meta, _: meta["members"][0].update(kind="transducer"),
    "fewer members than tensors": lambda meta, _: meta["members"].pop(),
    "weights that are none": lambda meta, _: meta.update(weights=[0.5, 0.6, -0.1]),
    "weights that are text": lambda meta, _: meta.update(weights="abc"),
    "weights of any size": lambda meta, _: meta.update(weights=[10**400, 0.5, 0.5]),
    "a weight too many": lambda meta, _: meta.update(weights=[0.25] * 4),
    "no weights": lambda meta, _: meta.pop("weights"),
    "no vocabulary": lambda meta, _: meta.pop("vocabulary"),
    "counts of order 0": lambda meta, _: meta["members"][2].update(order=0),
    "counts of a huge order": lambda meta, _: meta["members"][2].update(order=10**9),
    "foreign symbols": lambda _, tensors: tensors.update({"members.2.ids": np.full(9, 200, np.uint8)}),
    "no symbol": lambda _, tensors: tensors.update({"members.2.ids": np.empty(0, np.uint8)}),
    "numbers as symbols": lambda _, tensors: tensors.update({"members.2.ids": np.ones(9)}),
    "no text": lambda _, tensors: tensors.pop("members.2.ids"),
    "a missing weight": lambda _, tensors: tensors.pop("members.0.head.W"),
    "another name of a member": lambda _, tensors: tensors.update({"members.02.ids": tensors.pop("members.2.ids")}),
    "another tensor": lambda _, tensors: tensors.update({"members.x.W": np.zeros(2, np.float32)}),
}


@pytest.mark.parametrize("name", DAMAGE)
def test_damage_is_named_in_a_line(tmp_path: Path, name: str) -> None:
    file = tmp_path / "runs" / "mixed" / "last.npz"
    file.parent.mkdir(parents=True)
    charlm.save(mixture(), file)
    contents = read_npz(file)
    meta, tensors = dict(contents.meta), dict(contents.tensors)
    DAMAGE[name](meta, tensors)
    write_npz(file, {key: value for key, value in meta.items() if key not in ("format_version", "sha256")}, tensors)
    with pytest.raises(CheckpointError) as caught:
        charlm.load(file)
    assert str(file) in str(caught.value)
    assert "\n" not in str(caught.value)
    assert "does not fit together: '" not in str(caught.value)  # the text of a KeyError
    (listed,) = (run for run in describe_runs(tmp_path / "runs") if not run.shipped)
    assert listed.name == "mixed"
