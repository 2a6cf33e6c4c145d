"""``dates``: the days of two centuries in eight forms; the target is the ISO 8601 date."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date

from charlm.text.builtin.dates import FIRST, LAST, MONTHS, letter, newspaper, slashes
from charlm.text.builtin.portable_generator import PortableGenerator
from charlm.text.pairs import Pair

__all__ = ["FORMS", "written"]

# not from `calendar`, which depends on the locale
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def _ordinal(number: int) -> str:
    teen = number // 10 == 1
    return f"{number}{'th' if teen else {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th')}"


def _spoken(day: date) -> str:
    return f"{_ordinal(day.day)} of {MONTHS[day.month - 1]} {day.year}"


def _american(day: date) -> str:
    return f"{MONTHS[day.month - 1]} {_ordinal(day.day)}, {day.year}"


def _weekday(day: date) -> str:
    return f"{_WEEKDAYS[day.weekday()]}, {letter(day)}"


def _dots(day: date) -> str:
    return f"{day.day}.{day.month}.{day.year}"


def _dashes(day: date) -> str:
    return f"{day.day:02}-{MONTHS[day.month - 1][:3]}-{day.year}"


# no string is a date in two of these with different days
FORMS: tuple[Callable[[date], str], ...] = (
    letter,  # 3 May 1998
    newspaper,  # May 3, 1998
    slashes,  # 03/05/1998
    _spoken,  # 3rd of May 1998
    _american,  # May 3rd, 1998
    _weekday,  # Sunday, 3 May 1998
    _dots,  # 3.5.1998
    _dashes,  # 03-May-1998
)


def written(rng: PortableGenerator) -> Iterator[Pair]:
    """Yield days in one of the forms, uniformly."""
    first, days = FIRST.toordinal(), (LAST - FIRST).days + 1
    while True:
        day = date.fromordinal(first + rng.below(days))
        yield Pair(rng.pick(FORMS)(day), day.isoformat())
