from __future__ import annotations

import io

import pytest

from charlm.cli.console.line_reader import PipedLineReader
from charlm.cli.console.typed_input import TypedInput, read_input
from charlm.errors import UsageError


class Typed:
    """Lines as a terminal gives them."""

    def __init__(self, *lines: str) -> None:
        self._lines = list(lines)
        self.shown = ""

    def read(self, prompt: str, begun: str = "") -> str | None:
        if not self._lines:
            return None
        line = self._lines.pop(0)
        self.shown = prompt + line
        return line


def entered(*lines: str) -> list[TypedInput]:
    reader = Typed(*lines)
    return list(iter(lambda: read_input(reader, "> "), None))


@pytest.mark.parametrize(
    ("lines", "kind", "text"),
    [
        (["a b"], "line", "a b"),
        ([""], "line", ""),
        (["/undo"], "command", "/undo"),
        (["//x"], "line", "/x"),
        (["/stop a\\"], "command", "/stop a\\"),  # commands do not go on
        (["one\\", "two"], "line", "one\ntwo"),
        (["//one\\", "/two\\", ""], "line", "/one\n/two\n"),
        (["one\\\\"], "line", "one\\"),
        (["one\\\\\\", "two"], "line", "one\\\ntwo"),
        (["a\\b"], "line", "a\\b"),
        (["one\\"], "line", "one"),  # and the input ends
        (['"""', "one", "", "/two\\", '"""'], "quoted", "one\n\n/two\\\n"),
        (['"""one', 'two"""'], "quoted", "one\ntwo"),
        (['"""8"""'], "quoted", "8"),
        (['""""""'], "quoted", ""),
        (['a """ b'], "line", 'a """ b'),
        (["/* pasted\n   as it is\\\n"], "quoted", "/* pasted\n   as it is\\\n"),
    ],
)
def test_what_is_entered(lines: list[str], kind: str, text: str) -> None:
    (found,) = entered(*lines)
    assert (found.kind, found.text) == (kind, text)
    assert found.shown == "\n".join(("> ", "| ")[k > 0] + line for k, line in enumerate(lines))


def test_lines_follow_each_other() -> None:
    assert [found.text for found in entered("a\\", "b", "/c", '"""', 'd"""', "e\\\\", "f")] == [
        "a\nb", "/c", "d", "e\\", "f",
    ]  # fmt: skip


def test_from_a_pipe_nothing_stands_on_the_screen() -> None:
    lines = PipedLineReader(io.BytesIO(b'a\\\nb\n"""\nc\n"""\n'))
    expected = [TypedInput("line", "a\nb", ""), TypedInput("quoted", "c\n", "")]
    assert [read_input(lines, "> "), read_input(lines, "> ")] == expected


@pytest.mark.parametrize("lines", [['"""', "a"], ['"""a""" b']])
def test_quotes_that_do_not_end_well(lines: list[str]) -> None:
    with pytest.raises(UsageError, match="; "):
        entered(*lines)
