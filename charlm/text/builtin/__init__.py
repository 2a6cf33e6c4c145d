"""The corpora that charlm makes itself: a real text, tales in two languages, and sources whose entropy is known.

To add one: write a module with ``lines(dice)``, and ``entropy()`` if it can be computed, and enter it below.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from charlm.config.checks import check_number
from charlm.errors import CorpusError
from charlm.text.builtin import brackets, dates, python_library, skazki, sums, tales
from charlm.text.builtin.dice import Dice
from charlm.text.builtin.entropy import Entropy

__all__ = ["NAMES", "Entropy", "default_size", "describe", "make_text", "true_entropy"]


@dataclass(frozen=True, slots=True)
class _Source:
    description: str
    size: int  # characters, where none are asked for
    lines: Callable[[Dice], Iterator[str]]
    entropy: Callable[[], Entropy] | None = None


_SOURCES = {
    "brackets": _Source("balanced brackets of three kinds", 500_000, brackets.lines, brackets.entropy),
    "dates": _Source("days of two centuries in four notations", 500_000, dates.lines, dates.entropy),
    "python": _Source("this Python's own standard library", 2_000_000, lambda _: python_library.lines()),
    "skazki": _Source("little fairy tales in Russian from a grammar", 1_000_000, skazki.lines),
    "sums": _Source("sums of numbers below 100", 500_000, sums.lines, sums.entropy),
    "tales": _Source("little stories from a grammar", 1_000_000, tales.lines),
}

NAMES: tuple[str, ...] = tuple(_SOURCES)


def make_text(name: str, *, size: int | None = None, seed: int = 0) -> str:
    """Make a built-in corpus.

    Parameters
    ----------
    name : str
        One of `NAMES`.
    size : int, optional
        Characters: the text ends with the first line, or tale, that reaches it. Left out, `default_size`.
    seed : int
        Same seed, same text, on every machine. ``python`` has no chance in it and heeds no seed.

    Returns
    -------
    str
        Ends with a newline.

    Raises
    ------
    UsageError
        For a size below 1 or a seed below 0.
    CorpusError
        If there is no such corpus, or not so much of it.

    Examples
    --------
    >>> make_text("sums", size=1, seed=7).count("=")
    1
    """
    source = _source(name)
    check_number("size", size, low=1, whole=True)
    check_number("seed", seed, whole=True)
    wanted = source.size if size is None else size
    made: list[str] = []
    characters = 0
    for line in source.lines(Dice(seed)):
        made.append(line)
        characters += len(line)
        if characters >= wanted:
            break
    if size is not None and characters < size:
        raise CorpusError(f"{name} has only {characters} characters here, not {size}; ask for at most those")
    return "".join(made)


def true_entropy(name: str) -> Entropy | None:
    """Return the exact entropy per character of a synthetic corpus; None where it cannot be computed.

    Raises
    ------
    CorpusError
        If there is no such corpus.
    """
    compute = _source(name).entropy
    return compute() if compute else None


def default_size(name: str) -> int:
    """Return about how many characters `make_text` makes if it is not told.

    Raises
    ------
    CorpusError
        If there is no such corpus.
    """
    return _source(name).size


def describe(name: str) -> str:
    """Say in one line what a corpus is.

    Raises
    ------
    CorpusError
        If there is no such corpus.
    """
    return _source(name).description


def _source(name: str) -> _Source:
    if name not in _SOURCES:
        from charlm.text.builtin.tasks import TASKS  # which are made of these modules

        if name in TASKS:
            raise CorpusError(f"{name} is a built-in task of pairs, not a text; use `pairs` for it")
        raise CorpusError(f"there is no built-in corpus {name!r}; choose one of {', '.join(NAMES)}")
    return _SOURCES[name]
