r"""Patterns that have a name, written ``@name`` for a whole pattern.

All are regular, and every one is meant to look right, not to admit all that a standard admits: a date has a month
from 01 to 12, an address of e-mail is one that most people have.
"""

from __future__ import annotations

from reprlib import repr as brief

from charlm.errors import UsageError
from charlm.generation.constraint.words import FILE

__all__ = ["NAMED", "resolve"]

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
    """Return the pattern that a name stands for, and any other pattern as it is.

    Raises
    ------
    UsageError
        For a name that is not there. A pattern that begins with @ is written with a backslash before it.
    """
    if not pattern.startswith("@") or pattern.startswith(f"@{FILE}"):
        return pattern
    name = pattern[1:]
    if name not in NAMED:
        raise UsageError(
            rf"there is no pattern named {brief(name)}; choose one of {', '.join(NAMED)}, or write \@ for an @"
        )
    return NAMED[name]
