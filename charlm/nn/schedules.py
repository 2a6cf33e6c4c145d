"""The learning rate over a run, as a factor between 0 and 1 of its maximum.

::

    warm-up    (step + 1) / warmup                         while step < warmup
    then       φ + (1 - φ) s                               φ the final factor, and s
    constant   1
    cosine     ½ (1 + cos(π · progress))                   Loshchilov & Hutter 2017, without restarts
    step       1, ½ from progress ½ on, ¼ from ¾, ⅛ from ⅞
"""

from __future__ import annotations

import math
from typing import Literal, TypeAlias

__all__ = ["mean_factor", "rate_factor", "schedule_progress"]

Schedule: TypeAlias = Literal["constant", "cosine", "step"]
MEANS: dict[Schedule, float] = {"constant": 1.0, "cosine": 1 / 2, "step": 1 / 2 + 1 / 8 + 1 / 32 + 1 / 64}
"""Mean of s over progress."""


def rate_factor(
    step: int,
    steps: int,
    *,
    schedule: Schedule = "constant",
    warmup: int = 0,
    final: float = 0.0,
    since: int = 0,
    done: float = 0.0,
) -> float:
    """Return the factor of the learning rate for an update.

    Parameters
    ----------
    step, steps : int
        Finished updates, and updates in all.
    schedule : {"constant", "cosine", "step"}
    warmup : int
        Updates of the warm-up.
    final : float
        φ, to which the cosine falls.
    since, done
        Finished updates and progress at the last change of `steps`; see `schedule_progress`.

    Examples
    --------
    >>> [round(rate_factor(s, 4, schedule="cosine"), 3) for s in range(4)]
    [1.0, 0.854, 0.5, 0.146]
    >>> [rate_factor(s, 8, schedule="step") for s in range(8)]
    [1.0, 1.0, 1.0, 1.0, 0.5, 0.5, 0.25, 0.125]
    """
    if step < warmup:
        return (step + 1) / warmup
    progress = schedule_progress(step, steps, warmup=warmup, since=since, done=done)
    factor = 1.0
    if schedule == "cosine":
        factor = 0.5 * (1 + math.cos(math.pi * min(1.0, progress)))
    elif schedule == "step":
        factor = 0.5 ** sum(progress >= border for border in (1 / 2, 3 / 4, 7 / 8))
    return final + (1 - final) * factor


def mean_factor(schedule: Schedule, final: float = 0.0) -> float:
    """Return the mean of the factor over a run without its warm-up.

    Examples
    --------
    >>> mean_factor("cosine"), mean_factor("cosine", 0.5)
    (0.5, 0.75)
    """
    return final + (1 - final) * MEANS[schedule]


def schedule_progress(step: int, steps: int, *, warmup: int = 0, since: int = 0, done: float = 0.0) -> float:
    """Return the progress of a schedule after `step` updates: 0 until the warm-up ends, 1 at `steps`.

    If `steps` changes during a run, the progress does not jump: from `done` at `since` updates it rises linearly to
    1 at the new end.

    Examples
    --------
    >>> [schedule_progress(s, 8) for s in (0, 2, 4)]
    [0.0, 0.25, 0.5]
    >>> [schedule_progress(s, 6, since=4, done=0.5) for s in (4, 5, 6)]  # two updates left instead of four
    [0.5, 0.75, 1.0]
    """
    first = max(warmup, since)
    return done + (1 - done) * max(0, step - first) / max(1, steps - first)
