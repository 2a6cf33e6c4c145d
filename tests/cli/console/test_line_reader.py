from __future__ import annotations

import io

import pytest

from charlm.cli.console.line_reader import PipedLineReader, TerminalLineReader
from charlm.errors import CorpusError


def test_lines_lose_their_ends_and_nothing_else() -> None:
    lines = PipedLineReader(io.BytesIO("one \r\n\n\ttwo\r\r\nλ\u2028x".encode()))
    assert [lines.read("> ") for _ in range(5)] == ["one ", "", "\ttwo\r", "λ\u2028x", None]


def test_bytes_that_are_not_utf8_are_named_by_their_offset() -> None:
    lines = PipedLineReader(io.BytesIO(b"ok\nx\xff\n"))
    assert lines.read("> ") == "ok"
    with pytest.raises(CorpusError, match="byte 4"):
        lines.read("> ")


def test_somebody_is_prompted_before_each_line() -> None:
    prompts: list[str] = []
    lines = PipedLineReader(io.BytesIO(b"a\nb\n"), ask=prompts.append)
    while lines.read("> ") is not None:
        pass
    assert prompts == ["> "] * 3


def test_what_is_typed_and_is_not_text_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def typed(_prompt: str) -> str:
        return b"ab\xff".decode("utf-8")

    monkeypatch.setattr("builtins.input", typed)
    with pytest.raises(CorpusError, match=r"^this line is not utf-8 from byte 2 on; type it again$"):
        TerminalLineReader().read("> ")
