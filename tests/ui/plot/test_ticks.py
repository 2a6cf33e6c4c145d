from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charlm.ui.plot.ticks import tick_labels


@pytest.mark.parametrize(
    ("low", "high", "most", "labels"),
    [
        (0, 10, 5, ["0", "2.5", "5.0", "7.5", "10.0"]),
        (1.2, 1.7, 6, ["1.2", "1.3", "1.4", "1.5", "1.6", "1.7"]),
        (0, 2600, 6, ["0", "500", "1,000", "1,500", "2,000", "2,500"]),
        (0, 26_000, 3, ["0", "10k", "20k"]),
        (0, 2_600_000, 3, ["0", "1M", "2M"]),
        (0, 0.012, 3, ["0", "0.005", "0.010"]),
        (-1, 1, 3, ["-1", "0", "1"]),
    ],
)
def test_round_numbers(low: float, high: float, most: int, labels: list[str]) -> None:
    assert [label for _, label in tick_labels(low, high, most)] == labels


@given(st.floats(-1e9, 1e9), st.floats(1e-3, 1e16), st.integers(0, 20))
def test_any_range_has_ticks_inside_and_not_too_many(low: float, span: float, most: int) -> None:
    ticks = tick_labels(low, low + span, most)
    assert 1 <= len(ticks) <= max(most, 1)
    assert all(low - 1e-6 * span <= value <= low + span * (1 + 1e-6) for value, _ in ticks)
    assert len({label for _, label in ticks}) == len(ticks)
