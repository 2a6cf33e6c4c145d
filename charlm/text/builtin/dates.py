"""``dates``: the days of two centuries, one a line, each written in one of four ways."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from datetime import date
from itertools import accumulate

from charlm.text.builtin.entropy import Entropy, entropy_of
from charlm.text.builtin.portable_generator import PortableGenerator

__all__ = ["FIRST", "FORMS", "LAST", "MONTHS", "entropy", "letter", "lines", "newspaper", "slashes"]

FIRST, LAST = date(1900, 1, 1), date(2099, 12, 31)

# not from `calendar`, which depends on the locale
MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)


def _iso(day: date) -> str:
    return day.isoformat()


def letter(day: date) -> str:
    """Write a day as in a letter: 3 May 1998."""
    return f"{day.day} {MONTHS[day.month - 1]} {day.year}"


def newspaper(day: date) -> str:
    """Write a day as in a newspaper: May 3, 1998."""
    return f"{MONTHS[day.month - 1]} {day.day}, {day.year}"


def slashes(day: date) -> str:
    """Write a day in figures, the day first: 03/05/1998."""
    return f"{day.day:02}/{day.month:02}/{day.year}"


# no string is a date in two of these forms, so a line determines both its day and its form
FORMS: tuple[tuple[float, Callable[[date], str]], ...] = (
    (0.4, _iso),
    (0.3, letter),
    (0.2, newspaper),
    (0.1, slashes),
)


def lines(rng: PortableGenerator) -> Iterator[str]:
    """Yield dates without end, each with its newline."""
    days, first = _days(), FIRST.toordinal()
    bounds = list(accumulate(share for share, _ in FORMS))
    bounds[-1] = 1.0  # rounding may leave a gap
    choices = list(zip(bounds, (form for _, form in FORMS), strict=True))
    while True:
        u = rng.uniform()
        form = next(form for bound, form in choices if u < bound)
        yield form(date.fromordinal(first + rng.below(days))) + "\n"


def _days() -> int:
    return (LAST - FIRST).days + 1


def entropy() -> Entropy:
    """Return the entropy per character.

    Days are uniform, forms are not, and a line determines both: ln(days) + H(forms) nats. The expected length is
    the mean over all days and forms.
    """
    days, first = _days(), FIRST.toordinal()
    length = 0.0
    for share, form in FORMS:
        length += share * sum(len(form(date.fromordinal(first + d))) for d in range(days)) / days
    return Entropy(math.log(days) + entropy_of(share for share, _ in FORMS), length + len("\n"))
