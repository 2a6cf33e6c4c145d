"""The figures of a benchmark, and their lines on the screen."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

from rich.text import Text

from charlm.config import ModelConfig, TrainConfig

__all__ = ["Figures", "bench_lines"]


@dataclasses.dataclass(frozen=True, slots=True)
class Figures:
    """A measurement; its values are medians.

    Attributes
    ----------
    train_chars_per_s, sample_chars_per_s : float
        Characters a second, of training and of one sampled stream.
    gflops, peak_gflops : float
        Of the matrix products in a training step, and of one product of 2048³ a worker.
    """

    model: ModelConfig
    train: TrainConfig
    train_chars_per_s: float
    sample_chars_per_s: float
    gflops: float
    peak_gflops: float

    @property
    def share(self) -> float:
        """Share of the machine's matrix-product speed that training reaches."""
        return self.gflops / self.peak_gflops

    def to_json(self) -> dict[str, Any]:
        """Return the figures for JSON."""
        return dataclasses.asdict(self) | {"share": self.share}


def bench_lines(figures: Figures) -> Iterator[Text]:
    """Yield a line about what was measured, then a line a figure."""
    model, train = figures.model, figures.train
    yield Text(
        f"{model.cell}, {model.layers} x {model.hidden_size} units, {train.batch_size} streams of "
        f"{train.seq_length} characters, {train.shards} shards on {train.workers} workers"
    )
    yield Text(f"training  {figures.train_chars_per_s:>12,.0f} characters/s")
    yield Text(f"sampling  {figures.sample_chars_per_s:>12,.0f} characters/s, one stream")
    yield Text(
        f"products  {figures.gflops:>12,.0f} GFLOP/s while training, {figures.share:.0%} of "
        f"{figures.peak_gflops:,.0f} in a product of 2048 cubed"
    )
