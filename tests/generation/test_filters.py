from __future__ import annotations

from collections.abc import Callable

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from charlm.config import SampleConfig
from charlm.generation.filters import LogProbs, chain, top_k, top_p

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
@given(rows, st.floats(0.001, 0.999).map(lambda p: p * 0.9999 + np.pi * 1e-6))
def test_top_p_keeps_the_fewest_that_reach_p(log_p, p):
    kept = top_p(log_p, p)
    for n in range(log_p.shape[0]):
        assert support(kept, n) == naive_top_p(log_p[n].tolist(), p)


@given(rows, st.sampled_from([lambda x: top_k(x, 3), lambda x: top_p(x, 0.7)]))
def test_what_is_kept_keeps_its_value_and_the_input_stays(log_p, keep: Callable[[LogProbs], LogProbs]):
    before = log_p.copy()
    kept = keep(log_p)
    assert np.array_equal(log_p, before)
    assert np.array_equal(kept[kept > -np.inf], log_p[kept > -np.inf])


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
