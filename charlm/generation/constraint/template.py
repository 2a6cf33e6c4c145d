r"""Templates: texts with holes to fill, ``Dear {name:\p{Lu}\p{Ll}+}, …``."""

from __future__ import annotations

from collections.abc import Iterator
from reprlib import repr as brief
from typing import NamedTuple

from charlm.errors import UsageError
from charlm.generation.constraint.named import NAMED, resolve
from charlm.generation.constraint.parser import parse
from charlm.generation.constraint.scanner import Scanner
from charlm.generation.constraint.syntax import Chars, Node, Seq

__all__ = ["Hole", "parse_template", "parts_of"]

DEFAULT = NAMED["word"]


class Hole(NamedTuple):
    """A hole of a template: its name, and the pattern of its content."""

    name: str
    pattern: str


def parse_template(text: str) -> Node:
    """Return the pattern of all texts of a template.

    Raises
    ------
    UsageError
        For braces that do not pair, a hole without a proper name or with the name of another, and a pattern that is
        none or not regular.
    """
    nodes: list[Node] = []
    names: set[str] = set()
    for part in parts_of(text):
        if isinstance(part, str):
            nodes += [Chars(c if c.isalnum() else "\\" + c) for c in part]
            continue
        if part.name in names:
            raise UsageError(f"the template has two holes named {brief(part.name)}; give each a name of its own")
        names.add(part.name)
        nodes.append(parse(resolve(part.pattern)))
    return Seq(tuple(nodes))


def parts_of(template: str) -> Iterator[str | Hole]:
    r"""Yield a template's literal texts and holes.

    Raises
    ------
    UsageError

    Examples
    --------
    >>> list(parts_of(r"{{{year:\d{4}}}} {word}"))
    ['{', Hole(name='year', pattern='\\d{4}'), '} ', Hole(name='word', pattern='\\p{L}+')]
    """
    scan, literal = Scanner(template), ""
    while character := scan.get_bare():
        if character not in "{}" or scan.match(character):  # a doubled brace
            literal += character
        elif character == "}":
            raise UsageError(
                f"the template closes a hole at offset {scan.offset - 1} that is not open; write }}}} for a brace"
            )
        else:
            if literal:
                yield literal
            literal = ""
            yield _hole(scan)
    if literal:
        yield literal


def _hole(scan: Scanner) -> Hole:
    """Read a hole whose first brace has been taken, up to its closing brace."""
    start, open_braces = scan.offset, 1
    while open_braces:
        character = scan.get_bare()
        if not character:
            raise UsageError(
                f"the template opens a hole at offset {start - 1} and does not close it; write {{{{ for a brace"
            )
        if character == "\\":
            scan.get_bare()
        elif character == "[":
            scan.get_set(nested=False)
        open_braces += (character == "{") - (character == "}")
    name, colon, pattern = scan.text[start : scan.offset - 1].partition(":")
    if not name.isidentifier():
        raise UsageError(f"a template's hole is named {brief(name)}; give it a name of letters, digits and _")
    return Hole(name, pattern if colon else DEFAULT)
