"""A budget of minutes: the time that a run has used, and the updates that fit into the rest.

Before the first update the budget is converted to a number of updates, a `Plan`. After a tenth of the remaining
updates it is planned again, and so on. A plan made after `step` updates determines the total number of updates, and
with it the update of the next plan. The intervals shrink to a single update at the end, so the budget is kept even
if the machine becomes ten times slower between two plans. Between plans the clock only ends a run without time
left.

A run depends on its settings and its plans alone. A checkpoint has all plans and the durations for the next one;
each new plan is an event of the log. So a resumed run has the same plans up to the stop, bit for bit, and makes the
next one after the same update. The next plan follows from the clock, as in a run that was not stopped: with the
same clock readings, the bits are the same.
"""

from __future__ import annotations

import contextlib
import math
import time
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from charlm.config import TrainConfig
from charlm.errors import CheckpointError
from charlm.nn.schedules import schedule_progress

__all__ = ["Budget", "Clock", "Plan", "latest"]

PARTS = 10  # of the remaining updates; the next plan is made after one part
MEMORY = 50  # the pace is averaged over about the last fiftieth of all updates
END_S = 0.25  # after the last save: the end of workers, screen and interpreter

Clock = Callable[[], float]


class Plan(NamedTuple):
    """A plan of a run: its number of updates.

    Attributes
    ----------
    step : int
        Finished updates when it was made.
    steps : int
        Updates in all.
    done : float
        Finished share of the learning rate's schedule then; the rest runs from there to `steps`.
    """

    step: int
    steps: int
    done: float = 0.0

    @property
    def next_step(self) -> int:
        """Finished updates when the next plan is made."""
        return self.step + max(1, (self.steps - self.step) // PARTS)


@dataclass(slots=True)
class Budget:
    """A budget of wall-clock time, from the start of the command to its end, over all sessions of a run.

    Parameters
    ----------
    minutes : float
    plans : list of Plan
        All so far, by their steps; the first is made before the first update.
    step_s : float
        Seconds of an update, overhead included.
    started_s : float
        Start of this session, of `clock`.
    clock : callable
        Seconds from any origin.
    costs_s : dict of str to float
        Seconds of an "eval", a "sample" and a "save"; 0 until measured.
    used_s : float
        Used by earlier sessions.
    updates, updates_s
        Updates since the newest plan, and their seconds.
    """

    minutes: float
    plans: list[Plan]
    step_s: float
    started_s: float
    clock: Clock = time.perf_counter
    costs_s: dict[str, float] = field(default_factory=lambda: {"eval": 0.0, "sample": 0.0, "save": 0.0})
    used_s: float = 0.0
    updates: int = 0
    updates_s: float = 0.0

    @property
    def plan(self) -> Plan:
        """The newest plan."""
        return self.plans[-1]

    def left_s(self) -> float:
        """Return the remaining seconds, which may be negative."""
        return 60 * self.minutes - self._used_s()

    def facts(self) -> dict[str, float]:
        """Return the fields of events: the budget and the remaining seconds."""
        return {"minutes": self.minutes, "left_s": round(self.left_s(), 3)}

    def _used_s(self) -> float:
        return self.used_s + (self.clock() - self.started_s)

    @contextlib.contextmanager
    def timed(self, kind: Literal["update", "eval", "sample", "save"]) -> Iterator[None]:
        """Measure the duration of a block; a block that fails is ignored."""
        began_s = self.clock()
        yield
        seconds = self.clock() - began_s
        if kind == "update":
            self.updates, self.updates_s = self.updates + 1, self.updates_s + seconds
        else:
            before_s = self.costs_s[kind]
            self.costs_s[kind] = (before_s + seconds) / 2 if before_s else seconds

    def is_due(self, step: int, config: TrainConfig) -> bool:
        """Return whether another plan is due after `step` updates."""
        if not self.plan.step < step < self.plan.steps:
            return False
        return step >= self.plan.next_step or self.left_s() < self._ending_s(config)

    def plan_again(self, step: int, config: TrainConfig) -> Plan:
        """Make another plan after `step` updates, with as many more as fit into the remaining time."""
        if self.updates:
            self._measure()
        plan, left_s = self.plan, self.left_s() - self._ending_s(config)
        most = range(max(int(left_s / self.step_s), 0) + 1)
        more = bisect_right(most, left_s, key=lambda more: self._cost_s(step, more, config)) - 1
        done = schedule_progress(step, plan.steps, warmup=config.warmup, since=plan.step, done=plan.done)
        self.plans.append(Plan(step, step + max(more, 0), done))
        return self.plan

    def _measure(self) -> None:
        """Average the updates since the newest plan into the estimates, over about the last fiftieth of all."""
        before_s, weight = self.step_s, self.updates / (self.updates + self.plan.steps / MEMORY)
        self.step_s += weight * (max(self.updates_s / self.updates, 1e-9) - self.step_s)
        self.updates, self.updates_s = 0, 0.0
        # measured: other work slows down less than updates, whose workers wait for each other
        slower = math.sqrt(self.step_s / before_s)
        self.costs_s = {kind: slower * seconds for kind, seconds in self.costs_s.items()}

    def _cost_s(self, step: int, more: int, config: TrainConfig) -> float:
        """Estimate the seconds of so many more updates, due hooks included."""
        intervals = {"eval": config.eval_every, "sample": config.sample_every, "save": config.save_every}
        return more * self.step_s + sum(
            self.costs_s[kind] * max(latest(step + more, every) // every - (step - 1) // every, 0)
            for kind, every in intervals.items()
            if every
        )

    def _ending_s(self, config: TrainConfig) -> float:
        """Estimate the seconds after the last update."""
        sample_s = self.costs_s["sample"] if config.sample_every else 0.0
        return self.costs_s["eval"] + sample_s + self.costs_s["save"] + END_S

    def roll_back(self, step: int) -> None:
        """Remove the plans made after more than `step` updates; their time stays used."""
        while self.plan.step > step:
            self.plans.pop()

    def to_json(self) -> dict[str, Any]:
        """Return the fields of a checkpoint."""
        return {
            "minutes": self.minutes,
            "plans": [list(plan) for plan in self.plans],
            "step_s": self.step_s,
            "costs_s": dict(self.costs_s),
            "used_s": self._used_s(),
            "updates": self.updates,
            "updates_s": self.updates_s,
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any], *, started_s: float, clock: Clock) -> Budget:
        """Build from the result of `to_json`, for another session.

        Raises
        ------
        CheckpointError
            If a value is missing or of another type.
        """
        try:
            plans = [Plan(int(step), int(steps), float(done)) for step, steps, done in values["plans"]]
            seconds = {name: float(values[name]) for name in ("minutes", "step_s", "used_s", "updates_s")}
            costs_s = {name: float(values["costs_s"][name]) for name in ("eval", "sample", "save")}
            if (
                not plans
                or min(*seconds.values(), *costs_s.values()) < 0
                or not math.isfinite(sum(seconds.values()))
            ):
                raise ValueError("no plan, or a negative or endless time")
            return cls(
                plans=plans,
                costs_s=costs_s,
                updates=int(values["updates"]),
                clock=clock,
                started_s=started_s,
                **{**seconds, "step_s": max(seconds["step_s"], 1e-9)},
            )
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise CheckpointError(
                f"the run's budget of minutes cannot be read ({error}); train a new model"
            ) from error


def latest(steps: int, every: int) -> int:
    """Return the last update at which a hook that also runs at the end, after `steps` updates, is worth its time.

    Examples
    --------
    >>> latest(100, 30), latest(100, 1)
    (85, 99)
    """
    return steps - max(every // 2, 1)
