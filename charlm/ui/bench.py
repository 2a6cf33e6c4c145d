"""The result of a benchmark as lines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rich.text import Text

__all__ = ["bench_lines"]


def bench_lines(figures: Mapping[str, Any]) -> Iterator[Text]:
    """Yield a line on the model, then a line for each measurement.

    Parameters
    ----------
    figures : mapping
        As returned by `charlm.training.speed.Speed.to_json`.
    """
    model, train = figures["model"], figures["train"]
    yield Text(
        f"{model['cell']}, {model['layers']} x {model['hidden_size']} units, {train['batch_size']} streams of "
        f"{train['seq_length']} characters, {train['shards']} shards on {train['workers']} workers"
    )
    yield Text(f"training  {figures['train_chars_per_s']:>12,.0f} characters/s")
    yield Text(f"sampling  {figures['sample_chars_per_s']:>12,.0f} characters/s, one stream")
    yield Text(
        f"products  {figures['gflops']:>12,.0f} GFLOP/s while training, {figures['share']:.0%} of "
        f"{figures['peak_gflops']:,.0f} in a product of 2048 cubed"
    )
