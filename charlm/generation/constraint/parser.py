r"""`parse`: from a pattern in the syntax of `regex` to a syntax tree; non-regular constructs are refused by name.

A class is stored as its text; `alphabet` finds its characters.
"""

from __future__ import annotations

import re

import regex

from charlm.errors import UsageError
from charlm.generation.constraint.scanner import Scanner
from charlm.generation.constraint.syntax import (
    Alt,
    Assertion,
    Chars,
    Node,
    Repeat,
    Seq,
    WordSet,
    literal,
    without_edges,
)
from charlm.generation.constraint.trie import FILE, alternation_at, outside

__all__ = ["LONGEST", "parse"]

LONGEST = 10_000
"""Most characters of a pattern outside alternations of literals."""
LONGEST_WORDS = 1_500_000
"""Most characters of a pattern."""
DEEPEST = 50
"""Deepest nesting of groups."""

_FLAGS = {
    "a": regex.ASCII, "b": regex.BESTMATCH, "e": regex.ENHANCEMATCH, "f": regex.FULLCASE, "i": regex.IGNORECASE,
    "L": regex.LOCALE, "m": regex.MULTILINE, "p": regex.POSIX, "r": regex.REVERSE, "s": regex.DOTALL,
    "u": regex.UNICODE, "V0": regex.VERSION0, "V1": regex.VERSION1, "w": regex.WORD, "x": regex.VERBOSE,
}  # fmt: skip
# flags that the class of a character depends on
_OF_CHARACTERS = regex.ASCII | regex.IGNORECASE | regex.DOTALL | regex.UNICODE | regex.VERSION1
_ENCODINGS = regex.ASCII | regex.LOCALE | regex.UNICODE
_HEX = {"x": 2, "u": 4, "U": 8}
_COUNTS = {"?": (0, 1), "*": (0, None), "+": (1, None)}
_FUZZY = re.compile(r"[\d\s<=+,deis]*[deis][\d\s<=+,deis]*[:}]")
# non-regular constructs by their group, escape or other syntax, and the regular way to write them
_GROUPS = {
    "=": ("lookahead, (?=…),", "write it as part of what follows"),
    "!": ("lookahead, (?!…),", "write what may stand there, as in [^a] for (?!a)"),
    ">": ("an atomic group, (?>…),", "write (?:…)"),
    "(": ("a condition, (?(…)…),", "write both cases, as in ab|c"),
}
_ESCAPES = {
    "K": (r"\K", "leave it out"),
    "G": (r"\G", "leave it out, a pattern begins where its text does"),
    "R": (r"\R", r"write (?:\r\n|[\n\r\v\f])"),
    "X": (r"a grapheme, \X,", r"write \P{M}\p{M}*"),
    "L": (r"a named list, \L<…>,", "write its words, as in (?:one|two)"),
}
_BACKREFERENCE = "a backreference", r"write every case, as in aa|bb for ([ab])\1"
_RECURSION = "recursion", "write as many levels as you need"
_LOOKBEHIND = "lookbehind, (?<…),", "write it as part of what comes before"
_FULL_FOLDING = (
    "full case-folding, (?f) or (?V1) with (?i),",
    "write (?i) alone, and both spellings, as in (?:ß|ss)",
)
_FUZZY_MATCHING = "fuzzy matching, {e<=1} and the like,", "write every spelling, as in colou?r"
_POSSESSIVE = "a possessive count", "leave its second + out"
_VERB = "a control verb, (*…),", "leave it out"
_REVERSE = "matching from the end, (?r),", "leave it out, the same texts match"
_WORD_FLAG = "Unicode's own words, (?w),", "leave it out, or name what words have, as in [\\w']+"


def parse(text: str) -> Node:
    """Read a pattern.

    Raises
    ------
    UsageError
        If it is no pattern, too large, or not regular.

    Examples
    --------
    >>> parse("ab?")
    Seq(parts=(Chars(atom='a', flags=0), Repeat(body=Chars(atom='b', flags=0), low=0, high=1)))
    """
    if outside(text) > LONGEST or len(text) > LONGEST_WORDS:
        raise _too_long(text)
    grammar = _Grammar(text, 0)
    try:
        node = grammar.read()
    except _Version1Needed:
        grammar = _Grammar(text, regex.VERSION1)
        node = grammar.read()
    if len(text) - grammar.in_words > LONGEST:
        raise _too_long(text)
    return without_edges(node)


def _too_long(text: str) -> UsageError:
    return UsageError(
        f"the pattern has {len(text):,} characters; give at most {LONGEST:,}, alternatives that are literals "
        f"not counted, or {LONGEST_WORDS:,} with them"
    )


class _Version1Needed(Exception):  # noqa: N818  not an error
    """The pattern sets version 1 of the syntax somewhere."""


class _Grammar:
    """A recursive descent parser of a pattern.

    Parameters
    ----------
    text : str
    flags : int
        Initial flags of `regex`.

    Attributes
    ----------
    in_words : int
        Characters of the pattern in alternations of literals.
    """

    def __init__(self, text: str, flags: int) -> None:
        self._scan, self._flags, self._depth = Scanner(text), flags, 0
        self._part_offset = 0  # of the part that is being read
        self.in_words = 0

    def read(self) -> Node:
        """Return the pattern as a tree.

        Raises
        ------
        UsageError
            If the pattern is invalid or not regular.
        _Version1Needed
            If it needs version 1 of the syntax.
        """
        node = self._alternatives()
        if self._scan.peek():
            raise self._malformed("a ')' too many")
        return node

    def _malformed(self, what: str) -> UsageError:
        return UsageError(
            f"the pattern has {what} at offset {self._scan.offset}; see the syntax of the regex package"
        )

    def _not_regular(self, construct: str, remedy: str) -> UsageError:
        return UsageError(
            f"the pattern has {construct} at offset {self._part_offset}; it must be regular: {remedy}"
        )

    def _alternatives(self) -> Node:
        if (words := self._words()) is not None:
            return words
        branches = [self._sequence()]
        while self._scan.match("|"):
            branches.append(self._sequence())
        return branches[0] if len(branches) == 1 else Alt(tuple(branches))

    def _words(self) -> Node | None:
        """Read an alternation of literals; None if there is none."""
        scan = self._scan
        found = alternation_at(scan.text, scan.offset, verbose=scan.verbose)
        if found is None or self._folds_fully():
            return None
        self.in_words += found.end - scan.offset
        scan.offset = found.end
        return WordSet(found.words, int(self._flags & _OF_CHARACTERS))

    def _sequence(self) -> Node:
        parts: list[Node] = []
        repeated = False  # whether the last part has a count
        while (character := self._scan.peek()) and character not in "|)":
            self._scan.get()
            self._part_offset = self._scan.offset - 1
            if character in "?*+{" and (counts := self._counts(character)):
                if not parts or repeated:
                    raise self._malformed("a count with nothing to repeat")
                parts[-1], repeated = Repeat(parts[-1], *counts), True
            elif (part := self._part(character)) is not None:
                parts.append(part)
                repeated = False
        return parts[0] if len(parts) == 1 else Seq(tuple(parts))

    def _part(self, character: str) -> Node | None:
        if character == "\\":
            return self._escape()
        if character == "(":
            return self._group()
        if character == "[":
            return self._chars(self._scan.get_set(nested=bool(self._flags & regex.VERSION1)))
        if character == "@" and self._scan.text.startswith(FILE, self._scan.offset):
            raise UsageError(
                rf"the pattern has @{FILE}, a list of words that has not been read; read it with "
                rf"charlm.generation.constraint.with_word_lists, or write \@ for an @"
            )
        if character in "^$":
            return Assertion(character, int(self._flags & regex.MULTILINE))
        if character == "{" and _FUZZY.match(self._scan.text, self._scan.offset):
            raise self._not_regular(*_FUZZY_MATCHING)
        return self._chars(character) if character == "." else self._literal(character)

    def _chars(self, atom: str) -> Node:
        if self._folds_fully():
            raise self._not_regular(*_FULL_FOLDING)
        return Chars(atom, int(self._flags & _OF_CHARACTERS))

    def _folds_fully(self) -> bool:
        return bool(self._flags & regex.IGNORECASE and self._flags & (regex.FULLCASE | regex.VERSION1))

    def _literal(self, character: str) -> Node:
        return self._chars(literal(character).atom)

    # -- counts --

    def _counts(self, character: str) -> tuple[int, int | None] | None:
        """Read a count whose first character may have been taken; None if there is none."""
        counts = _COUNTS.get(character) or self._limits()
        if counts is None:
            return None
        suffix = self._scan.peek()
        if suffix == "+":
            raise self._not_regular(*_POSSESSIVE)
        if suffix == "?":  # lazy: the matching texts are the same
            self._scan.get()
        return counts

    def _limits(self) -> tuple[int, int | None] | None:
        """Read a count behind its brace; None, and nothing is read, if there is none."""
        limits = self._scan.get_limits()
        if limits is None:
            return None
        low, high = limits
        if max(len(low), len(high)) > 9:
            raise self._malformed("too large a count")
        least, most = int(low or 0), int(high) if high else None
        if most is not None and most < least:
            raise self._malformed("a count whose end is below its start")
        return least, most

    # -- groups --

    def _group(self) -> Node | None:
        scan = self._scan
        if scan.text.startswith("*", scan.offset) and scan.text[scan.offset + 1 : scan.offset + 2].isalpha():
            raise self._not_regular(*_VERB)
        if not scan.text.startswith("?", scan.offset):
            return self._body()
        scan.get_bare()
        kind = scan.get_bare()
        if kind in _GROUPS:
            raise self._not_regular(*_GROUPS[kind])
        if kind == "#":
            while (character := scan.get_bare()) != ")":
                if not character:
                    raise self._malformed("a comment without an end")
                if character == "\\":
                    scan.get_bare()
            return None
        if kind == "|":
            return self._body(scoped=False)
        if kind == "<":
            return self._behind_or_named()
        if kind == "P" and scan.match("<"):
            return self._named()
        follows = scan.text[scan.offset : scan.offset + 1]
        if (kind and kind in "PR&") or kind.isdigit() or (kind in "+-" and follows.isdigit()):
            raise self._not_regular(*(_BACKREFERENCE if kind == "P" and follows == "=" else _RECURSION))
        scan.offset -= 1
        return self._flagged()

    def _behind_or_named(self) -> Node:
        if self._scan.match("=") or self._scan.match("!"):
            raise self._not_regular(*_LOOKBEHIND)
        return self._named()

    def _named(self) -> Node:
        if self._scan.get_until(">") is None:
            raise self._malformed("a group's name without an end")
        return self._body()

    def _flagged(self) -> Node | None:
        on = self._flag_set()
        off = self._flag_set() if self._scan.match("-") else 0
        if on & regex.VERSION1 and not self._flags & regex.VERSION1:
            raise _Version1Needed
        if on & regex.REVERSE:
            raise self._not_regular(*_REVERSE)
        if on & regex.WORD:
            raise self._not_regular(*_WORD_FLAG)
        flags = (self._flags | on) & ~off
        if self._scan.match(":"):
            if on & _ENCODINGS:
                flags = flags & ~_ENCODINGS | on
            return self._body(flags)
        if not self._scan.match(")"):
            raise self._malformed("an unknown kind of group")
        self._set_flags(flags)
        return None

    def _flag_set(self) -> int:
        flags = 0
        while True:
            place = self._scan.offset
            letter = self._scan.get()
            letter += self._scan.get() if letter == "V" else ""
            if letter not in _FLAGS:
                self._scan.offset = place
                return flags
            flags |= _FLAGS[letter]

    def _body(self, flags: int | None = None, *, scoped: bool = True) -> Node:
        """Read a group up to and with its end."""
        self._depth += 1
        if self._depth > DEEPEST:
            raise self._malformed(f"more than {DEEPEST} groups within each other")
        outside = self._flags
        if flags is not None:
            self._set_flags(flags)
        node = self._alternatives()
        if not self._scan.match(")"):
            raise self._malformed("a group without an end")
        if scoped:
            self._set_flags(outside)
        self._depth -= 1
        return node

    def _set_flags(self, flags: int) -> None:
        self._flags, self._scan.verbose = flags, bool(flags & regex.VERBOSE)

    # -- escapes --

    def _escape(self) -> Node:
        scan = self._scan
        letter = scan.get_bare()
        if not letter:
            raise self._malformed("a backslash at its end")
        if letter in _ESCAPES:
            raise self._not_regular(*_ESCAPES[letter])
        if letter in "bBmM":
            return Assertion(letter, int(self._flags & regex.ASCII))
        if letter in "AZz":
            return Assertion("^" if letter == "A" else "Z")
        if letter in _HEX:
            return self._chars("\\" + letter + "".join(scan.get() for _ in range(_HEX[letter])))
        if letter in "pPN":
            name = scan.get_property(letter)
            return self._literal(letter) if name is None else self._chars(f"\\{letter}{name}")
        if letter == "g" and scan.match("<"):
            raise self._not_regular(*_BACKREFERENCE)
        if letter.isascii() and letter.isdigit():
            octal = scan.get_octal(letter)
            if octal is None:
                raise self._not_regular(*_BACKREFERENCE)
            return self._chars(f"\\{octal}")
        return self._chars("\\" + letter)
