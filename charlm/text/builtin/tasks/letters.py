"""``reverse`` and ``sort``: random letters, to be copied in another order."""

from __future__ import annotations

import string
from collections.abc import Iterator

from charlm.text.builtin.dice import Dice
from charlm.text.pairs import Pair

__all__ = ["LONGEST", "reversed_", "reversed_long", "sorted_"]

LONGEST = 12
LONG = (13, 18)  # longer than any that a model of ``reverse`` has seen


def reversed_(dice: Dice) -> Iterator[Pair]:
    """Yield letters and the same backwards."""
    return (Pair(letters, letters[::-1]) for letters in _letters(dice, 1, LONGEST))


def reversed_long(dice: Dice) -> Iterator[Pair]:
    """Yield longer ones, by which to see whether a model has learnt a rule or lengths."""
    return (Pair(letters, letters[::-1]) for letters in _letters(dice, *LONG))


def sorted_(dice: Dice) -> Iterator[Pair]:
    """Yield letters and the same in alphabetical order."""
    return (Pair(letters, "".join(sorted(letters))) for letters in _letters(dice, 1, LONGEST))


def _letters(dice: Dice, shortest: int, longest: int) -> Iterator[str]:
    while True:
        length = shortest + dice.below(longest - shortest + 1)
        yield "".join([dice.pick(string.ascii_lowercase) for _ in range(length)])
