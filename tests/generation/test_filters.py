from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from charlm.config import SampleConfig
from charlm.generation.filters import LogProbs, chain, min_p, repeat_penalty, top_k, top_p, typical_p
from tests.generation.reference import probabilities

# halves of small whole numbers make ties common
rows = arrays(
    np.float64,
    array_shapes(min_dims=2, max_dims=2, max_side=12),
    elements=st.integers(-12, 12).map(lambda n: n / 2),
)


def naive_top_p(row: list[float], p: float) -> set[int]:
    """Add symbols from the most likely on, the lowest id of equals first, until p is reached."""
    weights = [np.exp(value) for value in row]
    kept: set[int] = set()
    mass = 0.0
    for symbol in sorted(range(len(row)), key=lambda k: (-row[k], k)):
        kept.add(symbol)
        mass += weights[symbol]
        if mass >= p * sum(weights):
            break
    return kept


def support(log_p: LogProbs, row: int) -> set[int]:
    return set(np.flatnonzero(log_p[row] > -np.inf).tolist())


@given(rows, st.integers(1, 15))
def test_top_k_keeps_exactly_the_k_most_likely_and_ties_go_to_the_lowest_id(log_p, k):
    kept = top_k(log_p, k)
    N, V = log_p.shape
    for n in range(N):
        ranked = sorted(range(V), key=lambda v: (-log_p[n, v], v))
        assert support(kept, n) == set(ranked[:k])


# a p that no sum of probabilities equals but by chance
odd_share = st.floats(0.001, 0.999).map(lambda p: p * 0.9999 + np.pi * 1e-6)


@given(rows, odd_share)
def test_top_p_keeps_the_fewest_that_reach_p(log_p, p):
    kept = top_p(log_p, p)
    for n in range(log_p.shape[0]):
        assert support(kept, n) == naive_top_p(log_p[n].tolist(), p)


@given(rows, odd_share)
def test_typical_p_keeps_the_fewest_of_the_expected_surprisal_that_reach_p(log_p, p):
    kept = typical_p(log_p, p)
    for n in range(log_p.shape[0]):
        weights = np.exp(log_p[n] - log_p[n].max())
        surprisal = -np.log(weights / weights.sum())
        distance = np.abs(surprisal - (surprisal * np.exp(-surprisal)).sum())
        mass, reached = np.exp(-surprisal), sorted(support(kept, n), key=lambda v: distance[v])
        assert mass[reached].sum() >= p - 1e-12
        assert mass[reached[:-1]].sum() < p + 1e-12
        others = [distance[v] for v in range(log_p.shape[1]) if v not in reached]
        assert min(others, default=np.inf) >= distance[reached[-1]] - 1e-12


def test_typical_p_may_refuse_the_most_likely():
    # entropy 1.03 nats: 0.4 with its 0.92 is nearest to it, 0.5 with 0.69 is next
    log_p = np.log(np.array([[0.5, 0.4, 0.04, 0.03, 0.03]]))
    assert support(typical_p(log_p, 0.3), 0) == {1}
    assert support(typical_p(log_p, 0.8), 0) == {0, 1}


@given(rows, st.floats(0.001, 0.999))
def test_min_p_keeps_what_is_likely_enough_beside_the_most_likely(log_p, p):
    kept = min_p(log_p, p)
    for n in range(log_p.shape[0]):
        shares = np.exp(log_p[n] - log_p[n].max())
        assert support(kept, n) == {v for v, share in enumerate(shares) if share >= p}


def test_min_p_takes_a_reached_border_as_reached():
    log_p = np.log(np.array([[0.5, 0.25, 0.125, 0.125]]))
    assert support(min_p(log_p, 0.5), 0) == {0, 1}
    assert support(min_p(log_p, 1.0), 0) == {0}


@given(rows, st.floats(0.1, 10), st.integers(0, 2**32))
def test_a_penalty_raises_probabilities_of_what_was_seen_to_its_power(log_p, penalty, seed):
    seen = np.random.default_rng(seed).random(log_p.shape) < 0.4
    penalized = repeat_penalty(log_p, seen, penalty)
    p = np.exp(log_p - log_p.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    assert np.allclose(np.exp(penalized), np.where(seen, p**penalty, p), rtol=1e-10, atol=1e-300)


def test_a_penalty_above_one_makes_it_less_likely_and_below_one_more():
    log_p, seen = np.log(np.array([[0.5, 0.3, 0.2]])) + 7, np.array([[True, False, True]])
    for penalty, sign in ((1.5, -1), (0.5, 1)):
        shift = repeat_penalty(log_p, seen, penalty) - (log_p - 7)
        assert np.array_equal(np.sign(np.round(shift, 12)), sign * seen)
    certain = np.array([[-np.inf, 3.0, -np.inf]])
    assert np.array_equal(repeat_penalty(certain, seen, 2.0), [[-np.inf, 0, -np.inf]])


FILTERS = [
    lambda x: top_k(x, 3),
    lambda x: top_p(x, 0.7),
    lambda x: typical_p(x, 0.6),
    lambda x: min_p(x, 0.3),
]


@given(rows, st.sampled_from(FILTERS))
def test_what_is_kept_keeps_its_value_and_the_input_stays(log_p, keep: Callable[[LogProbs], LogProbs]):
    before = log_p.copy()
    kept = keep(log_p)
    assert np.array_equal(log_p, before)
    assert np.array_equal(kept[kept > -np.inf], log_p[kept > -np.inf])
    assert (kept > -np.inf).any(axis=1).all()


@given(rows, st.sampled_from(FILTERS))
def test_a_row_is_treated_as_if_it_were_alone(log_p, keep: Callable[[LogProbs], LogProbs]):
    assert np.array_equal(keep(log_p), np.concatenate([keep(row[None]) for row in log_p]))


# equal or clearly different: which of two that differ in the last bit is the more typical is for rounding to decide
distinct = st.integers(-9000, 9000).map(lambda n: n / 1000)


@given(
    st.lists(distinct, min_size=1, max_size=12),
    st.integers(0, 12),
    st.tuples(odd_share, odd_share, st.floats(0, 1)),
)
def test_the_chain_keeps_what_the_reference_keeps(values, k, shares):
    config = SampleConfig(temperature=1.0, top_k=k, typical_p=shares[0], top_p=shares[1], min_p=shares[2])
    log_p = np.array([values])
    for keep in chain(config):
        log_p = keep(log_p)
    assert support(log_p, 0) == {v for v, p in enumerate(probabilities(values, config)) if p}


@given(rows, st.floats(0.05, 0.95), st.floats(-50, 50))
def test_a_constant_added_to_a_row_changes_nothing(log_p, p, constant):
    shifted = np.round(constant) + log_p
    assert np.array_equal(top_p(log_p, p) > -np.inf, top_p(shifted, p) > -np.inf)


def test_top_p_takes_a_reached_border_as_reached():
    log_p = np.log(np.array([[0.5, 0.25, 0.25]]))
    assert support(top_p(log_p, 0.5), 0) == {0}
    assert support(top_p(log_p, 0.75), 0) == {0, 1}


def test_top_p_means_the_probabilities_that_top_k_has_left():
    log_p = np.log(np.array([[0.4, 0.3, 0.2, 0.1]]))
    # of the first two, the first has 0.4 / 0.7 = 0.57
    config = SampleConfig(top_k=2, top_p=0.55)
    for keep in chain(config):
        log_p = keep(log_p)
    assert support(log_p, 0) == {0}


def test_settings_that_keep_all_make_no_filter():
    assert chain(SampleConfig()) == ()


def test_refused_symbols_stay_refused():
    log_p = np.array([[-np.inf, 0.0, -np.inf, -1.0]])
    assert support(top_k(log_p, 3), 0) == {1, 3}
    assert support(top_p(log_p, 0.999), 0) == {1, 3}
    assert support(typical_p(log_p, 1.0), 0) == {1, 3}
    assert support(min_p(log_p, 1e-9), 0) == {1, 3}


# Settings of two filters under which their order decides what may be drawn.
ORDERED = [
    ({"top_k": 2, "typical_p": 0.3}, top_k, typical_p),
    ({"top_k": 3, "top_p": 0.75}, top_k, top_p),
    ({"typical_p": 0.1, "top_p": 0.3}, typical_p, top_p),
    ({"typical_p": 0.1, "min_p": 0.3}, typical_p, min_p),
    ({"top_p": 0.6, "min_p": 0.3}, top_p, min_p),
]


@pytest.mark.parametrize(("settings", "first", "second"), ORDERED)
def test_filters_act_in_the_order_that_is_promised(settings, first, second):
    log_p = np.log(np.array([[0.5, 0.2, 0.12, 0.1, 0.08]]))
    one, other = settings.values()
    wanted, swapped = second(first(log_p, one), other), first(second(log_p, other), one)
    assert support(wanted, 0) != support(swapped, 0)
    filtered = log_p
    for apply in chain(SampleConfig(**settings)):
        filtered = apply(filtered)
    assert support(filtered, 0) == support(wanted, 0)
