"""`Trainer`: a model, its data, its optimiser and its random streams, one update at a time."""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Mapping
from types import TracebackType
from typing import Any

import numpy as np

from charlm.config import TrainConfig
from charlm.errors import CheckpointError
from charlm.model import CharModel
from charlm.nn.parameters import FloatArray
from charlm.nn.schedules import rate_factor
from charlm.nn.stack import named_state
from charlm.training.data import Data, make_batches
from charlm.training.progress import Progress
from charlm.training.report import Report
from charlm.training.team import Team
from charlm.training.validation import validation_loss

__all__ = ["Trainer"]


class Trainer:
    """Everything that changes while a model learns. A context manager: leaving it ends the workers.

    Parameters
    ----------
    model : CharModel
        Updated in place.
    data : Data
    config : TrainConfig
        As `plan` left it: nothing open.
    """

    def __init__(self, model: CharModel, data: Data, config: TrainConfig) -> None:
        self.model, self.data, self.config = model, data, config
        self.steps = config.steps or 0
        self.rng = np.random.default_rng(config.seed)
        self.batches = make_batches(data, config, model.vocabulary.stop_id, self.rng)
        self.progress = Progress()
        self.team = Team(model, config)
        self.optimizer = self.team.optimizer
        self.train_loss = math.nan

    @property
    def averaged(self) -> CharModel:
        """What is evaluated, shown and kept as the best: the model, or with ``ema`` its average."""
        return self.team.averaged

    def __enter__(self) -> Trainer:
        self.team.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.team.__exit__(kind, error, trace)

    def update(self) -> Report:
        """Do one update and tell about it: read a batch, go forward, go back, clip, move the weights.

        If the loss or the gradient is not finite, everything is as it was before.
        """
        began, progress = time.perf_counter(), self.progress
        cursor, chance = self.batches.state(), self.rng.bit_generator.state
        factor = rate_factor(progress.step, self.steps, schedule=self.config.schedule, warmup=self.config.warmup)
        batch = self.batches.next()
        loss, norm = self.team.update(batch, lr=self.config.learning_rate * factor)
        elapsed_s = time.perf_counter() - began
        finite = math.isfinite(loss) and math.isfinite(norm)
        if finite:
            progress.step += 1
            progress.smooth(loss, self.config.seq_length, len(self.model.vocabulary))
            self.train_loss = loss if math.isnan(self.train_loss) else 0.98 * self.train_loss + 0.02 * loss
        else:
            self.batches.restore(cursor)
            self.rng.bit_generator.state = chance
        progress.elapsed_s += elapsed_s
        return Report(
            "step",
            step=progress.step,
            steps=self.steps,
            epoch=self.batches.epoch,
            elapsed_s=progress.elapsed_s,
            loss=loss,
            learning_rate=self.optimizer.lr,
            grad_norm=norm,
            chars_per_s=batch.targets.size / elapsed_s,
            details={"smooth_loss": progress.smooth_loss} if self.config.sampling == "min-char-rnn" else {},
        )

    def evaluate(self) -> Report:
        """Validate on all of the held-out text; changes nothing but the history."""
        began, progress = time.perf_counter(), self.progress
        with np.errstate(over="ignore", invalid="ignore"):  # absurd weights give an absurd loss, and no warning
            loss = math.nan if self.data.held_out is None else validation_loss(self.averaged, self.data.held_out)
        best = progress.evaluated(self.train_loss, loss)
        progress.elapsed_s += time.perf_counter() - began
        return Report(
            "eval",
            step=progress.step,
            steps=self.steps,
            epoch=self.batches.epoch,
            elapsed_s=progress.elapsed_s,
            loss=loss,
            best=best,
        )

    # -- what a checkpoint holds --

    def record(self) -> dict[str, Any]:
        """Return everything beside tensors that going on needs, for JSON."""
        return {
            "progress": self.progress.to_json(),
            "train_loss": None if math.isnan(self.train_loss) else self.train_loss,
            "optimizer_steps": self.optimizer.steps,
            "batches": self.batches.state(),
            "random": {"batches": self.rng.bit_generator.state},
        }

    def tensors(self) -> dict[str, FloatArray]:
        """Return slots, carried state and averaged weights by their names in checkpoints, as views."""
        slots = {
            f"optimizer.{slot}.{name}": tensor
            for slot, flat in self.optimizer.slots.items()
            for name, tensor in self.model.params.named(flat).items()
        }
        average = {f"ema.{name}": tensor for name, tensor in self.averaged.tensors().items()}
        return slots | named_state(self.team.state) | (average if self.config.ema else {})

    def odd_tensor(self) -> str | None:
        """Return the name of a tensor of a checkpoint that is not finite; None if all are."""
        tensors = self.model.tensors() | self.tensors()
        return next((name for name, tensor in tensors.items() if not np.isfinite(tensor).all()), None)

    def restore(self, record: Mapping[str, Any], tensors: Mapping[str, FloatArray]) -> None:
        """Go back to what `record` and `tensors` gave at another time; the weights are the model's own matter.

        Raises
        ------
        CheckpointError
            If something is missing or does not fit.
        """
        record = copy.deepcopy(dict(record))
        try:
            self.progress = Progress.from_json(record["progress"])
            self.train_loss = math.nan if record["train_loss"] is None else float(record["train_loss"])
            self.optimizer.steps = int(record["optimizer_steps"])
            self.rng.bit_generator.state = record["random"]["batches"]
            self.batches.restore(record["batches"])
            for name, tensor in self.tensors().items():
                if tensors[name].shape != tensor.shape:
                    raise CheckpointError(f"tensor {name} has shape {tensors[name].shape}, not {tensor.shape}")
                tensor[...] = tensors[name]
        except (KeyError, TypeError, ValueError) as error:
            raise CheckpointError(
                f"the run cannot go on: its record lacks or garbles {error}; train anew"
            ) from error
