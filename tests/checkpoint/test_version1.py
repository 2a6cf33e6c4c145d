"""Files of format version 1 say what they said, and their unfinished runs go on as if nothing had happened."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

import charlm
from charlm.cli.entry import run

RUNS = Path(__file__).with_name("version1")

pytestmark = pytest.mark.parametrize("name", ["rnn", "gru", "lstm"])


@pytest.mark.promise(19)
def test_a_model_writes_what_it_wrote(name):
    model = charlm.load(RUNS / name / "last.npz")
    text = "".join(charlm.generate(model, length=40, temperature=0.5, seed=1))
    assert text == json.loads((RUNS / name / "losses.json").read_text("ascii"))["sample"]


@pytest.mark.promise(19)
def test_an_unfinished_run_ends_as_the_run_that_never_stopped(name, tmp_path, monkeypatch):
    folder = shutil.copytree(RUNS / name, tmp_path / "run")
    monkeypatch.chdir(folder)  # where its text is
    assert run(["resume", str(folder), "--quiet"]) == 0
    lines = [json.loads(line) for line in (folder / "log.jsonl").read_text("ascii").splitlines()]
    losses = [line["loss"] for line in lines if line["event"] in ("step", "eval")]
    wanted = json.loads((folder / "losses.json").read_text("ascii"))["losses"]
    np.testing.assert_allclose(losses, wanted, rtol=1e-4)
