"""The plan of a run: sizes, shards and steps that a configuration leaves open, set before the first update."""

from __future__ import annotations

import dataclasses
import math
import time
import tracemalloc
from collections.abc import Callable
from statistics import fmean, median

import numpy as np

from charlm.blas import available_cores
from charlm.config import TrainConfig
from charlm.errors import UsageError
from charlm.models.ensemble import independent
from charlm.models.learner import Learner, with_params
from charlm.text.batches import Batches
from charlm.training.budget import Budget, Clock, Plan
from charlm.training.parallel.communicator import ProcessGroup
from charlm.training.parallel.shared_arrays import layout, size_of
from charlm.training.parallel.team import Team
from charlm.training.parallel.update import make_optimizer
from charlm.training.task import CompletingTask, Task

__all__ = [
    "default_shards",
    "fitting_note",
    "idle_note",
    "measure",
    "median_s",
    "plan",
    "steps_of_epochs",
    "with_workers",
]

DEFAULT_EPOCHS = 10.0
WANTED_EVALUATIONS = 16
LARGEST_SHARE = 0.05  # of a time budget, for evaluations
FEWEST_EVALUATIONS = 3  # in any case, to see whether it learns
SAMPLES = 16
TRIAL_S = 1.5
RESERVE = 0.98  # of a time budget; saves, output and the optimism of the trial take the rest


def fitting_note(wanted: TrainConfig, fitted: TrainConfig) -> str:
    """Return a line on the settings that `Task.fit` reduced; empty if none."""
    names = [name for name in ("batch_size", "seq_length") if getattr(wanted, name) != getattr(fitted, name)]
    changes = [f"`{name}={getattr(fitted, name)}` instead of {getattr(wanted, name)}" for name in names]
    return f"the text is too short for the settings: {' and '.join(changes)}" if changes else ""


def plan(
    learner: Learner,
    task: Task,
    config: TrainConfig,
    *,
    started_s: float | None = None,
    clock: Clock = time.perf_counter,
    group: ProcessGroup | None = None,
) -> tuple[TrainConfig, Budget | None]:
    """Return a complete configuration, and the budget of minutes if there is one.

    A trial on a copy of the model converts a time budget to a number of steps, the first plan of `Budget`.

    Parameters
    ----------
    learner : Learner
        Unchanged.
    task : Task
    config : TrainConfig
        By `Task.fit`.
    started_s : float, optional
        Start of the budget's time, of `clock`; by default now.
    clock : callable
        Seconds from any origin.
    group : ProcessGroup, optional
        The ranks of a distributed run, in place of cores.

    Returns
    -------
    TrainConfig
        With `shards`, `workers`, `steps` and the four intervals set, and no other budget. In a distributed run the
        ranks are the workers; a process that resumes it elsewhere sets `workers` again.
    Budget or None
        With the first plan.
    """
    began = clock() if started_s is None else started_s
    config = with_workers(config, len(independent(learner)), group)
    evaluations, budget = WANTED_EVALUATIONS, None
    if config.minutes is not None:
        budget_s = config.minutes * 60
        step_s, evaluation_s = _trial(learner, task, config, group, trial_s=TRIAL_S)
        left_s = budget_s * RESERVE - (clock() - began)
        if left_s < step_s:
            raise UsageError(
                f"{config.minutes:g} minutes are over before the first update; give a larger `minutes`, or `steps`"
            )
        if evaluation_s:
            most = max(FEWEST_EVALUATIONS, int(LARGEST_SHARE * left_s / evaluation_s))
            half = int(left_s / 2 / evaluation_s)  # at least half is for training, apart from the last evaluation
            evaluations = max(1, min(evaluations, most, half))
        steps = max(1, int((left_s - evaluations * evaluation_s) / step_s))
        budget = Budget(config.minutes, [Plan(0, steps)], step_s, began, clock)
        budget.costs_s["eval"] = evaluation_s
    elif config.steps is not None:
        steps = config.steps
    else:
        steps = steps_of_epochs(task, config, config.epochs or DEFAULT_EPOCHS)
    every = max(1, -(-steps // evaluations))
    # a sample of a mixture needs fitted weights, which an evaluation has
    samples = every if isinstance(task, CompletingTask) else max(1, steps // SAMPLES)
    config = dataclasses.replace(
        config,
        steps=steps,
        epochs=None,
        minutes=None,
        eval_every=every if config.eval_every is None else config.eval_every,
        sample_every=samples if config.sample_every is None else config.sample_every,
        save_every=every if config.save_every is None else config.save_every,
        log_every=max(1, steps // 2000) if config.log_every is None else config.log_every,
    )
    return config, budget


def steps_of_epochs(task: Task, config: TrainConfig, epochs: float) -> int:
    """Return the updates of so many passes over the training data, at least one."""
    batches = task.batches(config, np.random.default_rng(0))
    return max(1, round(epochs * batches.batches_per_epoch))


def measure(
    learner: Learner, task: Task, config: TrainConfig, group: ProcessGroup | None = None
) -> tuple[float, int]:
    """Measure an update on a copy of the learner: its seconds, and the bytes of all arrays.

    The arrays are those of all workers of this machine, shared and private, and those of an evaluation.
    """
    tracemalloc.start()
    try:
        _trial(learner, task, config, group, trial_s=0.0, alone=group is None)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()  # before timing: tracing slows every allocation
    step_s, _ = _trial(learner, task, config, group, trial_s=TRIAL_S)
    shapes = task.batches(config, np.random.default_rng(0)).shapes()
    return step_s, peak + size_of(layout(learner, config, make_optimizer(learner.params, config), shapes))


def idle_note(config: TrainConfig, networks: int, group: ProcessGroup | None) -> str:
    """Return a line on ranks without a shard of a network; empty if there are none."""
    idle = 0 if group is None else group.size - (config.shards or 1) * networks
    if group is None or idle <= 0:
        return ""
    return (
        f"of {group.size} ranks, {idle} without a shard of its own; give `shards={-(-group.size // networks)}`, "
        f"and a `batch_size` that is a multiple of it"
    )


def with_workers(config: TrainConfig, networks: int = 1, group: ProcessGroup | None = None) -> TrainConfig:
    """Return a configuration with `shards` and `workers` set; in a distributed run the ranks are the workers."""
    cores = available_cores() if group is None else group.size
    shards = config.shards or default_shards(config.batch_size, cores, networks)
    workers = min(config.workers or cores, shards * networks) if group is None else None
    return dataclasses.replace(config, shards=shards, workers=workers)


def default_shards(streams: int, cores: int, networks: int = 1) -> int:
    """Return the largest power of two that is at most min(c, N/8) and divides N; at least 1.

    A network has c cores if the cores are split into as few equal groups as share the networks evenly. Matrix
    products of more streams are faster, so a core with networks of its own has all their streams.
    """
    shards, each = 1, cores // math.gcd(cores, networks)
    while 2 * shards <= min(each, streams / 8) and streams % (2 * shards) == 0:
        shards *= 2
    return shards


def _trial(
    learner: Learner,
    task: Task,
    config: TrainConfig,
    group: ProcessGroup | None,
    *,
    trial_s: float,
    alone: bool = False,
) -> tuple[float, float]:
    """Measure an update and an evaluation on a copy of the learner: seconds of each.

    If windows have several lengths, each is measured, and their mean returned. With `alone` this process does the
    updates of all workers, so that all arrays are its own.
    """
    copy, rng = (
        with_params(learner, learner.params.on(learner.params.value.copy())),
        np.random.default_rng(config.seed),
    )
    batches = task.batches(config, rng)
    workers = dataclasses.replace(config, workers=1) if alone else config
    with Team(copy, workers, batches.shapes(), group=group) as team:
        times = []
        for length in batches.lengths:
            fixed = dataclasses.replace(config, seq_length=length, seq_length_min=None)
            times.append(_step_s(team, task.batches(fixed, rng), trial_s / len(batches.lengths)))
    return fmean(times), task.validation_s(copy, config)


def _step_s(team: Team, batches: Batches, trial_s: float) -> float:
    """Measure an update, in seconds."""
    return median_s(lambda: team.update(batches.next(), lr=0.0), trial_s)


def median_s(work: Callable[[], object], seconds: float) -> float:
    """Repeat a call for so many seconds, and return its median duration."""
    times: list[float] = []
    end = time.perf_counter() + seconds
    while len(times) < 4 or time.perf_counter() < end:
        begin = time.perf_counter()
        work()
        times.append(time.perf_counter() - begin)
    return median(times[len(times) // 4 :])  # the first calls have cold caches
