"""A made-up run, to demonstrate and test the displays without training."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import partial

from charlm.runs.report import Report

__all__ = ["reports"]

START = {
    "config": {"model": {"cell": "lstm", "layers": 1, "hidden_size": 192, "embedding_size": 0}},
    "vocabulary": 65,
    "parameters": 211_073,
    "characters": 1_115_394,
    "preset": "small",
    "shards": 2,
    "workers": 2,
    "validation_characters": 111_539,
    "baseline": {"order": 6, "nats": 1.5226, "uniform_nats": math.log(65), "true_nats": None},
}

SAMPLE = """ROMEO:
The night is [bold]long[/bold], and every star of it
hath asked my name.
\x1b[31mTwice.\x1b[0m
"""


def reports(steps: int = 600, folder: str = "checkpoints/demonstration") -> Iterator[Report]:
    """Yield the reports of a run that learns well: an evaluation and a sample every tenth of the way."""
    best = math.inf
    yield Report("start", steps=steps, path=folder, details=START)
    for step in range(1, steps + 1):
        now = partial(Report, step=step, steps=steps, epoch=step / 100, elapsed_s=step / 50)
        wave = 0.08 * math.sin(step * 1.7)
        yield now(
            "step",
            loss=1.5 + 2.67 * math.exp(-step / 60) + wave,
            learning_rate=0.15 * (1 + math.cos(math.pi * step / steps)),
            grad_norm=0.6 + wave,
            chars_per_s=81_000 + 9_000 * wave,
        )
        if step % max(steps // 10, 1) == 0:
            loss = 1.58 + 2.6 * math.exp(-step / 60)
            yield now("eval", loss=loss, best=loss < best)
            best = min(best, loss)
            yield now("sample", text=SAMPLE)
            yield now("save", path=f"{folder}/last.npz")
    yield now("end", path=folder, details={"reason": "finished"})
