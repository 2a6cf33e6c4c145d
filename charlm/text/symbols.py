"""Checks of a vocabulary's symbols and settings, which may be untrusted input."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from reprlib import repr as brief
from typing import get_args

from charlm.config import Normalization, Unit
from charlm.errors import VocabularyError

__all__ = ["STOP", "UNKNOWN", "check_settings", "check_symbols", "special_symbols"]

UNKNOWN = "<unk>"
STOP = "<stop>"

_KINDS = {
    "char": "single characters",
    "byte": "whole numbers from 0 to 255",
    "grapheme": "strings of one character or more",
}


def special_symbols(symbols: Sequence[str | int]) -> tuple[str | int, ...]:
    """Return the special symbols at the end of a list of symbols.

    They differ from every symbol of a text: their names are longer than a character or a grapheme, and no number.
    """
    for specials in ((UNKNOWN, STOP), (UNKNOWN,), (STOP,)):
        if tuple(symbols[-len(specials) :]) == specials:
            return specials
    return ()


def check_settings(unit: object, normalize: object, lowercase: object) -> None:
    """Raise an error for invalid settings of a vocabulary.

    Raises
    ------
    VocabularyError
    """
    for name, value, choices in (("unit", unit, get_args(Unit)), ("normalize", normalize, get_args(Normalization))):
        if value not in choices:
            raise VocabularyError(f"a vocabulary's {name} is {brief(value)}; choose one of {', '.join(choices)}")
    if not isinstance(lowercase, bool):
        raise VocabularyError(f"a vocabulary's lowercase is {brief(lowercase)}; it must be true or false")


def check_symbols(unit: Unit, symbols: Sequence[object]) -> None:
    """Raise an error for an invalid list of symbols of a unit, without the special ones.

    Raises
    ------
    VocabularyError
    """
    if not symbols:
        raise VocabularyError("a vocabulary needs at least one symbol of a text; this one has none")
    for k, symbol in enumerate(symbols):
        if symbol in (UNKNOWN, STOP):
            raise VocabularyError(f"symbol {k} is {symbol}; {UNKNOWN} and then {STOP} may only end a vocabulary")
        if not _is_symbol(unit, symbol):
            raise VocabularyError(f"symbol {k} is {brief(symbol)}; a vocabulary of unit {unit} has {_KINDS[unit]}")
    symbol, count = Counter(symbols).most_common(1)[0]
    if count > 1:
        raise VocabularyError(f"symbol {brief(symbol)} stands {count} times in a vocabulary; each must have one id")


def _is_symbol(unit: Unit, symbol: object) -> bool:
    if unit == "byte":
        return type(symbol) is int and 0 <= symbol < 256
    # the ends of clusters depend on the version of Unicode, so a grapheme may have any length
    return isinstance(symbol, str) and (len(symbol) == 1 if unit == "char" else symbol != "")
