"""`Scanner`: reads a pattern character by character as `regex` does; it skips blanks and comments of ``(?x)``."""

from __future__ import annotations

import re

__all__ = ["Scanner"]

# as `regex` reads the names of properties; anything else behind "[:" is no POSIX class
_POSIX_CLASS = re.compile(r"\[:\^?[A-Za-z0-9 &_\-.]*(?:[:=][A-Za-z0-9 &_\-./]*)?:\]")
_SET_OPERATORS = ("--", "||", "&&", "~~")


class Scanner:
    """A reader of a pattern, with its current offset.

    Parameters
    ----------
    text : str

    Attributes
    ----------
    offset : int
    verbose : bool
        Whether blanks and comments are skipped.
    """

    def __init__(self, text: str) -> None:
        self.text, self.offset, self.verbose = text, 0, False

    def _skip(self) -> None:
        text = self.text
        while self.verbose and self.offset < len(text):
            if text[self.offset].isspace():
                self.offset += 1
            elif text[self.offset] == "#":
                end = text.find("\n", self.offset)
                self.offset = len(text) if end < 0 else end
            else:
                return

    def get(self) -> str:
        """Take the next significant character; empty at the end."""
        self._skip()
        return self.get_bare()

    def get_bare(self) -> str:
        """Take the next character, significant or not; empty at the end."""
        character = self.text[self.offset : self.offset + 1]
        self.offset += len(character)
        return character

    def peek(self) -> str:
        """Return the next significant character without taking it."""
        self._skip()
        return self.text[self.offset : self.offset + 1]

    def match(self, string: str) -> bool:
        """Take a string if it is next; return whether it is."""
        start = self.offset
        for character in string:
            if self.get() != character:
                self.offset = start
                return False
        return True

    def get_while(self, characters: str) -> str:
        """Take characters while they are among these."""
        taken = ""
        while (character := self.peek()) and character in characters:
            taken += self.get()
        return taken

    def get_until(self, end: str) -> str | None:
        """Take everything up to and including a character; return the part before it. Without one, take nothing."""
        stop = self.text.find(end, self.offset)
        if stop < 0:
            return None
        taken, self.offset = self.text[self.offset : stop], stop + 1
        return taken

    def skip_comment(self) -> bool:
        r"""Take the rest of a comment ``(?#…)``, in which a backslash escapes; return whether it has an end."""
        while (character := self.get_bare()) != ")":
            if not character:
                return False
            if character == "\\":
                self.get_bare()
        return True

    def get_limits(self) -> tuple[str, str] | None:
        """Take a count whose brace has been taken, and return its limits; None and nothing if it is none."""
        start, digits = self.offset, "0123456789"
        low = self.get_while(digits)
        high = self.get_while(digits) if (comma := self.match(",")) else low
        if not (low or comma) or not self.match("}"):
            self.offset = start
            return None
        return low, high

    def get_property(self, letter: str) -> str | None:
        r"""Take the name behind ``\p``, ``\P`` or ``\N``; None and nothing if there is none."""
        if self.peek() == "{":
            start = self.offset
            self.get()
            name = self.get_until("}")
            if name is not None:
                return f"{{{name}}}"
            self.offset = start
        elif letter != "N" and (initial := self.peek()) and initial in "CLMNPSZ":
            return self.get()
        return None

    def get_octal(self, digit: str) -> str | None:
        """Take the rest of an octal escape, and return all its digits; None if it refers to a group."""
        octal = "01234567"
        if digit == "0":
            return "0" + "".join(self.get() for _ in range(2) if self.peek() and self.peek() in octal)
        second = self.get() if self.peek().isdigit() else ""
        if second and digit in octal and second in octal and self.peek() and self.peek() in octal:
            return digit + second + self.get()
        return None

    def get_set(self, *, nested: bool) -> str:
        """Take the rest of a character set, whose bracket has been taken, and return all of it.

        Parameters
        ----------
        nested : bool
            Whether sets may stand within sets, as under ``(?V1)``.
        """
        start, depth, first = self.offset - 1, 1, True
        self._skip_caret()
        while depth and self.offset < len(self.text):
            rest = self.text[self.offset : self.offset + 2]
            posix = _POSIX_CLASS.match(self.text, self.offset)
            if rest[0] == "\\":
                self.offset += 2
            elif rest[0] == "]" and not first:  # one at the very start is a member
                self.offset += 1
                depth -= 1
            elif posix:
                self.offset = posix.end()
            elif nested and rest[0] == "[":
                self.offset += 1
                self._skip_caret()
                depth, first = depth + 1, True
                continue
            elif nested and rest in _SET_OPERATORS and not first:
                self.offset += 2
                first = True
                continue
            else:
                self.offset += 1
            first = False
        return self.text[start : self.offset]

    def _skip_caret(self) -> None:
        self.offset += self.text.startswith("^", self.offset)
