"""A learner that is no `CharModel`, from outside of the package: trained, killed, resumed, saved and sampled."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import charlm
from charlm.checkpoint import load_checkpoint
from charlm.config import from_mapping
from charlm.runs.report import Report
from charlm.training.parallel.team import PROCESSES
from charlm.training.train import RunOptions, train

from .outside import Sines, SineTask, continued

ROOT = Path(__file__).parents[2]
CONFIG = charlm.TrainConfig(
    steps=30,
    batch_size=8,
    seq_length=10,
    shards=4,
    workers=1,
    learning_rate=0.1,
    log_every=1,
    eval_every=10,
    seed=3,
)
KILLED = """
import os, signal
from pathlib import Path
from dataclasses import replace
from charlm.training.train import RunOptions, train
from tests.training.outside import SineTask, Sines
from tests.training.test_outside import CONFIG

Path("run").mkdir()
for report in train(Sines(12), SineTask(), replace(CONFIG, save_every=7), run=RunOptions(folder=Path("run"))):
    if report.event == "step" and report.step == 17:
        os.kill(os.getpid(), signal.SIGKILL)
"""


def run_in(folder: Path, config: charlm.TrainConfig = CONFIG, **options: Any) -> tuple[Sines, list[Report]]:
    learner = Sines(12)
    folder.mkdir()
    return learner, list(train(learner, SineTask(), config, run=RunOptions(folder=folder, **options)))


def resume(folder: Path) -> tuple[Sines, list[Report]]:
    checkpoint = load_checkpoint(folder / "last.npz", Sines)
    config = from_mapping(charlm.TrainConfig, checkpoint.training["train"])
    run = RunOptions(folder=folder, resumed=(checkpoint.training, checkpoint.tensors))
    return checkpoint.model, list(train(checkpoint.model, SineTask(), config, run=run))


def tensors(folder: Path) -> dict[str, bytes]:
    checkpoint = load_checkpoint(folder / "last.npz", Sines)
    return {name: tensor.tobytes() for name, tensor in {**checkpoint.model.params, **checkpoint.tensors}.items()}


def test_it_learns_and_continues_a_sine(tmp_path):
    _, reports = run_in(tmp_path / "run", replace(CONFIG, steps=600, eval_every=100))
    assert reports[-1].details["reason"] == "finished"
    assert reports[-1].details["best_loss"] < 0.05
    wave = np.sin(0.3 * np.arange(25))
    best = load_checkpoint(tmp_path / "run" / "best.npz", Sines).model
    np.testing.assert_allclose(continued(best, wave[:20], 5), wave[20:], atol=0.3)
    assert len(next(report.text for report in reports if report.event == "sample").split()) == 5


@pytest.mark.parametrize("workers", [2, 4])
def test_the_number_of_workers_changes_no_bit(tmp_path, workers):
    run_in(tmp_path / "one")
    run_in(tmp_path / "several", replace(CONFIG, workers=workers))
    assert tensors(tmp_path / "several") == tensors(tmp_path / "one")


@pytest.mark.skipif(not PROCESSES, reason="SIGKILL is POSIX's")
def test_killed_and_resumed_it_ends_as_the_run_that_was_not(tmp_path):
    script = [sys.executable, "-c", KILLED]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    assert subprocess.run(script, cwd=tmp_path, env=env, timeout=60, check=False).returncode == -signal.SIGKILL
    _, reports = resume(tmp_path / "run")
    assert reports[0].step == 14  # the last save
    run_in(tmp_path / "whole", replace(CONFIG, save_every=7))
    assert tensors(tmp_path / "run") == tensors(tmp_path / "whole")


def test_a_checkpoint_says_what_kind_it_is(tmp_path):
    charlm.save(Sines(3), tmp_path / "sines.npz")
    assert load_checkpoint(tmp_path / "sines.npz", Sines).model.hidden_size == 3
    with pytest.raises(charlm.CheckpointError, match="it holds a sines; name its class"):
        charlm.load(tmp_path / "sines.npz")
    model = charlm.CharModel(charlm.ModelConfig(hidden_size=3), charlm.Vocabulary.from_text("ab"))
    charlm.save(model, tmp_path / "text.npz")
    with pytest.raises(charlm.CheckpointError, match="it holds a language model, not a sines"):
        load_checkpoint(tmp_path / "text.npz", Sines)


def test_tensors_that_do_not_fit_are_refused(tmp_path, monkeypatch):
    learner = Sines(3)
    monkeypatch.setattr(learner, "describe", lambda: {"hidden_size": 4})
    charlm.save(learner, tmp_path / "odd.npz")
    with pytest.raises(charlm.CheckpointError, match=r"gru\.W_x has shape \(9, 1\); this learner needs \(12, 1\)"):
        load_checkpoint(tmp_path / "odd.npz", Sines)


def test_a_text_is_for_a_language_model():
    with pytest.raises(charlm.UsageError, match="a text trains a CharModel, not a Sines"):
        charlm.train(Sines(3), "text", CONFIG).run()
