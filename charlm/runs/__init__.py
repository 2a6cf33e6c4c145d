"""The record of a run: events, files, history and verdict."""

from __future__ import annotations

from typing import TYPE_CHECKING

from charlm.lazy import loader

if TYPE_CHECKING:
    from charlm.runs.comparison import compare_runs
    from charlm.runs.history import History, read_log
    from charlm.runs.stored import find_history, name_runs, read_history
    from charlm.runs.writer import LOG

__all__ = [
    "LOG",
    "History",
    "compare_runs",
    "find_history",
    "name_runs",
    "read_history",
    "read_log",
]

__getattr__ = loader(
    globals(),
    {
        "comparison": "compare_runs",
        "history": "History read_log",
        "stored": "find_history name_runs read_history",
        "writer": "LOG",
    },
)
