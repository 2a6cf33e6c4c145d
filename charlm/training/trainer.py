"""`Trainer`: the state of training, and one update of it."""

from __future__ import annotations

import copy
import dataclasses
import math
import time
from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Any

import numpy as np

from charlm.config import TrainConfig
from charlm.errors import CheckpointError
from charlm.models.learner import Learner
from charlm.nn.arrays import FloatArray
from charlm.nn.schedules import mean_factor, rate_factor
from charlm.nn.stack import named_state
from charlm.runs.report import Event, Report, json_value
from charlm.training.budget import Budget, Plan
from charlm.training.parallel.communicator import ProcessGroup
from charlm.training.parallel.team import Team
from charlm.training.progress import Progress, from_stored
from charlm.training.rollback import EVERY, GoodStates, copy_into_
from charlm.training.task import CompletingTask, Task

__all__ = ["Trainer"]


class Trainer(AbstractContextManager["Trainer"]):
    """The state of training: learner, optimiser, batches, progress. A context manager: leaving it ends the workers.

    Parameters
    ----------
    learner : Learner
        Updated in place.
    task : Task
    config : TrainConfig
        Complete, as returned by `plan`.
    budget : Budget, optional
        Of minutes; it changes the number of steps. Without it, that of `config` is fixed.
    group : ProcessGroup, optional
        The ranks of a distributed run.

    Attributes
    ----------
    train_loss : float
        Moving average of the loss; NaN before the first update.
    characters, updates_s
        Characters of this session's updates, and their seconds.
    """

    def __init__(
        self,
        learner: Learner,
        task: Task,
        config: TrainConfig,
        *,
        budget: Budget | None = None,
        group: ProcessGroup | None = None,
    ) -> None:
        self.learner, self.task, self.config = learner, task, config
        self.budget = budget
        self.plan = Plan(0, config.steps or 0) if budget is None else budget.plan
        self.rng = np.random.default_rng(config.seed)
        self.batches = task.batches(config, self.rng)
        self.progress = Progress()
        self.team = Team(learner, config, self.batches.shapes(), group=group)
        self.optimizer = self.team.optimizer
        self.train_loss = math.nan
        self.characters, self.updates_s = 0, 0.0
        self._good = GoodStates()

    @property
    def averaged(self) -> Learner:
        """The learner that is evaluated, shown and stored as the best; with ``ema`` it has the averaged weights."""
        return self.team.averaged

    def complete(self, learner: Learner) -> Any:
        """Return the model that is stored for a learner; see `CompletingTask`."""
        return self.task.complete(learner, self.config) if isinstance(self.task, CompletingTask) else learner

    @property
    def steps(self) -> int:
        """Updates of the whole run."""
        return self.plan.steps

    def __exit__(self, *error: object) -> None:
        self.team.__exit__(*error)

    def update(self) -> Report:
        """Do one update and report it: batch, forward and backward pass, clipping, optimiser step.

        If the loss or the gradient is not finite, everything is unchanged.
        """
        began, progress = time.perf_counter(), self.progress
        if not self._good:
            self._store_good_state()
        cursor, random_state = self.batches.state(), self.rng.bit_generator.state
        factor = rate_factor(
            progress.step,
            self.plan.steps,
            schedule=self.config.schedule,
            warmup=self.config.warmup,
            final=self.config.final_rate,
            since=self.plan.step,
            done=self.plan.done,
        )
        batch = self.batches.next()
        rate = self.config.learning_rate * progress.rate_factor
        whole = self.plan.steps * mean_factor(self.config.schedule, self.config.final_rate)
        loss, norm = self.team.update(batch, lr=rate * factor, decay=self.config.run_decay * factor / whole)
        elapsed_s = time.perf_counter() - began
        finite = math.isfinite(loss) and math.isfinite(norm)
        if finite:
            progress.step += 1
            progress.smooth(loss, self.config.seq_length, self.task.guess_nats)
            progress.compare(loss, self.task.guess_nats)
            self.train_loss = loss if math.isnan(self.train_loss) else 0.98 * self.train_loss + 0.02 * loss
            if progress.step % EVERY == 0:
                self._store_good_state()
        else:
            self.batches.restore(cursor)
            self.rng.bit_generator.state = random_state
        progress.elapsed_s += elapsed_s
        self.characters, self.updates_s = self.characters + batch.counted, self.updates_s + elapsed_s
        return self.report(
            "step",
            loss=loss,
            learning_rate=self.optimizer.lr,
            grad_norm=norm,
            chars_per_s=batch.counted / elapsed_s,
            details={"smooth_loss": progress.smooth_loss} if self.config.sampling == "min-char-rnn" else {},
        )

    def evaluate(self) -> Report:
        """Validate on the held-out data; changes only the history."""
        began, progress = time.perf_counter(), self.progress
        validates = self.task.validation_characters > 0
        measured = dict(self.task.validate(self.averaged, self.config)) if validates else {}
        loss = measured.pop("loss", math.nan)
        exact, networks = measured.get("exact", math.nan), measured.get("networks", ())
        best = progress.evaluated(self.train_loss, loss, exact=exact, networks=networks)
        progress.elapsed_s += time.perf_counter() - began
        return self.report("eval", loss=loss if validates else None, best=best, details=measured)

    def report(self, event: Event, **values: Any) -> Report:
        """Return an event of the run at the current update."""
        step, elapsed_s = self.progress.step, self.progress.elapsed_s
        return Report(event, step=step, steps=self.steps, epoch=self.batches.epoch, elapsed_s=elapsed_s, **values)

    def plan_again(self) -> None:
        """Plan the updates that fit into the rest of the budget of minutes."""
        if self.budget is not None:
            self.plan = self.budget.plan_again(self.progress.step, self.config)
            self.config = dataclasses.replace(self.config, steps=self.plan.steps)

    # -- rollback --

    @property
    def rolls_back(self) -> bool:
        """Whether a good state is stored."""
        return bool(self._good)

    def roll_back(self) -> None:
        """Restore the last good state and halve the rate; the best score and the clock stay."""
        good, progress = self._good.drop_newer(), self.progress
        copy_into_(self._all_tensors(), good.tensors)
        self.team.broadcast()
        self._restore_position(good.record)
        progress.step = progress.examined_step = int(good.record["step"])
        progress.smooth_loss = from_stored(good.record["smooth_loss"])
        progress.worse = progress.hopeless = 0
        progress.history = [entry for entry in progress.history if (entry[0] or 0) <= progress.step]
        progress.rollbacks += 1
        if self.budget is not None:
            self.budget.roll_back(progress.step)
            self.plan_again()

    def _store_good_state(self) -> None:
        """Store this state for a rollback, if it is good and rollbacks are enabled."""
        progress = self.progress
        if self.config.on_nan == "rollback" and not progress.worse and self.nonfinite_tensor() is None:
            counters = {"step": progress.step, "smooth_loss": json_value(progress.smooth_loss)}
            self._good.add(counters | self._position(), self._all_tensors())

    # -- checkpoints --

    def record(self) -> dict[str, Any]:
        """Return everything but tensors that resuming needs, for JSON."""
        record = {"progress": self.progress.to_json()} | self._position()
        if self.budget is not None:
            record["budget"] = self.budget.to_json()
        return record | ({"rollback": self._good.records()} if self._good else {})

    def _position(self) -> dict[str, Any]:
        """Return the data cursor, the random state and the optimiser's count."""
        return {
            "train_loss": json_value(self.train_loss),
            "optimizer_steps": self.optimizer.steps,
            "batches": self.batches.state(),
            "random": {"batches": self.rng.bit_generator.state},
        }

    def _restore_position(self, position: Mapping[str, Any]) -> None:
        position = copy.deepcopy(dict(position))
        self.train_loss = from_stored(position["train_loss"])
        steps = int(position["optimizer_steps"])
        if steps < 0:
            raise ValueError(f"optimizer_steps, {steps}")
        self.optimizer.steps = steps
        self.rng.bit_generator.state = position["random"]["batches"]
        self.batches.restore(position["batches"])

    def tensors(self) -> dict[str, FloatArray]:
        """Return slots, carried state, averaged weights and good states by their names in checkpoints.

        Good states are copies, all others views.
        """
        return self._training_tensors() | self._good.tensors()

    def _training_tensors(self) -> dict[str, FloatArray]:
        self.team.collect()
        slots = {
            f"optimizer.{slot}.{name}": tensor
            for slot, flat in self.optimizer.slots.items()
            for name, tensor in self.learner.params.named(flat).items()
        }
        average = {f"ema.{name}": tensor for name, tensor in self.averaged.params.items()}
        return slots | named_state(self.team.state) | (average if self.config.ema else {})

    def _all_tensors(self) -> dict[str, FloatArray]:
        return dict(self.learner.params) | self._training_tensors()

    def nonfinite_tensor(self) -> str | None:
        """Return the name of a tensor that is not finite; None if all are finite."""
        tensors = self._all_tensors().items()
        return next((name for name, tensor in tensors if not np.isfinite(tensor).all()), None)

    def restore(self, record: Mapping[str, Any], tensors: Mapping[str, FloatArray]) -> None:
        """Restore `record` and `tensors` of a checkpoint; the learner has its weights already.

        Raises
        ------
        CheckpointError
            If a value is missing or does not fit.
        """
        try:
            self.progress = Progress.from_json(copy.deepcopy(record["progress"]))
            self._restore_position(record)
            copy_into_(self._training_tensors(), tensors)
            self.team.broadcast()
            self._good.restore(record.get("rollback", ()), tensors, like=self._all_tensors())
        except (KeyError, TypeError, ValueError) as error:
            raise CheckpointError(
                f"the run cannot be resumed: its record lacks or garbles {error}; train a new model"
            ) from error
