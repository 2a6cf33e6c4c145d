"""The flags of ``charlm train`` for batches, update rule and loss."""

from __future__ import annotations

from functools import partial
from typing import Annotated, TypeAlias

from charlm import config
from charlm.cli.train_flags.declare import setting_option

__all__ = [
    "BatchSize",
    "ClipNorm",
    "ClipValue",
    "Ema",
    "LearningRate",
    "LossReduction",
    "Momentum",
    "Nesterov",
    "OnNan",
    "Optimizer",
    "Patience",
    "Sampling",
    "Schedule",
    "SeqLength",
    "StateReset",
    "Warmup",
    "WeightDecay",
]

option = partial(setting_option, panel="Learning")

Optimizer: TypeAlias = Annotated[
    str | None, option("--optimizer", help="Update rule.", choices=config.OptimizerName)
]
LearningRate: TypeAlias = Annotated[
    float | None, option("--learning-rate", help="Step size at the top of the schedule.", value="X")
]
Schedule: TypeAlias = Annotated[
    str | None, option("--schedule", help="The learning rate over the run.", choices=config.ScheduleName)
]
Warmup: TypeAlias = Annotated[
    int | None, option("--warmup", help="Updates until the rate is at its top.", value="N")
]
BatchSize: TypeAlias = Annotated[int | None, option("--batch-size", help="Streams read side by side.", value="N")]
SeqLength: TypeAlias = Annotated[
    str | None,
    option(
        "--seq-length",
        help="Characters between truncations. A range such as 16-64 draws them for each window, from at most "
        "eight lengths evenly spaced, and keeps arrays for each.",
        value="N[-M]",
    ),
]
ClipNorm: TypeAlias = Annotated[
    float | None,
    option("--clip-norm", help="Largest global norm of the gradient; 0: any.", value="X"),
]
ClipValue: TypeAlias = Annotated[
    float | None,
    option("--clip-value", "--grad-clip", help="Largest entry of the gradient; 0: any.", value="X"),
]
WeightDecay: TypeAlias = Annotated[
    float | None, option("--weight-decay", help="L2 penalty; decoupled in adamw.", value="X")
]
Ema: TypeAlias = Annotated[
    float | None,
    option("--ema", help="Average the weights with this decay, such as 0.999; 0: no.", value="X"),
]
Momentum: TypeAlias = Annotated[float | None, option("--momentum", help="For sgd.", value="X")]
Nesterov: TypeAlias = Annotated[bool | None, option("--nesterov/--no-nesterov", help="For sgd with momentum.")]
Sampling: TypeAlias = Annotated[
    str | None,
    option(
        "--sampling",
        help="How windows are taken: from streams that carry the state, or from random places.",
        choices=config.Sampling,
    ),
]
StateReset: TypeAlias = Annotated[
    float | None,
    option(
        "--state-reset",
        help="Probability with which a stream begins a window from zero state; for sequential sampling.",
        value="P",
    ),
]
LossReduction: TypeAlias = Annotated[
    str | None,
    option(
        "--loss-reduction",
        help="Whether the gradient is of the mean or of the sum over a window.",
        choices=config.LossReduction,
    ),
]
Patience: TypeAlias = Annotated[
    int | None,
    option(
        "--patience",
        help="End after so many evaluations without a new best; 0: never.",
        value="N",
    ),
]
OnNan: TypeAlias = Annotated[
    str | None,
    option(
        "--on-nan",
        help="If training diverges: end, or go back to the last good state with half the rate.",
        choices=config.OnNan,
    ),
]
