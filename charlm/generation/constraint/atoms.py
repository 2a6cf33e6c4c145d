r"""Atoms of a pattern: its characters, sets, escapes and anchors. A class is stored as its text.

`charlm.generation.constraint.alphabet` finds the characters of a class.
"""

from __future__ import annotations

import re

import regex

from charlm.errors import UsageError
from charlm.generation.constraint import refusals
from charlm.generation.constraint.scanner import Scanner
from charlm.generation.constraint.syntax import Assertion, Chars, literal
from charlm.generation.constraint.trie import FILE

__all__ = ["OF_CHARACTERS", "folds_fully", "read_atom"]

OF_CHARACTERS = regex.ASCII | regex.IGNORECASE | regex.DOTALL | regex.UNICODE | regex.VERSION1
"""Flags that the class of a character depends on."""
_BOUNDARIES = frozenset("bBmM")
_ANCHORS = {"A": "^", "Z": "Z", "z": "Z"}
_HEX = {"x": 2, "u": 4, "U": 8}
_FUZZY = re.compile(r"[\d\s<=+,deis]*[deis][\d\s<=+,deis]*[:}]")


def folds_fully(flags: int) -> bool:
    """Return whether a character can match several under these flags, as ß does ss."""
    return bool(flags & regex.IGNORECASE and flags & (regex.FULLCASE | regex.VERSION1))


def read_atom(character: str, scan: Scanner, flags: int) -> Chars | Assertion:
    """Read an atom under some flags of `regex`; its first character has been taken.

    Raises
    ------
    UsageError
        If it is malformed or not regular, or the name of a list of words that has not been read.
    """
    start = scan.offset - 1
    if character in "^$":
        return Assertion(character, int(flags & regex.MULTILINE))
    if character == "@" and scan.text.startswith(FILE, scan.offset):
        raise UsageError(
            rf"the pattern has @{FILE}, a list of words that has not been read; read it with "
            rf"charlm.generation.constraint.with_word_lists, or write \@ for an @"
        )
    if character == "{" and _FUZZY.match(scan.text, scan.offset):
        raise refusals.FUZZY_MATCHING.error(start)
    if character == "\\":
        letter = scan.get_bare()
        if letter in _BOUNDARIES:
            return Assertion(letter, int(flags & regex.ASCII))
        if letter in _ANCHORS:
            return Assertion(_ANCHORS[letter])
        atom = _escape(letter, scan, start)
    elif character == "[":
        atom = scan.get_set(nested=bool(flags & regex.VERSION1))
    else:
        atom = character if character == "." else literal(character).atom
    if folds_fully(flags):
        raise refusals.FULL_FOLDING.error(start)
    return Chars(atom, int(flags & OF_CHARACTERS))


def _escape(letter: str, scan: Scanner, start: int) -> str:
    """Return the class of an escape whose letter has been taken."""
    if not letter:
        raise refusals.malformed("a backslash at its end", scan.offset)
    if letter in refusals.ESCAPES:
        raise refusals.ESCAPES[letter].error(start)
    if letter in _HEX:
        return "\\" + letter + "".join(scan.get() for _ in range(_HEX[letter]))
    if letter in "pPN":
        name = scan.get_property(letter)
        return letter if name is None else f"\\{letter}{name}"
    octal = scan.get_octal(letter) if letter.isascii() and letter.isdigit() else letter
    if octal is None or (letter == "g" and scan.match("<")):
        raise refusals.BACKREFERENCE.error(start)
    return f"\\{octal}"
