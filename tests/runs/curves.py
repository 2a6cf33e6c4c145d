"""Made-up runs of every kind, for what is drawn of them and said about them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from charlm.runs.history import History

Curve = Callable[[float], float]
START = {
    "vocabulary": 65,
    "characters": 100_000,
    "validation_characters": 10_000,
    "baseline": {"order": 5, "nats": 1.9, "uniform_nats": math.log(65), "true_nats": None},
    "config": {
        "model": {"dropout": 0.1},
        "train": {"learning_rate": 0.3, "clip_norm": 1.0, "batch_size": 16, "seq_length": 32},
    },
}


def falling(end: float, speed: float = 8.0, start: float = math.log(65)) -> Curve:
    return lambda x: end + (start - end) * math.exp(-speed * x)


def cosine(x: float) -> float:
    return 0.15 * (1 + math.cos(math.pi * x))


def events(
    train: Curve,
    validation: Curve | None = None,
    *,
    steps: int = 1600,
    evaluations: int = 16,
    upto: float = 1.0,
    noise: float = 0.08,
    wobble: float = 0.003,
    rate: Curve = cosine,
    seed: int = 0,
    **start: Any,
) -> Iterator[dict[str, Any]]:
    """Yield the events of a run: its curves, given over 0 to 1, with the noise of batches and of evaluations."""
    rng = np.random.default_rng(seed)
    details = {**START, **start}
    if validation is None:
        details["validation_characters"] = 0
    yield {"event": "start", "step": 0, "steps": steps, "elapsed_s": 0.0, **details}
    for step in range(1, int(upto * steps) + 1):
        x = step / steps
        when = {"step": step, "epoch": 10 * x, "elapsed_s": 60 * x}
        loss = train(x) + noise * rng.standard_normal()
        yield {"event": "step", **when, "loss": loss, "lr": rate(x), "grad_norm": 0.5, "chars_per_s": 1e5}
        if validation is not None and step % (steps // evaluations) == 0:
            yield {"event": "eval", **when, "loss": validation(x) + wobble * rng.standard_normal(), "best": False}
    if upto == 1:
        yield {"event": "end", "step": steps, "steps": steps, "elapsed_s": 60.0, "reason": "finished"}


def history_of(*arguments: Any, **settings: Any) -> History:
    history = History()
    for event in events(*arguments, **settings):
        history.add(event)
    return history
