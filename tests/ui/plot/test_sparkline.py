from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from charlm.ui.plot.sparkline import BLOCKS, EIGHTHS, sparkline

VALUES = st.lists(st.floats(allow_nan=True, allow_infinity=True, width=32), max_size=60)


def heights(rows: tuple[str, ...]) -> list[int]:
    return [sum(BLOCKS.index(row[k]) for row in rows) for k in range(len(rows[0]))]


def test_rises_from_an_eighth_to_the_top() -> None:
    rows = sparkline(range(24), width=24, height=3)
    assert heights(rows) == list(range(1, 25))


def test_a_column_is_filled_from_below() -> None:
    for column in zip(*sparkline([0, 5, 11], width=3, height=2), strict=True):
        upper, lower = column
        assert upper == " " or lower == BLOCKS[EIGHTHS]


def test_many_values_are_averaged_in_order() -> None:
    assert sparkline([0, 2, 10, 12], width=2) == sparkline([1, 11], width=2)


def test_a_gap_stays_a_gap() -> None:
    assert sparkline([1, math.nan, 2], width=3) == ("▁ █",)


def test_a_constant_is_a_flat_line() -> None:
    assert sparkline([3, 3, 3], width=9) == ("▁▁▁",)


@given(VALUES, st.integers(1, 20), st.integers(1, 4))
def test_any_values_fit(values: list[float], width: int, height: int) -> None:
    rows = sparkline(values, width=width, height=height)
    assert len(rows) == height
    assert {len(row) for row in rows} == {min(len(values), width)}
    assert set("".join(rows)) <= set(BLOCKS)
