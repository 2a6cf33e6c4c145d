"""Built-in corpora: a real text, tales in two languages, and synthetic texts whose entropy is known.

A new one is a module with ``lines(rng)``, and ``entropy()`` if it can be computed, and a line in the table below.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from charlm.config.checks import check_number
from charlm.errors import CorpusError
from charlm.text.builtin import brackets, dates, python_library, skazki, sums, tales
from charlm.text.builtin.entropy import Entropy
from charlm.text.builtin.portable_generator import PortableGenerator

__all__ = [
    "NAMES",
    "Entropy",
    "corpus_facts",
    "default_size",
    "describe",
    "entropy_facts",
    "make_text",
    "true_entropy",
]


@dataclass(frozen=True, slots=True)
class _Source:
    description: str
    size: int  # characters by default
    lines: Callable[[PortableGenerator], Iterator[str]]
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
        Characters: the text ends with the first line, or tale, that reaches it. By default `default_size`.
    seed : int
        The same seed gives the same text on every machine. ``python`` ignores it.

    Returns
    -------
    str
        Ends with a newline.

    Raises
    ------
    UsageError
        For a size below 1 or a seed below 0.
    CorpusError
        If there is no such corpus, or it is shorter.

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
    for line in source.lines(PortableGenerator(seed)):
        made.append(line)
        characters += len(line)
        if characters >= wanted:
            break
    if size is not None and characters < size:
        raise CorpusError(f"{name} has only {characters} characters here, not {size}; ask for at most those")
    return "".join(made)


def true_entropy(name: str) -> Entropy | None:
    """Return the exact entropy per character of a synthetic corpus; None if it cannot be computed.

    Raises
    ------
    CorpusError
        If there is no such corpus.
    """
    compute = _source(name).entropy
    return compute() if compute else None


def default_size(name: str) -> int:
    """Return the approximate default length of `make_text`, in characters.

    Raises
    ------
    CorpusError
        If there is no such corpus.
    """
    return _source(name).size


def describe(name: str) -> str:
    """Return a description of a corpus, one line.

    Raises
    ------
    CorpusError
        If there is no such corpus.
    """
    return _source(name).description


def corpus_facts(name: str) -> dict[str, Any]:
    """Return a corpus's name, approximate size in characters, description and true entropy, for JSON.

    Raises
    ------
    CorpusError
        If there is no such corpus.
    """
    facts = {"name": name, "characters": default_size(name), "description": describe(name)}
    return facts | entropy_facts(name)


def entropy_facts(name: str | None) -> dict[str, float | None]:
    """Return the true entropy of a corpus in nats and bits per character; None where it is not known."""
    entropy = None if name is None else true_entropy(name)
    if entropy is None:
        return {"true_nats": None, "true_bits": None}
    return {"true_nats": entropy.nats, "true_bits": entropy.bits}


def _source(name: str) -> _Source:
    if name not in _SOURCES:
        from charlm.text.builtin.tasks import TASKS  # here, since it imports these modules

        if name in TASKS:
            raise CorpusError(f"{name} is a built-in task of pairs, not a text; use `pairs` for it")
        raise CorpusError(f"there is no built-in corpus {name!r}; choose one of {', '.join(NAMES)}")
    return _SOURCES[name]
