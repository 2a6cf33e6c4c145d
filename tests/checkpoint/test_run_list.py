from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from charlm.checkpoint import describe_model, describe_runs, write_npz
from charlm.errors import CheckpointError

from .stored_runs import TRAINING, run

pytestmark = pytest.mark.usefixtures("nothing_shipped")


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
def test_untrusted_metadata_is_taken_for_unknown(tmp_path: Path, odd: dict[str, Any]) -> None:
    (tmp_path / "x").mkdir()
    write_npz(tmp_path / "x" / "last.npz", {"model": {"cell": "rnn", "hidden_size": 2}, **odd}, {})
    (info,) = describe_runs(tmp_path)
    assert (info.cell, info.step, info.best_loss, info.error) == ("rnn", None, None, "")
