from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from charlm.checkpoint import describe_model, describe_runs, save, write_npz
from charlm.config import ModelConfig
from charlm.errors import CheckpointError
from charlm.models.language_model import CharModel
from charlm.text.vocabulary import Vocabulary

pytestmark = pytest.mark.usefixtures("nothing_shipped")

TRAINING = {"progress": {"step": 12, "best_loss": 1.5, "best_step": 10, "history": [[10, 1.75, 1.5]]}}


def run(root: Path, name: str, saved_s: float, training: dict[str, Any] | None = None) -> Path:
    folder = root / name
    folder.mkdir(parents=True)
    model = CharModel(ModelConfig(cell="gru", hidden_size=3, layers=2), Vocabulary.from_text("abcd"))
    state = {"state.0.h": np.ones((3, 2), "f4")}
    for file in ("last.npz", "best.npz"):
        save(model, folder / file, training=training, tensors=state if file == "last.npz" else None)
        os.utime(folder / file, (saved_s, saved_s))
    return folder


def test_a_model(tmp_path: Path) -> None:
    file = run(tmp_path, "x", 1000.0, TRAINING) / "last.npz"
    info = describe_model(file)
    assert (info.path, info.bytes, info.saved_s) == (str(file), file.stat().st_size, 1000.0)
    assert (info.config["cell"], info.unit, info.symbols) == ("gru", "char", 4)
    # per gru layer 3H(D + H + 1) + H, then the head V(H + 1); D is V, then H
    assert info.parameters == (9 * 8 + 3) + (9 * 7 + 3) + 4 * 4
    assert sum(tensor.entries for tensor in info.weights) == info.parameters
    assert [tensor.name for tensor in info.others] == ["state.0.h"]
    state = info.others[0]
    assert (state.shape, state.dtype, state.entries) == ((3, 2), "float32", 6)
    head = b"state.0.h\n<f4\n3,2\n"
    assert state.sha256 == hashlib.sha256(head + np.ones((3, 2), "<f4").tobytes()).hexdigest()
    values = json.loads(json.dumps(info.to_json()))
    assert values["saved"] == "1970-01-01T00:16:40+00:00"
    assert "saved_s" not in values
    assert values["training"] == TRAINING
    assert values["weights"][0]["shape"] == [9, 4]


def test_runs(tmp_path: Path) -> None:
    run(tmp_path, "trained", 2000.0, TRAINING)
    run(tmp_path, "by hand", 1000.0)
    trained, by_hand = describe_runs(tmp_path)
    assert (trained.name, trained.path) == ("trained", str(tmp_path / "trained" / "last.npz"))
    assert (trained.cell, trained.hidden_size, trained.layers, trained.parameters) == ("gru", 3, 2, 157)
    assert (trained.step, trained.best_loss, trained.error) == (12, 1.5, "")
    assert (by_hand.step, by_hand.best_loss, by_hand.error) == (None, None, "")
    assert trained.to_json()["saved"] == "1970-01-01T00:33:20+00:00"


def test_a_damaged_run_does_not_hide_the_others(tmp_path: Path) -> None:
    run(tmp_path, "good", 1000.0)
    file = run(tmp_path, "cut", 2000.0) / "last.npz"
    file.write_bytes(file.read_bytes()[:-1])
    write_npz(run(tmp_path, "odd", 3000.0) / "last.npz", {"model": {"colour": 1}}, {})
    found = {info.name: info.error for info in describe_runs(tmp_path)}
    assert found["good"] == ""
    assert "cannot be used" in found["cut"]
    assert "colour" in found["odd"]
    with pytest.raises(CheckpointError):
        describe_model(file)


@pytest.mark.parametrize(
    "odd",
    [
        {"vocabulary": 1, "training": 2},
        {"vocabulary": {"symbols": 1}, "training": {"progress": []}},
        {"training": {"progress": {"step": "12", "best_loss": []}}},
    ],
)
def test_what_a_stranger_wrote_is_taken_for_unknown(tmp_path: Path, odd: dict[str, Any]) -> None:
    (tmp_path / "x").mkdir()
    write_npz(tmp_path / "x" / "last.npz", {"model": {"cell": "rnn", "hidden_size": 2}, **odd}, {})
    (info,) = describe_runs(tmp_path)
    assert (info.cell, info.step, info.best_loss, info.error) == ("rnn", None, None, "")
