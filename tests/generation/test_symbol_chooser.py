from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from charlm.config import SampleConfig
from charlm.errors import DivergedError
from charlm.generation.repeat_window import codes, window
from charlm.generation.symbol_chooser import NO_SYMBOL, BatchChooser, Chooser
from tests.generation.reference import probabilities

LARGEST = math.nextafter(1.0, 0.0)
logit = st.floats(-30, 30, width=32)


@pytest.mark.parametrize(
    "config",
    [
        SampleConfig(temperature=1.0),
        SampleConfig(temperature=0.5),
        SampleConfig(temperature=2.0, top_k=4),
        SampleConfig(temperature=0.7, top_p=0.81),
        SampleConfig(temperature=1.3, top_k=6, top_p=0.77),
        SampleConfig(temperature=1.6, min_p=0.2),
        SampleConfig(temperature=0.9, typical_p=0.6),
        SampleConfig(temperature=1.1, repeat_penalty=1.7, repeat_last_n=4),
        SampleConfig(repeat_penalty=0.4, repeat_last_n=0),
        SampleConfig(temperature=2.5, repeat_penalty=0.6, top_k=7, typical_p=0.9, top_p=0.85, min_p=0.05),
        SampleConfig(temperature=0.7, repeat_penalty=1.9, repeat_last_n=3, top_k=6, typical_p=0.8, min_p=0.01),
    ],
    ids=str,
)
def test_each_symbol_owns_the_share_of_the_unit_interval_that_is_its_probability(config):
    logits = np.random.default_rng(5).normal(size=9).astype(np.float32) * 2
    recent = [4, 1, 8, 0, 8]
    choose, held = Chooser(config, 9, forbidden=3), held_in_memory(recent, config)
    n = 20_000
    counts = np.bincount([choose(logits, (k + 0.5) / n, held) for k in range(n)], minlength=9)
    # a midpoint grid misses an interval's length by less than one of its cells
    expected = n * np.array(probabilities(logits, config, recent=recent, forbidden=3))
    assert np.abs(counts - expected).max() <= 1

    assert choose.probabilities(logits, held) == pytest.approx(expected / n, abs=1e-9)


def test_at_temperature_zero_one_symbol_has_all_the_probability():
    choose = Chooser(SampleConfig(temperature=0, top_k=2), 3)
    assert choose.probabilities(np.array([1.0, 3.0, 3.0])).tolist() == [0, 1, 0]
    with pytest.raises(DivergedError):
        choose.probabilities(np.array([1.0, np.nan, 3.0]))


def held_in_memory(symbols: list[int], config: SampleConfig) -> bytes:
    recent = b""
    for symbol in symbols:
        recent = (recent + codes(9)[symbol])[window(config.repeat_last_n)]
    return recent


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
    SampleConfig(min_p=0.1, temperature=0.01),
    SampleConfig(typical_p=0.5),
    SampleConfig(repeat_penalty=1.5),
    SampleConfig(repeat_penalty=1000.0, typical_p=0.1, temperature=0.01),
    SampleConfig(repeat_penalty=0.5, top_k=7, typical_p=0.9, top_p=0.95, min_p=0.02, temperature=1.3),
)


def choose_all(logits: np.ndarray, uniforms: np.ndarray, config: SampleConfig, forbidden: int | None = None):
    ids = np.zeros(len(logits), np.intp)
    BatchChooser(config, *logits.shape, forbidden=forbidden)(logits, uniforms, out=ids)
    return ids.tolist()


@given(
    st.integers(0, 2**32),
    st.sampled_from(CONFIGS),
    st.lists(st.tuples(st.integers(0, 7), st.integers(0, 8), st.sampled_from(BEYOND)), max_size=3),
    st.sampled_from([None, 0, 4]),
)
def test_a_block_chooses_for_each_row_what_is_chosen_for_it_alone(seed, config, outliers, forbidden):
    rng = np.random.default_rng(seed)
    config = dataclasses.replace(config, repeat_last_n=3)
    start = rng.integers(9, size=rng.integers(5)).tolist()
    block = BatchChooser(config, 8, 9, forbidden=forbidden, recent=held_in_memory(start, config))
    choose, texts = Chooser(config, 9, forbidden=forbidden), [list(start) for _ in range(8)]
    for _ in range(5):
        logits = rng.normal(size=(8, 9)) * rng.choice([1, 5, 60])
        for row, place, value in outliers:
            logits[row, place] = value
        uniforms = np.where(rng.random(8) < 0.6, rng.random(8), rng.choice([0.0, LARGEST], 8))
        together = np.zeros(8, np.intp)
        block(logits, uniforms, out=together)
        for text, row, u, chosen in zip(texts, logits, uniforms.tolist(), together.tolist(), strict=True):
            assert chosen == choose(row, u, held_in_memory(text, config))
            text.append(chosen)


@pytest.mark.parametrize("size", [2, 65, 300])
@pytest.mark.parametrize("config", CONFIGS, ids=str)
def test_so_it_does_for_vocabularies_of_any_size(size, config):
    rng = np.random.default_rng(size)
    logits, uniforms, together = rng.normal(size=(32, size)) * 3, rng.random(32), np.zeros(32, np.intp)
    recent = rng.integers(size, size=40).astype("<i4").tobytes()
    BatchChooser(config, 32, size, recent=recent)(logits, uniforms, out=together)
    choose = Chooser(config, size)
    assert together.tolist() == [choose(row, u, recent) for row, u in zip(logits, uniforms.tolist(), strict=True)]


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("config", CONFIGS)
def test_a_row_that_is_not_finite_is_marked_and_the_others_stay(value, config):
    logits, uniforms = np.random.default_rng(1).normal(size=(5, 4)), np.full(5, 0.6)
    expected = choose_all(logits, uniforms, config, forbidden=1)
    for place in (0, 1, 3):
        spoilt = logits.copy()
        spoilt[3, place] = value
        assert choose_all(spoilt, uniforms, config, forbidden=1) == [*expected[:3], NO_SYMBOL, expected[4]]
