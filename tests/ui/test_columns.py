from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from charlm.ui.columns import Columns

UNSAFE = {chr(code) for code in (*range(32), *range(127, 160), *range(0x202A, 0x202F), *range(0x2066, 0x206A))}


def shown(texts: list[str], width: int, *, tails: int | None = None) -> list[str]:
    file = io.StringIO()
    Console(file=file, width=width, color_system=None).print(Columns(texts, tails=tails))
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
    assert shown(["a\nb\nc\nd", ""], 30, tails=2) == ["── 1 " + "─" * 25, "c", "d", "── 2 " + "─" * 25, ""]


@given(st.lists(st.text(), min_size=1, max_size=4), st.sampled_from([20, 40, 80]))
def test_rows_fit_and_are_harmless(texts: list[str], width: int) -> None:
    for line in shown(texts, width):
        assert cell_len(line) <= width
        assert not set(line) & UNSAFE
