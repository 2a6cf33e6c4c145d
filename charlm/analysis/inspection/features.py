"""Properties of a text after each of its characters, which a unit may track: quotes, column, brackets, case.

They are computed from the characters alone, and only from those read so far.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

__all__ = ["FEATURES", "Feature", "feature_values"]

Values: TypeAlias = Iterator[float]

_OPENING, _CLOSING = "([{", ")]}"
_DEEPEST, _WIDEST = 8, 120


@dataclass(frozen=True, slots=True)
class Feature:
    """A property of a text after each character.

    Parameters
    ----------
    description : str
    binary : bool
        Whether its values are 0 and 1.
    values : callable
        ``characters -> iterator of float``, a value after each.
    """

    description: str
    binary: bool
    values: Callable[[Sequence[str]], Values]


def _inside_quotes(characters: Sequence[str]) -> Values:
    """Double quotes, straight or curved; a blank line ends them, since a text may forget to."""
    inside, before = False, ""
    for c in characters:
        if c == '"':
            inside = not inside
        elif c in "“”„«»":
            inside = c in "“„«"
        elif c == "\n" and before == "\n":
            inside = False
        before = c
        yield float(inside)


def _column(characters: Sequence[str]) -> Values:
    column = 0
    for c in characters:
        column = 0 if c == "\n" else column + 1
        yield float(min(column, _WIDEST))


def _since_newline(characters: Sequence[str]) -> Values:
    """Take the logarithm, so that the first characters of a line count most."""
    for column in _column(characters):
        yield float(np.log1p(column))


def _depth(characters: Sequence[str]) -> Values:
    """Open brackets; a blank line closes all."""
    depth, before = 0, ""
    for c in characters:
        if c in _OPENING:
            depth += 1
        elif c in _CLOSING:
            depth = max(0, depth - 1)
        elif c == "\n" and before == "\n":
            depth = 0
        before = c
        yield float(min(depth, _DEEPEST))


def _inside_comment(characters: Sequence[str]) -> Values:
    """From ``#`` or ``//`` to the end of the line, and between ``/*`` and ``*/``."""
    line = block = False
    before = ""
    for c in characters:
        two = before + c
        if block:
            block = two != "*/"
        elif line:
            line = c != "\n"
        elif two == "/*":
            block = True
        else:
            line = c == "#" or two == "//"
        before = c
        yield float(line or block)


def _indentation(characters: Sequence[str]) -> Values:
    """Blanks at the beginning of the line; a tab counts as four."""
    indentation, leading = 0, True
    for c in characters:
        if c == "\n":
            indentation, leading = 0, True
        elif leading and c in " \t":
            indentation += 4 if c == "\t" else 1
        else:
            leading = False
        yield float(min(indentation, _WIDEST))


def _word_end(characters: Sequence[str]) -> Values:
    return (float(not c[-1:].isalnum()) for c in characters)


def _word_length(characters: Sequence[str]) -> Values:
    length = 0
    for c in characters:
        length = length + 1 if c[-1:].isalnum() else 0
        yield float(length)


def _upper_case(characters: Sequence[str]) -> Values:
    """Of the last letter read."""
    upper = False
    for c in characters:
        if c[:1].isalpha():
            upper = c[:1].isupper()
        yield float(upper)


def _line_start(characters: Sequence[str]) -> Values:
    return (float(c == "\n") for c in characters)


FEATURES: dict[str, Feature] = {
    "quotes": Feature("inside double quotes", True, _inside_quotes),
    "comment": Feature("inside a comment", True, _inside_comment),
    "case": Feature("the last letter is upper-case", True, _upper_case),
    "word boundary": Feature("outside a word", True, _word_end),
    "line start": Feature("just after a newline", True, _line_start),
    "line position": Feature("characters since the newline", False, _column),
    "newline distance": Feature("their logarithm", False, _since_newline),
    "word position": Feature("letters of the word so far", False, _word_length),
    "brackets": Feature("open brackets", False, _depth),
    "indentation": Feature("blanks that begin the line", False, _indentation),
}


def feature_values(pieces: Sequence[str], names: Sequence[str] | None = None) -> NDArray[np.float64]:
    """Return the values of features after each piece of a text, shape (n, F); of all `FEATURES` without `names`.

    Examples
    --------
    >>> feature_values('a "b" c', ["quotes", "line position"]).T
    array([[0., 0., 1., 1., 0., 0., 0.],
           [1., 2., 3., 4., 5., 6., 7.]])
    """
    chosen = [FEATURES[name] for name in (FEATURES if names is None else names)]
    columns = [np.fromiter(feature.values(pieces), np.float64, len(pieces)) for feature in chosen]
    return np.stack(columns, axis=1) if columns else np.empty((len(pieces), 0))
