"""`stored_samples`: the texts that a run wrote while it was trained, from its log."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, TypeVar

from charlm.checkpoint import find_model
from charlm.errors import CheckpointError
from charlm.runs.writer import LOG

__all__ = ["StoredSample", "some", "stored_samples"]

_T = TypeVar("_T")


class StoredSample(NamedTuple):
    """A text, and the update after which the run wrote it."""

    step: int
    text: str


def stored_samples(path: str | Path) -> list[StoredSample]:
    """Return the samples in a run's log, in order; of the same update, the newest.

    Raises
    ------
    CheckpointError
        If there is no such run, or its log cannot be read.
    """
    log = find_model(path).parent / LOG
    found: dict[int, str] = {}
    try:
        lines = log.read_text("utf-8", errors="replace").splitlines() if log.is_file() else []
    except OSError as error:
        raise CheckpointError(f"cannot read {str(log)!r}: {error.strerror}; check the run folder") from error
    for line in lines:
        if '"sample"' not in line[:64]:
            continue
        try:
            event = json.loads(line)
            step, text = event["step"], event["text"]
        except (ValueError, KeyError, TypeError, RecursionError):  # truncated, or not written by a run
            continue
        if isinstance(step, int) and isinstance(text, str):
            found[step] = text
    return [StoredSample(step, found[step]) for step in sorted(found)]


def some(values: Sequence[_T], count: int) -> list[_T]:
    """Return at most `count` values, evenly spaced, the first and the last among them.

    Examples
    --------
    >>> some(range(10), 4)
    [0, 3, 6, 9]
    """
    if len(values) <= count:
        return list(values)
    return [values[round(k * (len(values) - 1) / (count - 1))] for k in range(count)]
