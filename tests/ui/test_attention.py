"""Maps of attention in the terminal, as a picture and as a page."""

from __future__ import annotations

import io
from itertools import pairwise
from xml.dom import minidom

import numpy as np
import pytest
from rich.cells import cell_len
from rich.console import Console

from charlm.ui.attention import AttentionMap
from charlm.ui.page.attention import Attended, attention_to_page, attention_to_picture
from tests.hostile import TEXT, faults
from tests.markup import check_page, check_picture

WEIGHTS = np.array([[0.0, 0.04, 0.06, 0.9], [0.3, 0.6, 0.1, 0.0]])


def shown(*arguments, width: int = 80, **settings) -> list[str]:
    console = Console(file=io.StringIO(), width=width, **settings)
    console.print(AttentionMap(*arguments))
    return console.file.getvalue().splitlines()


def test_more_ink_for_greater_weights() -> None:
    assert shown("abc ", ["x", ""], WEIGHTS)[:3] == ["    a b c ␣ ", "x   · · ░░██", "end ▒▒▓▓░░· "]


def test_the_greatest_of_a_row_has_a_colour() -> None:
    plain = shown("abcd", "xy", WEIGHTS, force_terminal=True, no_color=True)
    coloured = shown("abcd", "xy", WEIGHTS, force_terminal=True, color_system="standard")
    assert coloured[1].endswith("░░\x1b[36m██\x1b[0m")
    assert "\x1b[36m▓▓\x1b[0m" in coloured[2]
    assert not any("\x1b[36m" in row for row in plain)


@pytest.mark.parametrize("width", [12, 40, 80])
def test_it_fits_and_no_symbol_is_lost(width: int) -> None:
    source = "日本語" + "\u0301\x1b\u202e" + "abcdefghij" * 6
    weights = np.full((2, len(source)), 1 / len(source))
    weights[1] = np.eye(len(source))[-1]
    rows = shown(source, "xy", weights, width=width)
    assert all(cell_len(row) <= width for row in rows)
    heads = [head for head, below in pairwise(rows) if below.startswith("x ")]
    assert "".join("".join(heads).split()) == "日本語◌\u0301␛\\u202e" + "abcdefghij" * 6
    lines = [row for row in rows if row.startswith("y ")]
    assert lines[-1].rstrip().endswith("█")
    assert sum(row.count("█") for row in lines) in (1, 2)


def test_an_empty_source() -> None:
    assert shown([], [""], np.zeros((1, 0)))[-1] == "The source is empty; there is nothing to attend to."


def test_nothing_in_it_controls_a_terminal() -> None:
    rows = shown(TEXT, TEXT[:30], np.full((30, len(TEXT)), 0.5), force_terminal=True, color_system="standard")
    assert faults("\r\n".join(rows).encode()) == []


def test_pictures_and_pages_are_whole() -> None:
    maps = [
        Attended(TEXT, TEXT, list(TEXT), list(TEXT[:3]), np.full((3, len(TEXT)), 0.5)),
        Attended("", "", [], [""], np.zeros((1, 0))),
        Attended("abcd", "x", list("abcd"), ["x", ""], WEIGHTS),
    ]
    picture, page = attention_to_picture(maps, title="a <b>"), attention_to_page(maps, title="a <b>")
    check_picture(picture)
    check_page(page)
    minidom.parseString(page.removeprefix("<!DOCTYPE html>\n"))
    drawn = [r for r in minidom.parseString(picture).getElementsByTagName("rect") if r.hasAttribute("fill-opacity")]
    assert [float(r.getAttribute("fill-opacity")) for r in drawn[-8:]] == WEIGHTS.ravel().tolist()
    assert [cell.split('"')[0] for cell in page.split("--w:")[-8:]] == [f"{w:.3f}" for w in WEIGHTS.ravel()]
    for text in (picture, page):
        assert "prefers-color-scheme: dark" in text
