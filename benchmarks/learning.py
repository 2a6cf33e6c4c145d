"""Losses that every cell, optimiser and preset reaches on the built-in corpora.

    python benchmarks/learning.py cells            # each cell on tales, 3,000 updates
    python benchmarks/learning.py optimizers       # each optimiser on tales, 3,000 updates
    python benchmarks/learning.py presets          # each preset on tales, one minute
    python benchmarks/learning.py entropy          # an LSTM on texts whose true entropy is known

Prints a Markdown table. Losses are in nats per character on the last 10 % of the text. Seeds are fixed, so all
but the last two, whose budget is a time, repeat to the bit on a like machine.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Iterator
from typing import Any

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # before NumPy: as the command line does

import charlm
from charlm.config.presets import preset_settings
from charlm.text.builtin import make_text, true_entropy

STEPS = 3000
RECIPE: dict[str, Any] = {
    "batch_size": 16,
    "seq_length": 32,
    "schedule": "cosine",
    "warmup": 100,
    "sample_every": 0,
    "eval_every": 0,
}
OPTIMIZERS: dict[str, dict[str, Any]] = {
    "adagrad": {"learning_rate": 0.3},
    "adam": {"learning_rate": 0.004},
    "adamw": {"learning_rate": 0.004, "weight_decay": 0.01},
    "rmsprop": {"learning_rate": 0.002},
    "sgd": {"learning_rate": 2.0, "momentum": 0.9, "nesterov": True},
}
CELLS: dict[str, dict[str, Any]] = {
    "rnn": {"cell": "rnn"},
    "lstm": {"cell": "lstm"},
    "gru, reset after": {"cell": "gru", "gru_reset": "after"},
    "gru, reset before": {"cell": "gru", "gru_reset": "before"},
    "lstm, embedding of 32": {"cell": "lstm", "embedding_size": 32},
    "lstm, two layers": {"cell": "lstm", "layers": 2},
}
RATES = {"rnn": 0.1}  # what the gated cells like is too much for the plain one


def learn(text: str, model_settings: dict[str, Any], train_settings: dict[str, Any]) -> tuple[float, float, int]:
    """Train, and return the last validation loss, the seconds and the updates it took."""
    config = charlm.TrainConfig(**train_settings)
    vocabulary = charlm.Vocabulary.from_text(text)
    model = charlm.CharModel(charlm.ModelConfig(**model_settings), vocabulary, seed=config.seed)
    began, loss, steps = time.perf_counter(), float("nan"), 0
    for report in charlm.train(model, text, config):
        if report.event == "eval" and config.val_frac:
            loss, steps = report.loss, report.step
        elif report.event == "step" and not config.val_frac:
            loss, steps = 0.99 * loss + 0.01 * report.loss if loss == loss else report.loss, report.step
    return loss, time.perf_counter() - began, steps


def cells() -> Iterator[tuple[str, ...]]:
    """Train each cell with 128 units."""
    yield "cell", "nats", "seconds"
    for name, settings in CELLS.items():
        rate = RATES.get(settings["cell"], 0.3)
        loss, seconds, _ = learn(
            make_text("tales"), {"hidden_size": 128, **settings}, {**RECIPE, "learning_rate": rate, "steps": STEPS}
        )
        yield name, f"{loss:.4f}", f"{seconds:.0f}"


def optimizers() -> Iterator[tuple[str, ...]]:
    """Train an LSTM of 128 units with each optimiser."""
    yield "optimiser", "settings", "nats", "seconds"
    for name, settings in OPTIMIZERS.items():
        loss, seconds, _ = learn(
            make_text("tales"), {"hidden_size": 128}, {**RECIPE, "optimizer": name, **settings, "steps": STEPS}
        )
        yield name, ", ".join(f"{k} {v}" for k, v in settings.items()), f"{loss:.4f}", f"{seconds:.0f}"


def presets(minutes: float) -> Iterator[tuple[str, ...]]:
    """Train each preset for the same time."""
    yield "preset", "nats", "updates", "validated on"
    for name in ("quick", "small", "base", "large", "min-char-rnn", "char-rnn"):
        settings = preset_settings(name, 1_000_000, {"minutes": minutes, "steps": None, "epochs": None})
        loss, _, steps = learn(make_text("tales"), settings.model, settings.train)
        held_out = settings.train.get("val_frac", 0.1)
        yield name, f"{loss:.4f}", f"{steps:,}", f"the last {held_out:.0%}" if held_out else "training text"


def entropy(minutes: float) -> Iterator[tuple[str, ...]]:
    """Train an LSTM of 128 units on each synthetic text and compare with its true entropy."""
    yield "text", "nats", "true nats", "above"
    for name in ("dates", "sums", "brackets"):
        truth = true_entropy(name)
        assert truth is not None
        settings = {**RECIPE, "learning_rate": 0.3, "batch_size": 32, "seq_length": 32, "minutes": minutes}
        loss, _, _ = learn(make_text(name), {"hidden_size": 128}, settings)
        yield name, f"{loss:.4f}", f"{truth.nats:.4f}", f"{loss / truth.nats - 1:+.1%}"


def main() -> None:
    """Print the table that was asked for, row by row."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["cells", "optimizers", "presets", "entropy"])
    parser.add_argument("--minutes", type=float, default=None, help="for presets (1) and entropy (3)")
    arguments = parser.parse_args()
    rows = {
        "cells": cells,
        "optimizers": optimizers,
        "presets": lambda: presets(arguments.minutes or 1.0),
        "entropy": lambda: entropy(arguments.minutes or 3.0),
    }[arguments.what]()
    for k, row in enumerate(rows):
        print(f"| {' | '.join(row)} |", flush=True)
        if k == 0:
            print("|" + "---|" * len(row), flush=True)


if __name__ == "__main__":
    main()
