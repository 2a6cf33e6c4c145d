"""The strict reader finds what it is there to find, and lets pass what rich writes."""

from __future__ import annotations

import io
import unicodedata

import pytest
from rich.console import Console
from rich.live import Live
from rich.text import Text

from .hostile import ARGUMENT, BIDI, CONTROLS, NAME, SEQUENCES, TEXT, faults, is_control, shown


@pytest.mark.parametrize(
    "part", [*CONTROLS.replace("\n", "").replace("\t", ""), "\0", *BIDI, *SEQUENCES], ids=ascii
)
def test_each_is_found(part: str) -> None:
    assert faults(f"before {part} after".encode())


def test_all_controls_are_tried() -> None:
    everything = {chr(code) for code in range(0x110000) if unicodedata.category(chr(code)) == "Cc"}
    assert everything - {"\0"} == set(CONTROLS)
    assert set(BIDI) == {c for c in map(chr, range(0xE000)) if is_control(c) and unicodedata.category(c) == "Cf"}
    for text in (ARGUMENT, TEXT, NAME):
        assert set(CONTROLS + BIDI) <= set(text)
    assert len(NAME.encode("utf-8", "surrogateescape")) <= 245


def test_bytes_that_are_no_text_are_found() -> None:
    with pytest.raises(UnicodeDecodeError):
        faults(b"\x9b2J")


def test_what_rich_writes_passes() -> None:
    file = io.StringIO()
    console = Console(file=file, force_terminal=True, color_system="truecolor", width=40)
    with Live(Text("x", "bold red on #123456"), console=console, screen=True) as live:
        live.update(Text("y", "italic underline reverse dim bright_blue on color(123)"))
    with Live(Text("x\ny"), console=console) as live:
        live.refresh()
    data = file.getvalue().encode()
    assert data.count(b"\x1b") > 10
    assert faults(data) == []
    assert "x" in shown(data)
    linked = Console(file=io.StringIO(), force_terminal=True)
    linked.print("[link=https://example.org]x[/link]")
    assert faults(linked.file.getvalue().encode())  # type: ignore[attr-defined]
