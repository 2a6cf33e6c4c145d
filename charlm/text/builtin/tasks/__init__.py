"""Built-in tasks of pairs: sources, each with its target.

A new one is a function that yields pairs without end from a `PortableGenerator`, and a line in the table below.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from charlm.config import OutputName
from charlm.config.checks import check_number
from charlm.errors import CorpusError
from charlm.text.builtin.portable_generator import PortableGenerator
from charlm.text.builtin.tasks import dates, languages, letters, numbers, words
from charlm.text.pairs import Pair

__all__ = ["MOST", "TASKS", "BuiltinTask", "pairs_of", "task_facts"]

MOST = 100_000  # pairs of a task; all tasks have many more, so that new sources are found quickly


@dataclass(frozen=True, slots=True)
class BuiltinTask:
    """A built-in task.

    Parameters
    ----------
    description : str
    output : {"text", "label", "tags"}
        Kind of the targets.
    minutes : float
        Recommended for training.
    count : int
        Pairs by default.
    draw : callable
        Yields pairs without end, some of them repeatedly.
    """

    description: str
    output: OutputName
    minutes: float
    count: int
    draw: Callable[[PortableGenerator], Iterator[Pair]]


TASKS = {
    "add": BuiltinTask("the sum of two numbers of three digits", "text", 5, 50_000, numbers.sums),
    "dates": BuiltinTask("dates in eight forms, as ISO 8601 dates", "text", 1, 50_000, dates.written),
    "languages": BuiltinTask("words of four made-up languages", "label", 1, 30_000, languages.spoken),
    "numbers": BuiltinTask("numbers below a million in words", "text", 1, 50_000, numbers.spelt),
    "reverse": BuiltinTask("up to 12 letters backwards", "text", 1, 50_000, letters.reversed_),
    "reverse-long": BuiltinTask("13 to 18 letters, to test such a model", "text", 1, 1_000, letters.reversed_long),
    "sort": BuiltinTask("up to 12 letters in alphabetical order", "text", 2, 50_000, letters.sorted_),
    "words": BuiltinTask("where words begin in text without gaps", "tags", 1, 30_000, words.joined),
}


def pairs_of(name: str, count: int | None = None, seed: int = 0) -> list[Pair]:
    """Make the pairs of a built-in task, no two with the same source.

    Parameters
    ----------
    name : str
        One of `TASKS`.
    count : int, optional
        Pairs, at most `MOST`; by default that of the task.
    seed : int
        The same seed gives the same pairs on every machine; a smaller `count` gives the first of them.

    Raises
    ------
    UsageError
        For a count or a seed out of range.
    CorpusError
        If there is no such task.

    Examples
    --------
    >>> pairs_of("add", count=1, seed=3)
    [Pair(source='177+313', target='490')]
    """
    if name not in TASKS:
        raise CorpusError(f"there is no built-in task of pairs {name!r}; choose one of {', '.join(TASKS)}")
    check_number("count", count, low=1, high=MOST, whole=True)
    check_number("seed", seed, whole=True)
    task = TASKS[name]
    wanted = task.count if count is None else count
    made: dict[str, Pair] = {}
    for pair in task.draw(PortableGenerator(seed)):
        made.setdefault(pair.source, pair)
        if len(made) == wanted:
            break
    return list(made.values())


def task_facts(name: str) -> dict[str, Any]:
    """Return a task's name, pairs, output, recommended minutes and description, for JSON."""
    task = TASKS[name]
    facts = {"name": name, "pairs": task.count, "output": task.output, "minutes": task.minutes}
    return facts | {"description": task.description}
