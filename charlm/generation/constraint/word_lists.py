"""Lists of words that patterns name, ``@file:words.txt``, read by who gives the pattern.

A `SampleConfig` may come from anywhere, from a file or over a network: a pattern in it never reads a file. The
command line, the console and `charlm.generate` read the lists that they are told to, and the words take the place
of the name.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from pathlib import Path

from charlm.config import DecodingErrors, SampleConfig
from charlm.errors import CorpusError, UsageError
from charlm.generation.constraint.scanner import Scanner
from charlm.generation.constraint.words import FILE, alternation_of
from charlm.text.corpus import read_text

__all__ = ["with_word_lists"]

_NAME = re.compile(rf"""{FILE}(?:"([^"]+)"|'([^']+)'|([\w./~-]*[\w~-]))""")


def with_word_lists(
    config: SampleConfig, *, encoding: str = "utf-8", errors: DecodingErrors = "strict"
) -> SampleConfig:
    r"""Read the lists of words that a pattern or template names.

    A list is a text file of one word a line, compressed or not; blanks around a word and blank lines do not count.
    ``@file:words.txt`` stands for any of its words, as they are written there. A name of other characters than
    letters, digits and ``. _ - / ~``, or with a dot at its end, stands in quotes: ``@file:"my words.txt"``. For an
    @ as such write ``\@``.

    Parameters
    ----------
    config : SampleConfig
    encoding : str
        Of the lists.
    errors : {"strict", "replace"}
        As for `charlm.text.read_text`.

    Returns
    -------
    SampleConfig
        With the words in place of the names.

    Raises
    ------
    CorpusError
        If a list is missing, unreadable or undecodable, or has no words.
    UsageError
        If a name is missing, or is that of no regular file.
    """

    def read(name: str) -> str:
        return alternation_of(_words(name, encoding, errors))

    if f"@{FILE}" not in config.regex + config.template:
        return config
    return dataclasses.replace(
        config, regex=_resolved(config.regex, read), template=_resolved(config.template, read, holes=True)
    )


def _resolved(text: str, read: Callable[[str], str], *, holes: bool = False) -> str:
    """Replace the names of lists, other than in character sets, in a pattern or in the holes of a template."""
    scan, resolved = Scanner(text), ""
    open_braces = 0  # in a template: of a hole, and of what is in it
    while part := scan.get_bare():
        if holes and not open_braces:
            if part == "{" and not scan.match("{"):
                open_braces = 1
            elif part == "{":
                part = "{{"
        elif part == "\\":
            part += scan.get_bare()
        elif part == "[":
            part = scan.get_set(nested=False)
        elif part == "@" and text.startswith(FILE, scan.place):
            found = _NAME.match(text, scan.place)
            if found is None:
                raise UsageError(
                    f"the pattern has @{FILE} without a name; write @{FILE}words.txt, or @{FILE}'my words.txt'"
                )
            scan.place = found.end()
            part = read(next(filter(None, found.groups())))
        else:
            open_braces += (part == "{") - (part == "}")
        resolved += part
    return resolved


def _words(name: str, encoding: str, errors: DecodingErrors) -> list[str]:
    """Read the words of a list, each once, sorted."""
    path = Path(name)
    if not path.exists():
        raise CorpusError(f"there is no list of words {name!r}; check the name")
    if not path.is_file():
        raise UsageError(f"{name!r} is no regular file; give a text file of one word a line")
    lines = read_text(name, encoding=encoding, errors=errors, allow_empty=True).split("\n")
    words = {line.strip() for line in lines} - {""}
    if not words:
        raise CorpusError(f"there are no words in {name!r}; give a text file of one word a line")
    return sorted(words)
