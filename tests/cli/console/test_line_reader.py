from __future__ import annotations

import io

import pytest

from charlm.cli.console.line_reader import PipedLines, TypedLines, rows_taken
from charlm.errors import CorpusError


def test_lines_lose_their_ends_and_nothing_else() -> None:
    lines = PipedLines(io.BytesIO("one \r\n\n\ttwo\r\r\nλ\u2028x".encode()))
    assert [lines.read("> ") for _ in range(5)] == ["one ", "", "\ttwo\r", "λ\u2028x", None]


def test_bytes_that_are_not_utf8_are_named_by_their_offset() -> None:
    lines = PipedLines(io.BytesIO(b"ok\nx\xff\n"))
    assert lines.read("> ") == "ok"
    with pytest.raises(CorpusError, match="byte 4"):
        lines.read("> ")


def test_somebody_is_prompted_before_each_line() -> None:
    prompts: list[str] = []
    lines = PipedLines(io.BytesIO(b"a\nb\n"), ask=prompts.append)
    while lines.read("> ") is not None:
        pass
    assert prompts == ["> "] * 3


@pytest.mark.parametrize(
    ("line", "width", "rows"),
    [("", 80, 1), ("x" * 77, 80, 1), ("x" * 78, 80, 2), ("語" * 39, 80, 2), ("語" * 38, 80, 1), ("\tx", 8, 2)],
)
def test_rows_that_a_line_takes(line: str, width: int, rows: int) -> None:
    assert rows_taken("> " + line, width) == rows


def test_what_is_typed_and_is_not_text_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def typed(_prompt: str) -> str:
        return b"ab\xff".decode("utf-8")

    monkeypatch.setattr("builtins.input", typed)
    with pytest.raises(CorpusError, match=r"^this line is not utf-8 from byte 2 on; type it again$"):
        TypedLines().read("> ")
