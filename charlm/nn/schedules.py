"""How the learning rate goes over a run, as a factor between 0 and 1 of its top.

::

    warm-up    (step + 1) / warmup                         while step < warmup
    constant   1
    cosine     ½ (1 + cos(π · progress))                   Loshchilov & Hutter 2017, without restarts
    step       ½ from half of the way, ¼ from three quarters, ⅛ from seven eighths
"""

from __future__ import annotations

import math
from typing import Literal

__all__ = ["rate_factor"]


def rate_factor(
    step: int, steps: int, *, schedule: Literal["constant", "cosine", "step"] = "constant", warmup: int = 0
) -> float:
    """Return the factor for the update that follows `step` finished ones, of `steps` in all.

    Examples
    --------
    >>> [round(rate_factor(s, 4, schedule="cosine"), 3) for s in range(4)]
    [1.0, 0.854, 0.5, 0.146]
    >>> [rate_factor(s, 8, schedule="step") for s in range(8)]
    [1.0, 1.0, 1.0, 1.0, 0.5, 0.5, 0.25, 0.125]
    """
    if step < warmup:
        return (step + 1) / warmup
    progress = (step - warmup) / max(1, steps - warmup)
    if schedule == "cosine":
        return 0.5 * (1 + math.cos(math.pi * min(1.0, progress)))
    if schedule == "step":
        return 0.5 ** sum(progress >= border for border in (1 / 2, 3 / 4, 7 / 8))
    return 1.0
