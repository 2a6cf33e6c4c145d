"""Reading a pattern character by character as `regex` does, blanks and comments of ``(?x)`` skipped."""

from __future__ import annotations

import re

__all__ = ["Scanner"]

# as `regex` reads the names of properties; anything else behind "[:" is no POSIX class
_POSIX_CLASS = re.compile(r"\[:\^?[A-Za-z0-9 &_\-.]*(?:[:=][A-Za-z0-9 &_\-./]*)?:\]")
_SET_OPERATORS = ("--", "||", "&&", "~~")


class Scanner:
    """Where the reading of a pattern stands.

    Parameters
    ----------
    text : str

    Attributes
    ----------
    place : int
    verbose : bool
        Whether blanks and comments count for nothing.
    """

    def __init__(self, text: str) -> None:
        self.text, self.place, self.verbose = text, 0, False

    def _skip(self) -> None:
        text = self.text
        while self.verbose and self.place < len(text):
            if text[self.place].isspace():
                self.place += 1
            elif text[self.place] == "#":
                end = text.find("\n", self.place)
                self.place = len(text) if end < 0 else end
            else:
                return

    def get(self) -> str:
        """Take the next character that counts; empty at the end."""
        self._skip()
        return self.get_bare()

    def get_bare(self) -> str:
        """Take the very next character; empty at the end."""
        character = self.text[self.place : self.place + 1]
        self.place += len(character)
        return character

    def peek(self) -> str:
        """Return the next character that counts and leave it there."""
        self._skip()
        return self.text[self.place : self.place + 1]

    def match(self, string: str) -> bool:
        """Take a string if it comes next."""
        place = self.place
        for character in string:
            if self.get() != character:
                self.place = place
                return False
        return True

    def get_while(self, characters: str) -> str:
        """Take characters as long as they are among these."""
        taken = ""
        while (character := self.peek()) and character in characters:
            taken += self.get()
        return taken

    def get_until(self, end: str) -> str | None:
        """Take what comes before a character, and that; None and nothing if there is none."""
        stop = self.text.find(end, self.place)
        if stop < 0:
            return None
        taken, self.place = self.text[self.place : stop], stop + 1
        return taken

    def get_set(self, *, nested: bool) -> str:
        """Take the rest of a character set, whose bracket has been taken, and return all of it.

        Parameters
        ----------
        nested : bool
            Whether sets may stand within sets, as under ``(?V1)``.
        """
        start, depth, first = self.place - 1, 1, True
        self._skip_caret()
        while depth and self.place < len(self.text):
            rest = self.text[self.place : self.place + 2]
            posix = _POSIX_CLASS.match(self.text, self.place)
            if rest[0] == "\\":
                self.place += 2
            elif rest[0] == "]" and not first:  # one at the very start is a member
                self.place += 1
                depth -= 1
            elif posix:
                self.place = posix.end()
            elif nested and rest[0] == "[":
                self.place += 1
                self._skip_caret()
                depth, first = depth + 1, True
                continue
            elif nested and rest in _SET_OPERATORS and not first:
                self.place += 2
                first = True
                continue
            else:
                self.place += 1
            first = False
        return self.text[start : self.place]

    def _skip_caret(self) -> None:
        self.place += self.text.startswith("^", self.place)
