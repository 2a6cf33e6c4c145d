"""The characters of a class of a pattern, from `regex`, for the relevant characters alone."""

from __future__ import annotations

from collections.abc import Iterator
from reprlib import repr as brief

import regex

from charlm.errors import UsageError
from charlm.generation.constraint.pattern import Chars

__all__ = ["members"]


def members(chars: Chars, alphabet: str) -> Iterator[tuple[int, int]]:
    r"""Yield the runs of an alphabet that belong to a class, as starts and ends in the alphabet.

    Parameters
    ----------
    chars : Chars
    alphabet : str
        Characters, each once, in any order.

    Raises
    ------
    UsageError
        If `regex` knows no such class.

    Examples
    --------
    >>> list(members(Chars(r"\d"), "a12b3"))
    [(1, 3), (4, 5)]
    """
    if not chars.flags & regex.IGNORECASE and (character := chars.literal):
        place = alphabet.find(character)
        return iter([] if place < 0 else [(place, place + 1)])
    try:
        run = regex.compile(f"(?:{chars.atom})+", chars.flags)
    except (regex.error, ValueError, RecursionError) as error:
        raise UsageError(
            f"the pattern has {brief(chars.atom)}: {error}; see the syntax of the regex package"
        ) from None
    return (match.span() for match in run.finditer(alphabet))
