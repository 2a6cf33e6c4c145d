"""Parsing of the line and quoting of completions, which only bash needs.

Bash passes words with their quotes. Its word is the part after the last of ``COMP_WORDBREAKS``, such as the colon
of ``builtin:tales``.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from charlm.cli.completion.values import Completion

__all__ = ["BashLine", "inserted", "read_line"]

_SPECIAL = re.compile(r"""([ \t"'\\$`&|;<>(){}*?\[\]#!])""")
_REDIRECTION = re.compile(r"\d?&?(<|>|>>|>\|)")
_IN_DOUBLE = re.compile(r'(["\\$`])')


class BashLine(NamedTuple):
    """A line up to the cursor.

    Attributes
    ----------
    words : list of str
        Before the incomplete one, without quotes and the program's name.
    begun : str
        The incomplete word without quotes.
    quote : str
        The open quote, or empty.
    start : int
        Characters of the incomplete word before that quote.
    redirected : bool
        Whether it is the file of a redirection, not a word of the program.
    """

    words: list[str]
    begun: str
    quote: str
    start: int
    redirected: bool


def read_line(line: str) -> BashLine:
    r"""Parse a line.

    Examples
    --------
    >>> read_line("charlm train 'my poems.txt' --mod")
    BashLine(words=['train', 'my poems.txt'], begun='--mod', quote='', start=0, redirected=False)
    >>> read_line('charlm train "my po')
    BashLine(words=['train'], begun='my po', quote='"', start=0, redirected=False)
    """
    words: list[str] = []
    word: str | None = None
    quote, start = "", 0
    characters = iter(line)
    for character in characters:
        if character == "\\" and quote != "'":
            word = (word or "") + next(characters, "")
        elif quote:
            if character == quote:
                quote = ""
            else:
                word = (word or "") + character
        elif character in "'\"":
            word = word or ""
            quote, start = character, len(word)
        elif character in " \t":
            if word is not None:
                words.append(word)
            word = None
        else:
            word = (word or "") + character
    redirected = _REDIRECTION.fullmatch(words[-1]) is not None
    return BashLine(words[1:], word or "", quote, start if quote else 0, redirected)


def inserted(found: Completion, line: BashLine, breaks: str) -> str:
    r"""Return the text that replaces the part of the line that bash takes for the word at the cursor.

    Examples
    --------
    >>> inserted(Completion("builtin:tales"), read_line("charlm train builtin:t"), "=:")
    'tales '
    >>> inserted(Completion("my poems.txt"), read_line("charlm train my"), "=:")
    'my\\ poems.txt '
    """
    if line.quote:  # bash closes the quote
        rest = found.value[line.start :]
        return _IN_DOUBLE.sub(r"\\\1", rest) if line.quote == '"' else rest
    broken = max((line.begun.rfind(character) for character in breaks if character in ":=@"), default=-1)
    return _SPECIAL.sub(r"\\\1", found.value[broken + 1 :]) + ("" if found.value.endswith("/") else " ")
