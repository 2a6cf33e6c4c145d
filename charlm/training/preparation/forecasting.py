"""`forecast`: steps, time and memory of a new run, measured on a copy of its model."""

from __future__ import annotations

from charlm.runs.forecast import Forecast
from charlm.runs.writer import settings_of
from charlm.training.parallel.communicator import ProcessGroup
from charlm.training.plan import fitting_note, measure, plan, steps_of_epochs
from charlm.training.preparation.new_run import NewRun
from charlm.training.task import TextTask

__all__ = ["forecast"]


def forecast(new: NewRun, *, started_s: float | None = None, group: ProcessGroup | None = None) -> Forecast:
    """Measure the expected steps, time and memory of a new run without beginning it.

    Parameters
    ----------
    new : NewRun
    started_s : float, optional
        Start of a budget of minutes, of `time.perf_counter`; by default now.
    group : ProcessGroup, optional
        The ranks of a distributed run.
    """
    task = new.task()
    fitted = task.fit(new.config)
    planned, budget = plan(new.model, task, fitted, started_s=started_s, group=group)
    step_s, memory_bytes = measure(new.model, task, planned, group)
    steps = planned.steps or 0
    if isinstance(task, TextTask):
        shortest = planned.seq_length if planned.seq_length_min is None else planned.seq_length_min
        window = planned.batch_size * (shortest + planned.seq_length) / 2
    else:
        window = round(task.characters / steps_of_epochs(task, planned, 1), 1)
    facts = {
        **new.origin,
        **task.facts(),
        "parameters": int(new.model.params.value.size),
        "characters": task.characters,
        "config": settings_of(new.model, new.config),
        "shards": planned.shards or 1,
        "workers": planned.workers if group is None else group.size,
        **({} if group is None else {"ranks": group.size}),
    }
    return Forecast(
        facts=facts,
        steps=steps,
        window=window,
        passes=steps * window / task.characters,
        duration_s=steps * step_s if budget is None else 60 * budget.minutes,
        chars_per_s=window / step_s,
        memory_bytes=memory_bytes,
        note=fitting_note(new.config, fitted),
    )
