"""`Forecast`: expected steps, time and memory of a run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["Forecast"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """Expected steps, time and memory of a new run.

    Parameters
    ----------
    facts : mapping
        Known details of the run's "start" report.
    steps : int
        Updates of the whole run.
    window : float
        Characters of an update, on average.
    passes : float
        Passes over the training data.
    duration_s : float
    memory_bytes : int
        Of the arrays.
    note : str
        The settings that were reduced for a short text; empty if none.
    """

    facts: Mapping[str, Any]
    steps: int
    window: float
    passes: float
    duration_s: float
    chars_per_s: float
    memory_bytes: int
    note: str
