from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from charlm.config import SampleConfig
from charlm.errors import DivergedError
from charlm.generation.choice import NO_SYMBOL, BlockChooser, Chooser, log_probabilities

LARGEST = math.nextafter(1.0, 0.0)
logit = st.floats(-30, 30, width=32)


def probabilities(logits: np.ndarray, config: SampleConfig, forbidden: int | None = None) -> np.ndarray:
    """By the book: filter on the probabilities, then raise them to 1 / temperature."""
    p = np.exp(logits.astype(np.float64) - logits.max())
    if forbidden is not None:
        p[forbidden] = 0
    order = sorted(range(len(p)), key=lambda k: (-p[k], k))
    if config.top_k:
        p[order[config.top_k :]] = 0
    p /= p.sum()
    if config.top_p < 1:
        enough = int(np.searchsorted(np.cumsum(p[order]), config.top_p)) + 1
        p[order[enough:]] = 0
    p = (p / p.max()) ** (1 / config.temperature)
    return p / p.sum()


@pytest.mark.parametrize(
    "config",
    [
        SampleConfig(temperature=1.0),
        SampleConfig(temperature=0.5),
        SampleConfig(temperature=2.0, top_k=4),
        SampleConfig(temperature=0.7, top_p=0.81),
        SampleConfig(temperature=1.3, top_k=6, top_p=0.77),
    ],
)
def test_each_symbol_owns_the_share_of_the_unit_interval_that_is_its_probability(config):
    logits = np.random.default_rng(5).normal(size=9).astype(np.float32) * 2
    choose = Chooser(config, 9, forbidden=3)
    n = 20_000
    counts = np.bincount([choose(logits, (k + 0.5) / n) for k in range(n)], minlength=9)
    # a midpoint grid misses an interval's length by less than one of its cells
    assert np.abs(counts - n * probabilities(logits, config, forbidden=3)).max() <= 1


@given(st.lists(logit, min_size=2, max_size=8), st.floats(0, 1, exclude_max=True), st.floats(1e-300, 1e6))
def test_any_uniform_and_temperature_give_an_allowed_symbol(values, uniform, temperature):
    logits = np.array(values, np.float32)
    choose = Chooser(SampleConfig(temperature=temperature), len(values), forbidden=0)
    assert 0 < choose(logits, uniform) < len(values)


def test_the_ends_of_the_unit_interval_give_the_first_and_the_last_possible_symbol():
    logits = np.array([-2000.0, 0.0, 0.1, -1.0, -2000.0])
    choose = Chooser(SampleConfig(temperature=1.0), 5)
    assert choose(logits, 0.0) == 1
    assert choose(logits, LARGEST) == 3


@given(st.lists(st.integers(-3, 3), min_size=1, max_size=9))
def test_temperature_zero_takes_the_lowest_of_the_most_likely(values):
    choose = Chooser(SampleConfig(temperature=0), len(values))
    assert choose(np.array(values, np.float32), 0.999) == values.index(max(values))


@given(st.lists(st.integers(-30, 30), min_size=1, max_size=9, unique=True))
def test_a_minute_temperature_is_temperature_zero(values):
    choose = Chooser(SampleConfig(temperature=1e-300), len(values))
    assert choose(np.array(values, np.float32), 0.999) == values.index(max(values))


def test_a_minute_temperature_leaves_ties_to_chance():
    choose = Chooser(SampleConfig(temperature=1e-300), 3)
    logits = np.array([1.0, 0.0, 1.0])
    assert [choose(logits, u) for u in (0.25, 0.75)] == [0, 2]


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("place", [0, 1, 2])
@pytest.mark.parametrize("config", [SampleConfig(), SampleConfig(temperature=0), SampleConfig(top_k=1)])
def test_an_output_that_is_not_finite_is_an_error(value, place, config):
    logits = np.zeros(3, np.float32)
    logits[place] = value
    with pytest.raises(DivergedError, match="not finite"):
        Chooser(config, 3, forbidden=2)(logits, 0.5)


def test_the_logits_stay_as_they_are():
    logits = np.array([0.5, 1.5, -1.0])
    Chooser(SampleConfig(top_k=2), 3, forbidden=0)(logits, 0.5)
    assert logits.tolist() == [0.5, 1.5, -1.0]


BEYOND = (-1e30, -701.0, 650.0, 1e30)  # what float64 has no exponential of, at temperature 1
CONFIGS = (
    SampleConfig(),
    SampleConfig(temperature=0),
    SampleConfig(temperature=0.01),
    SampleConfig(temperature=1e-300),
    SampleConfig(top_k=3),
    SampleConfig(top_p=0.8, temperature=2.0),
)


def choose_all(logits: np.ndarray, uniforms: np.ndarray, config: SampleConfig, forbidden: int | None = None):
    ids = np.zeros(len(logits), np.intp)
    BlockChooser(config, *logits.shape, forbidden=forbidden)(logits, uniforms, out=ids)
    return ids.tolist()


@given(
    st.integers(0, 2**32),
    st.sampled_from(CONFIGS),
    st.lists(st.tuples(st.integers(0, 7), st.integers(0, 8), st.sampled_from(BEYOND)), max_size=3),
    st.sampled_from([None, 0, 4]),
)
def test_a_block_chooses_for_each_row_what_is_chosen_for_it_alone(seed, config, outliers, forbidden):
    rng = np.random.default_rng(seed)
    logits = rng.normal(size=(8, 9)) * rng.choice([1, 5, 60])
    for row, place, value in outliers:
        logits[row, place] = value
    uniforms = np.where(rng.random(8) < 0.6, rng.random(8), rng.choice([0.0, LARGEST], 8))
    choose = Chooser(config, 9, forbidden=forbidden)
    alone = [choose(row, u) for row, u in zip(logits, uniforms.tolist(), strict=True)]
    assert choose_all(logits, uniforms, config, forbidden) == alone


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("config", CONFIGS)
def test_a_row_that_is_not_finite_is_marked_and_the_others_stay(value, config):
    logits, uniforms = np.random.default_rng(1).normal(size=(5, 4)), np.full(5, 0.6)
    expected = choose_all(logits, uniforms, config, forbidden=1)
    for place in (0, 1, 3):
        spoilt = logits.copy()
        spoilt[3, place] = value
        assert choose_all(spoilt, uniforms, config, forbidden=1) == [*expected[:3], NO_SYMBOL, expected[4]]


def test_log_probabilities_are_those_of_the_symbols_without_overflow():
    logits = np.array([[0.0, math.log(3.0)], [1000.0, 1000.0], [0.0, -2000.0]], np.float32)
    values = log_probabilities(logits, np.array([1, 0, 1]))
    assert np.allclose(values, [math.log(0.75), math.log(0.5), -2000.0])
    beside = np.array([[0.0, math.log(3.0)], [np.inf, np.nan], [np.inf, 0.0], [-np.inf, -np.inf]])
    assert np.isclose(log_probabilities(beside, np.array([1, 0, NO_SYMBOL, 1]))[0], math.log(0.75))
