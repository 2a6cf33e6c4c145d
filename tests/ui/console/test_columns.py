from __future__ import annotations

import io
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from charlm.ui.console.columns import Columns

UNSAFE = {chr(code) for code in (*range(32), *range(127, 160), *range(0x202A, 0x202F), *range(0x2066, 0x206A))}


def shown(texts: list[str], width: int, **how: Any) -> list[str]:
    file = io.StringIO()
    Console(file=file, width=width, color_system=None).print(Columns(texts, **how))
    return [line.rstrip() for line in file.getvalue().split("\n")[:-1]]


def test_side_by_side_where_there_is_room() -> None:
    assert shown(["one\ntwo", "three " * 5], 50) == [
        "── 1 ───────────────────  ── 2 ───────────────────",
        "one                       three three three three",
        "two                       three",
    ]


def test_below_each_other_where_there_is_not() -> None:
    assert shown(["one", "two"], 40) == ["── 1 " + "─" * 35, "one", "── 2 " + "─" * 35, "two"]


@pytest.mark.parametrize(
    ("count", "width", "across"), [(4, 80, 2), (3, 80, 3), (4, 160, 4), (5, 80, 3), (1, 80, 1)]
)
def test_as_many_in_each_row_as_may_be(count: int, width: int, across: int) -> None:
    assert [word for word in shown(["x"] * count, width)[0].split() if word.isdecimal()][-1] == str(across)


def test_only_the_ends_of_growing_texts() -> None:
    assert shown(["a\nb\nc\nd", ""], 30, height=6, growing=True) == [
        "── 1 " + "─" * 25,
        "c",
        "d",
        "── 2 " + "─" * 25,
        "",
    ]


@given(st.lists(st.text(), min_size=1, max_size=4), st.sampled_from([20, 40, 80]))
def test_rows_fit_and_are_harmless(texts: list[str], width: int) -> None:
    for line in shown(texts, width):
        assert cell_len(line) <= width
        assert not set(line) & UNSAFE


def test_texts_are_cut_to_the_rows_that_there_are() -> None:
    texts = ["a\nb\nc\nd", "a\nb\nc"]
    assert [row.split() for row in shown(texts, 80, height=4)][1:] == [["a", "a"], ["b", "b"], ["c…", "c"]]
    assert shown(["a\nb", "c"], 30, height=4)[1::2] == ["a…", "c"]


@pytest.mark.parametrize("count", [2, 4, 9, 16])
@pytest.mark.parametrize("width", [80, 40])
@pytest.mark.parametrize("height", [4, 8, 20])
@pytest.mark.parametrize("growing", [False, True])
def test_all_texts_are_there_on_any_screen(count: int, width: int, height: int, growing: bool) -> None:
    rows = shown(["word " * 100] * count, width, height=height, growing=growing)
    assert len(rows) <= height
    assert all(cell_len(row) <= width for row in rows)
    words = " ".join(rows).split()
    assert all(str(k) in words for k in range(1, count + 1))
