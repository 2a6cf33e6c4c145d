"""``reverse`` and ``sort``: random letters; the target has the same letters in another order."""

from __future__ import annotations

import string
from collections.abc import Iterator

from charlm.text.builtin.portable_generator import PortableGenerator
from charlm.text.pairs import Pair

__all__ = ["LONGEST", "reversed_", "reversed_long", "sorted_"]

LONGEST = 12
LONG = (13, 18)  # longer than any that a model of ``reverse`` has seen


def reversed_(rng: PortableGenerator) -> Iterator[Pair]:
    """Yield letters and the same backwards."""
    return (Pair(letters, letters[::-1]) for letters in _letters(rng, 1, LONGEST))


def reversed_long(rng: PortableGenerator) -> Iterator[Pair]:
    """Yield longer strings, to test whether a model has learnt the rule for other lengths."""
    return (Pair(letters, letters[::-1]) for letters in _letters(rng, *LONG))


def sorted_(rng: PortableGenerator) -> Iterator[Pair]:
    """Yield letters and the same in alphabetical order."""
    return (Pair(letters, "".join(sorted(letters))) for letters in _letters(rng, 1, LONGEST))


def _letters(rng: PortableGenerator, shortest: int, longest: int) -> Iterator[str]:
    while True:
        length = shortest + rng.below(longest - shortest + 1)
        yield "".join([rng.pick(string.ascii_lowercase) for _ in range(length)])
