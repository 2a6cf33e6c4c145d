"""The learning rate's course."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charlm.nn.schedules import rate_factor


def test_constant() -> None:
    assert {rate_factor(step, 10) for step in range(10)} == {1.0}


def test_cosine() -> None:
    factors = [rate_factor(step, 100, schedule="cosine") for step in range(101)]
    assert factors[0] == 1
    assert factors[25] == pytest.approx((1 + math.sqrt(0.5)) / 2)
    assert factors[50] == pytest.approx(0.5)
    assert factors[100] == pytest.approx(0, abs=1e-15)
    assert factors == sorted(factors, reverse=True)


def test_step() -> None:
    factors = [rate_factor(step, 80, schedule="step") for step in range(80)]
    assert factors == [1.0] * 40 + [0.5] * 20 + [0.25] * 10 + [0.125] * 10


def test_falls_to_the_final_factor() -> None:
    cosine = [rate_factor(step, 100, schedule="cosine", final=0.3) for step in range(101)]
    assert [cosine[step] for step in (0, 50, 100)] == pytest.approx([1, 0.65, 0.3])
    assert cosine == sorted(cosine, reverse=True)
    step = [rate_factor(step, 80, schedule="step", final=0.2) for step in (0, 40, 60, 79)]
    assert step == pytest.approx([1, 0.6, 0.4, 0.3])
    assert {rate_factor(step, 10, final=0.3) for step in range(10)} == {1.0}
    assert rate_factor(0, 100, schedule="cosine", warmup=4, final=0.3) == 0.25


@pytest.mark.parametrize("schedule", ["constant", "cosine", "step"])
def test_warmup_rises_in_a_line_to_the_top(schedule: str) -> None:
    factors = [rate_factor(step, 100, schedule=schedule, warmup=4) for step in range(5)]
    assert factors == [0.25, 0.5, 0.75, 1.0, 1.0]


@given(
    steps=st.integers(0, 50), warmup=st.integers(0, 60), schedule=st.sampled_from(["constant", "cosine", "step"])
)
def test_factors_stay_between_nought_and_one(steps: int, warmup: int, schedule: str) -> None:
    for step in range(steps + 5):
        factor = rate_factor(step, steps, schedule=schedule, warmup=warmup)
        assert 0 <= factor <= 1
        assert factor > 0 or step >= steps
