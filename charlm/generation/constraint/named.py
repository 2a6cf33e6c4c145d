r"""Named patterns, ``@name``, and lists of words, ``@file:words.txt``.

A named pattern matches usual texts of its kind, not all that a standard permits: an e-mail address is one such as
most people have.

A `SampleConfig` may come from untrusted input, a file or the network: a pattern in it never reads a file. The
command line, the console and `charlm.generate` read the lists; the words replace the name.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from pathlib import Path
from reprlib import repr as brief

from charlm.config import DecodingErrors, SampleConfig
from charlm.errors import CorpusError, UsageError
from charlm.generation.constraint.scanner import Scanner
from charlm.generation.constraint.trie import FILE, alternation_of
from charlm.text.corpus import read_text

__all__ = ["NAMED", "resolve", "with_word_lists"]

_INTEGER = "-?(?:0|[1-9][0-9]{0,14})"
_LABEL = "[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?"
_DOMAIN = rf"(?:{_LABEL}\.){{1,3}}[a-z]{{2,6}}"

NAMED = {
    "date": r"(?:19|20)[0-9]{2}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])"
    r"|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)|02-(?:0[1-9]|1[0-9]|2[0-8]))"
    r"|(?:19(?:0[48]|[2468][048]|[13579][26])|20(?:[02468][048]|[13579][26]))-02-29",
    "email": rf"[a-z0-9]+(?:[._+-][a-z0-9]+){{0,3}}@{_DOMAIN}",
    "identifier": "[A-Za-z_][A-Za-z0-9_]{0,30}",
    "integer": _INTEGER,
    "json-string": r'"(?:[^"\\\x00-\x1F]|\\(?:["\\/bfnrt]|u(?:[0-9A-CEF][0-9A-F]|D[0-7])[0-9A-F]{2}))*"',
    "line": r"[^\n\r]+",
    "name": r"\p{Lu}\p{Ll}+(?: \p{Lu}\p{Ll}+){0,2}",
    "number": rf"{_INTEGER}(?:\.[0-9]{{1,15}})?",
    "sentence": r"\p{Lu}[^\n\r.!?]*[.!?]",
    "time": "(?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9])?",
    "url": rf"https?://{_DOMAIN}(?:/[A-Za-z0-9_.~-]+){{0,6}}/?",
    "word": r"\p{L}+",
}
"""Each name and its pattern."""


def resolve(pattern: str) -> str:
    """Return the pattern of ``@name``; any other pattern unchanged.

    Raises
    ------
    UsageError
        For an unknown name. A pattern that begins with @ is written with a backslash before it.
    """
    if not pattern.startswith("@") or pattern.startswith(f"@{FILE}"):
        return pattern
    name = pattern[1:]
    if name not in NAMED:
        raise UsageError(
            rf"there is no pattern named {brief(name)}; choose one of {', '.join(NAMED)}, or write \@ for an @"
        )
    return NAMED[name]


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
    open_braces = 0  # in a template: of a hole and of its content
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
        elif part == "@" and text.startswith(FILE, scan.offset):
            found = _NAME.match(text, scan.offset)
            if found is None:
                raise UsageError(
                    f"the pattern has @{FILE} without a name; write @{FILE}words.txt, or @{FILE}'my words.txt'"
                )
            scan.offset = found.end()
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
