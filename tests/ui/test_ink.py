from __future__ import annotations

import io

import pytest
from rich.cells import cell_len
from rich.console import Console

from charlm.ui.ink import Ink

FILLED = "black on #fef0d9"


def ink(width: int = 10, **how: object) -> Ink:
    settings = {"force_terminal": True, "color_system": "truecolor", **how}
    return Ink(Console(file=io.StringIO(), width=width, **settings))


def test_a_style_ends_before_a_line_feed():
    painted = ink().paint([("ab\ncd", FILLED), ("e", "")])
    on, off = "\x1b[30;48;2;254;240;217m", "\x1b[0m"
    assert painted == f"{on}ab{off}\n{on}cd{off}e"


def test_where_a_filled_row_wraps_its_rest_is_erased():
    pen = ink(width=3)
    on, off = "\x1b[30;48;2;254;240;217m", "\x1b[0m"
    assert pen.paint([("ab", ""), ("cde", FILLED)]) == f"ab{on}cd{off}\x1b[0K{on}e{off}"
    assert pen.wrapping.column == 2
    assert pen.paint([("fg", "bold cyan")]) == "\x1b[1;36mfg\x1b[0m"  # nothing to erase
    assert pen.wrapping.column == 1


@pytest.mark.parametrize(
    ("text", "column"),
    [("", 0), ("abc", 3), ("日本語", 6), ("a\tb", 9), ("a\t\tb", 10), ("a" * 10, 10), ("a" * 11, 1)],
)
def test_the_column(text: str, column: int):
    for style in ("", FILLED):
        pen = ink()
        pen.paint([(text[:1], style), (text[1:], style)])
        assert pen.wrapping.column == column
        pen.paint([("\n", style)])
        assert pen.wrapping.column == 0


def test_a_wide_character_that_does_not_fit_begins_a_row():
    pen = ink(width=3)
    pen.paint([("日本", "")])
    assert pen.wrapping.column == cell_len("本")


@pytest.mark.parametrize("how", [{"no_color": True}, {"color_system": None}])
def test_without_colour_nothing_is_filled(how: dict[str, object]):
    pen = ink(width=3, **how)
    assert not pen.colours
    assert pen.paint([("abcdef", FILLED)]) == "abcdef"
