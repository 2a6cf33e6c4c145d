"""Small runs for the tests, and what two runs must have in common to be the same."""

from __future__ import annotations

import json
import time
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

import charlm
from charlm.checkpoint import load_checkpoint
from charlm.config import from_mapping
from charlm.runs.report import Report
from charlm.training.budget import Clock
from charlm.training.train import RunOptions, train

WORDS = ["the", "cat", "sat", "on", "a", "mat", "and", "ran", "far", "off", "to", "see", "dog", "bird", "sun"]
CLOCK = ("elapsed_s", "chars_per_s")


def make_text(words: int) -> str:
    """Return words in a random order."""
    return " ".join(np.random.default_rng(1).choice(WORDS, words))


def make_names(lines: int) -> str:
    """Return lines of several words."""
    rng = np.random.default_rng(2)
    return "".join(" ".join(rng.choice(WORDS, rng.integers(1, 4))) + "\n" for _ in range(lines))


def new_model(text: str, *, stop: bool = False, **config: Any) -> charlm.CharModel:
    """Return a model of a text."""
    vocabulary = charlm.Vocabulary.from_text(text.replace("\n", "") if stop else text, stop=stop)
    return charlm.CharModel(charlm.ModelConfig(**{"hidden_size": 6, **config}), vocabulary)


def train_in(
    folder: Path,
    model: charlm.CharModel,
    text: str,
    config: charlm.TrainConfig,
    *,
    stops: Collection[int] = (),
    workers: int | None = None,
    late: bool = False,
    clock: Clock = time.perf_counter,
) -> list[Report]:
    """Train in a folder; after each of `stops` updates the run ends, and goes on from its files alone.

    `workers` is how many there are from the first stop on; a `late` stop comes after what was due after the update.
    """
    folder.mkdir()
    reports: list[Report] = []
    options = RunOptions(folder=folder, origin={"preset": None}, clock=clock)
    asked: list[int] = []

    def should_stop() -> bool:  # config.log_every is 1 where there are stops
        step = next((report.step for report in reversed(reports) if report.event == "step"), 0)
        asked.append(step)
        return step in stops and asked.count(step) == 1 + late

    while True:
        reports.extend(train(model, text, config, run=replace(options, should_stop=should_stop)))
        if reports[-1].details["reason"] == "finished":
            return reports
        checkpoint = load_checkpoint(folder / "last.npz")
        model, config = checkpoint.model, from_mapping(charlm.TrainConfig, checkpoint.training["train"])
        config = replace(config, workers=workers or config.workers)
        options = replace(options, resumed=(checkpoint.training, checkpoint.tensors))


def outcome(folder: Path) -> dict[str, Any]:
    """Return everything in a run's files that must not depend on what happened to it on the way."""
    checkpoint = load_checkpoint(folder / "last.npz")
    tensors = checkpoint.model.tensors() | checkpoint.tensors
    record = {name: value for name, value in checkpoint.training.items() if name not in ("train", "log_bytes")}
    record["progress"] = {name: value for name, value in record["progress"].items() if name not in CLOCK}
    return {
        "tensors": {name: (tensor.dtype.str, tensor.tobytes()) for name, tensor in tensors.items()},
        "record": record,
        "steps": [line for line in log(folder) if line["event"] not in ("start", "save", "end")],
        "best": load_checkpoint(folder / "best.npz").sha256,
    }


def log(folder: Path) -> list[dict[str, Any]]:
    """Return the lines of a run's log, without what a clock measured."""
    lines = [json.loads(line) for line in (folder / "log.jsonl").read_text("ascii").splitlines()]
    return [{name: value for name, value in line.items() if name not in CLOCK} for line in lines]
