from __future__ import annotations

import json
import math
import re
import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from rich.text import Text

from charlm.ui.sanitize import json_text, visible, visible_line

C0 = [chr(code) for code in range(0x20)]
C1 = [chr(code) for code in range(0x80, 0xA0)]
BIDI = list("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
SURROGATES = [chr(code) for code in (0xD800, 0xDC80, 0xDFFF)]
SEQUENCES = [
    "\x1b[31mred\x1b[0m",
    "\x1b[2J\x1b[H",
    "\x1b]0;title\x07",
    "\x1b]8;;https://example.org\x1b\\link\x1b]8;;\x1b\\",
    "\x1b]52;c;aGVsbG8=\x07",
    "\x9b31mred\x9b0m",
    "\x9d0;title\x9c",
    "\x1bP1;2|payload\x1b\\",
    "a\rb\bc\x7f",
]
TEXTS = st.text(st.characters(exclude_categories=()), max_size=50)


def controls(text: str) -> list[str]:
    """Find by Unicode's own tables what must not reach a terminal."""
    return [c for c in text if unicodedata.category(c) in ("Cc", "Cs") or c in BIDI]


@pytest.mark.parametrize("character", [*C0, "\x7f", *C1, *BIDI, *SURROGATES])
def test_controls_become_visible(character: str) -> None:
    passes = character in "\n\t"
    assert (visible(character) == character) is passes
    assert not controls(visible_line(character))
    assert visible_line(character).isprintable()


def test_marks_differ_from_one_another() -> None:
    everything = [*C0, "\x7f", *C1, *BIDI]
    assert len({visible_line(c) for c in everything}) == len(everything)


def test_every_other_character_stays() -> None:
    kept = "".join(c for c in map(chr, range(sys.maxunicode + 1)) if not controls(c)) + "\n\t"
    assert visible(kept) == kept


@pytest.mark.parametrize("sequence", SEQUENCES)
def test_escape_sequences_lose_their_power(sequence: str) -> None:
    assert not controls(visible(sequence))


@given(TEXTS)
def test_any_text_is_harmless_and_can_be_written(text: str) -> None:
    shown = visible(text)
    assert set(controls(shown)) <= {"\n", "\t"}
    shown.encode("utf-8")
    assert not controls(visible_line(text))


@given(st.lists(TEXTS))
def test_pieces_are_as_good_as_the_whole(pieces: list[str]) -> None:
    assert "".join(map(visible, pieces)) == visible("".join(pieces))


@pytest.mark.parametrize("markup", ["[bold]x[/bold]", "[/nope]", ":smile:", "[link=file:///]x[/link]", "\\[red]"])
def test_rich_takes_nothing_for_markup(markup: str) -> None:
    console = Console(width=80, force_terminal=True, color_system="truecolor")
    with console.capture() as capture:
        console.print(Text(visible(markup)))
    assert capture.get() == markup + "\n"


@given(TEXTS)
def test_json_round_trip_without_controls(text: str) -> None:
    line = json_text({"text": text, text: [text]})
    assert not controls(line)
    line.encode("utf-8")
    if not re.search("[\ud800-\udbff][\udc00-\udfff]", text):  # two halves make a whole, in JSON as in UTF-16
        assert json.loads(line) == {"text": text, text: [text]}


def test_json_keeps_letters_and_nulls_what_is_not_a_number() -> None:
    assert json_text({"é": [math.nan, math.inf, 1.5, (True, None)]}) == '{"é": [null, null, 1.5, [true, null]]}'


def test_json_indents() -> None:
    assert json_text({"a": 1}, indent=2) == '{\n  "a": 1\n}'
