"""`SeriesTask`: prediction of each next number of a series."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import numpy as np

from charlm.config import TrainConfig
from charlm.errors import CorpusError, DivergedError, UsageError
from charlm.models.learner import Learner
from charlm.models.series import SeriesModel
from charlm.nn.arrays import FloatArray
from charlm.text.batches import Batches, checked_series, split
from charlm.training.task import fitted, window_batches
from charlm.training.validation import WARMUP, HeldOut, estimate_s, validation_loss

__all__ = ["SeriesTask", "series_task"]

SHOWN = 8  # steps of a sample


class SeriesTask:
    """Prediction of each next number of a series; `series_task` builds it.

    Parameters
    ----------
    train : ndarray, shape (n, D)
    held_out : HeldOut, optional
    """

    def __init__(self, train: FloatArray, held_out: HeldOut | None) -> None:
        self.train, self.held_out = train, held_out
        self.characters = len(train)
        self.validation_characters = 0 if held_out is None else len(held_out.inputs)
        self.guess_nats = float(np.square(train, dtype=np.float64).mean()) or 1.0  # squared error of the guess 0

    def fit(self, config: TrainConfig) -> TrainConfig:
        """Reduce streams and windows to what a short series can fill."""
        return fitted(config, len(self.train))

    def batches(self, config: TrainConfig, rng: np.random.Generator) -> Batches:
        """Return the windows of a configuration."""
        return window_batches(self.train, config, rng)

    def validate(self, learner: Learner, config: TrainConfig) -> Mapping[str, float]:
        """Return the mean squared error over the held-out series."""
        return {} if self.held_out is None else {"loss": self._loss(learner, self.held_out, config)}

    def validation_s(self, learner: Learner, config: TrainConfig) -> float:
        """Estimate the duration of a validation from its first part."""
        return 0.0 if self.held_out is None else estimate_s(lambda p: self._loss(learner, p, config), self.held_out)

    def _loss(self, learner: Learner, held_out: HeldOut, config: TrainConfig) -> float:
        model = cast("SeriesModel", learner)
        return validation_loss(
            model, held_out, model.squared_errors, groups=config.shards or 1, workers=config.workers or 1
        )

    def sample(self, learner: Learner, seed: int) -> str:  # noqa: ARG002
        """Return the learner's continuation of a part of the series, and the true one below."""
        series = self.train if self.held_out is None else self.held_out.inputs
        shown = min(SHOWN, len(series) - 1)
        at = min(WARMUP + 1, len(series) - shown)
        made = cast("SeriesModel", learner).generate(series[:at], shown)
        if not np.isfinite(made).all():
            raise DivergedError("the model's numbers are not finite; train with a lower `learning_rate`")
        rows = {"continued": made, "series": series[at : at + shown]}
        return "\n".join(f"{name:9} {_row(numbers)}" for name, numbers in rows.items())

    def facts(self) -> dict[str, Any]:
        """Return the number of features."""
        return {"features": self.train.shape[1]}


def _row(numbers: FloatArray) -> str:
    """Format numbers (T, D) as a line, the features of a step separated by commas."""
    return "  ".join(",".join(f"{x:6.3f}" for x in step) for step in numbers.tolist())


def series_task(
    model: SeriesModel, series: FloatArray, config: TrainConfig, validation: FloatArray | None = None
) -> SeriesTask:
    """Build the task of a series: its end, or another series, is held out.

    Parameters
    ----------
    model : SeriesModel
    series : ndarray, shape (n, D) or (n,)
        Float32 or float64; converted to the model's precision.
    config : TrainConfig
        For `val_frac`.
    validation : ndarray, shape (m, D) or (m,), optional
        Held out in place of a share of `series`. A share that would leave nothing to train on is not held out.

    Raises
    ------
    CorpusError
        If the series is too short to train on, or a number is not finite.
    UsageError
        If it does not have the model's features, or `documents` is set.
    """
    if config.documents:
        raise UsageError("`documents` are lines of a text, and a series of numbers has none; leave it out")
    numbers = _numbers(model, series)
    if validation is None:
        train, rest = split(numbers, config.val_frac)
    else:
        train, rest = numbers, _numbers(model, validation)
    if len(train) < 2 <= len(numbers):
        train, rest = numbers, numbers[:0]  # too short for a held-out part
    if len(train) < 2:
        steps = f"{len(numbers)} step{'s' * (len(numbers) != 1)}"
        raise CorpusError(f"the series has {steps}; training needs at least 2, and more to learn anything")
    if validation is None and len(rest):
        lead = train[-WARMUP - 1 :]  # the held-out part continues the training part
        return SeriesTask(train, HeldOut.of(np.concatenate([lead, rest]), warmup=len(lead) - 1))
    return SeriesTask(train, HeldOut.of(rest) if len(rest) > 1 else None)


def _numbers(model: SeriesModel, series: FloatArray) -> FloatArray:
    """Check a series and convert it to numbers (n, D) of the model's precision."""
    numbers, D = checked_series(series), model.config.features
    if numbers.ndim == 1:
        raise UsageError(f"the series is of {series.dtype}, which are ids; give float32 or float64 for numbers")
    if numbers.shape[1] != D:
        raise UsageError(f"the series has {numbers.shape[1]} features and the model {D}; give both the same number")
    return numbers.astype(model.params.dtype, copy=False)
