from __future__ import annotations

import json
from pathlib import Path

import pytest

from charlm.checkpoint import save
from charlm.cli.commands.info import info
from charlm.config import ModelConfig
from charlm.errors import CheckpointError
from charlm.models.language_model import CharModel
from charlm.text.vocabulary import Vocabulary

pytestmark = pytest.mark.usefixtures("nothing_shipped")


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    folder = Path("checkpoints") / "x\u202ey"
    folder.mkdir(parents=True)
    save(CharModel(ModelConfig(hidden_size=2), Vocabulary.from_text("ab")), folder / "last.npz")
    return folder


def test_a_model(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    info(str(run))
    out, err = capsys.readouterr()
    assert "lstm 2 · 2 symbols" in out
    assert "layers.0.W_x" in out
    assert "\u202e" not in out
    assert err == ""


def test_a_model_as_json(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    info(str(run / "last.npz"), json=True)
    out, err = capsys.readouterr()
    assert "\u202e" not in out
    assert err == ""
    values = json.loads(out)
    assert values["path"] == str(run / "last.npz")
    assert values["config"]["hidden_size"] == 2
    assert {len(tensor["sha256"]) for tensor in values["weights"]} == {64}
    assert values["run"]["verdict"]["word"] == "early"


def test_the_runs(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    info()
    assert "x\\u202ey" in capsys.readouterr().out
    info(json=True)
    (found,) = json.loads(capsys.readouterr().out)["runs"]
    assert (found["name"], found["cell"], found["parameters"]) == (run.name, "lstm", 46)


def test_no_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    info()
    assert capsys.readouterr() == ("", "no runs in checkpoints; charlm train makes one\n")
    info(json=True)
    assert json.loads(capsys.readouterr().out) == {"runs": []}


def test_no_such_model(run: Path) -> None:
    with pytest.raises(CheckpointError, match="there is no checkpoint 'none'"):
        info("none")
