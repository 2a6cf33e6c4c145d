"""The speed of training."""

from __future__ import annotations

from charlm.runs.report import Report

__all__ = ["Pace"]


class Pace:
    """Characters a second since the last report about a step, in updates alone."""

    def __init__(self) -> None:
        self._characters = self._seconds = 0.0

    def add(self, report: Report, seconds: float) -> None:
        """Take in an update."""
        self._characters += (report.chars_per_s or 0.0) * seconds
        self._seconds += seconds

    def take(self) -> float:
        """Return the pace and start again."""
        pace = self._characters / max(self._seconds, 1e-9)
        self._characters = self._seconds = 0.0
        return pace
