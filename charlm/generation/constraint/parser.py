"""`parse`: from a pattern in the syntax of `regex` to a syntax tree; what is not regular is refused by name."""

from __future__ import annotations

import regex

from charlm.errors import UsageError
from charlm.generation.constraint import refusals
from charlm.generation.constraint.atoms import OF_CHARACTERS, folds_fully, read_atom
from charlm.generation.constraint.scanner import Scanner
from charlm.generation.constraint.syntax import Alt, Node, Repeat, Seq, WordSet, without_edges
from charlm.generation.constraint.trie import alternation_at, outside

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
_ENCODINGS = regex.ASCII | regex.LOCALE | regex.UNICODE
_COUNTS = {"?": (0, 1), "*": (0, None), "+": (1, None)}


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
        return refusals.malformed(what, self._scan.offset)

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
        if found is None or folds_fully(self._flags):
            return None
        self.in_words += found.end - scan.offset
        scan.offset = found.end
        return WordSet(found.words, int(self._flags & OF_CHARACTERS))

    def _sequence(self) -> Node:
        parts: list[Node] = []
        repeated = False  # whether the last part has a count
        while (character := self._scan.peek()) and character not in "|)":
            self._scan.get()
            if character in "?*+{" and (counts := self._counts(character)):
                if not parts or repeated:
                    raise self._malformed("a count with nothing to repeat")
                parts[-1], repeated = Repeat(parts[-1], *counts), True
                continue
            part = self._group() if character == "(" else read_atom(character, self._scan, self._flags)
            if part is not None:
                parts.append(part)
                repeated = False
        return parts[0] if len(parts) == 1 else Seq(tuple(parts))

    # -- counts --

    def _counts(self, character: str) -> tuple[int, int | None] | None:
        """Read a count whose first character has been taken; None, and nothing more is read, if there is none."""
        start = self._scan.offset - 1
        counts = _COUNTS.get(character) or self._limits()
        if counts is None:
            return None
        suffix = self._scan.peek()
        if suffix == "+":
            raise refusals.POSSESSIVE.error(start)
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
        """Read a group behind its bracket; None for a comment and for flags."""
        scan, start = self._scan, self._scan.offset - 1
        if scan.text.startswith("*", scan.offset) and scan.text[scan.offset + 1 : scan.offset + 2].isalpha():
            raise refusals.VERB.error(start)
        if not scan.text.startswith("?", scan.offset):
            return self._body()
        scan.get_bare()
        kind = scan.get_bare()
        if kind in refusals.GROUPS:
            raise refusals.GROUPS[kind].error(start)
        if kind == "#":
            if not scan.skip_comment():
                raise self._malformed("a comment without an end")
            return None
        if kind == "|":
            return self._body(scoped=False)
        if kind == "<" and (scan.match("=") or scan.match("!")):
            raise refusals.LOOKBEHIND.error(start)
        if kind == "<" or (kind == "P" and scan.match("<")):
            if scan.get_until(">") is None:
                raise self._malformed("a group's name without an end")
            return self._body()
        follows = scan.text[scan.offset : scan.offset + 1]
        if (kind and kind in "PR&") or kind.isdigit() or (kind in "+-" and follows.isdigit()):
            is_reference = kind == "P" and follows == "="
            raise (refusals.BACKREFERENCE if is_reference else refusals.RECURSION).error(start)
        scan.offset -= 1
        return self._flagged(start)

    def _flagged(self, start: int) -> Node | None:
        """Read a group's flags and what they hold for; None if that is the rest of the group around it."""
        on = self._flag_set()
        off = self._flag_set() if self._scan.match("-") else 0
        if on & regex.VERSION1 and not self._flags & regex.VERSION1:
            raise _Version1Needed
        if on & regex.REVERSE:
            raise refusals.REVERSE.error(start)
        if on & regex.WORD:
            raise refusals.WORD_FLAG.error(start)
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
        outer = self._flags
        if flags is not None:
            self._set_flags(flags)
        node = self._alternatives()
        if not self._scan.match(")"):
            raise self._malformed("a group without an end")
        if scoped:
            self._set_flags(outer)
        self._depth -= 1
        return node

    def _set_flags(self, flags: int) -> None:
        self._flags, self._scan.verbose = flags, bool(flags & regex.VERBOSE)
