"""`Forecast`: what a run will take."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["Forecast"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """Steps, time and memory of a run that has not begun.

    Parameters
    ----------
    model : str
        The model as its `repr` describes it.
    facts : mapping
        What of the details of the run's first report is already known.
    steps : int
        Updates of the whole run.
    window : float
        Characters of an update, on average.
    passes : float
        Passes over the training data.
    shards : int
    workers, ranks : int, optional
        One of them, as many as work on the shards.
    duration_s : float
    memory_bytes : int
        Of the arrays.
    note : str
        What of the settings was shrunk to fit a short text; empty for nothing.
    """

    model: str
    facts: Mapping[str, Any]
    steps: int
    window: float
    passes: float
    shards: int
    workers: int | None
    ranks: int | None
    duration_s: float
    chars_per_s: float
    memory_bytes: int
    note: str
