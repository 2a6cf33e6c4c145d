"""Training: `train`, the run loop, the update, tasks, plans and progress."""

from __future__ import annotations

from typing import TYPE_CHECKING

from charlm.lazy import loader

if TYPE_CHECKING:
    from charlm.training.pair_evaluation import measure_outputs
    from charlm.training.speed import Speed, measure_speed

__all__ = [
    "Speed",
    "measure_outputs",
    "measure_speed",
]

__getattr__ = loader(
    globals(),
    {
        "pair_evaluation": "measure_outputs",
        "speed": "Speed measure_speed",
    },
)
