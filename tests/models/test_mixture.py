"""Mixtures against the naive average of softmaxes, and their weights against a search over a grid."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest

from charlm import CharModel, ModelConfig, Transducer, TransducerConfig, Vocabulary
from charlm.errors import UsageError
from charlm.models.counts import Counts
from charlm.models.mixture import Mixture, fit_weights
from charlm.models.predictor import Predictor
from charlm.nn.stack import map_state, named_state

VOCABULARY = Vocabulary.from_text("abcde")
V, T, N = len(VOCABULARY), 8, 3


def network(seed: int, **config: object) -> CharModel:
    shape = {"hidden_size": 5, "dtype": "float64"} | config
    model = CharModel(ModelConfig(**shape), VOCABULARY, seed=seed)  # type: ignore[arg-type]
    model.params.value *= 4
    return model


def draw_ids(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(V, size=shape)


def softmax(logits: np.ndarray) -> np.ndarray:
    e = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


MEMBERS: list[Predictor] = [
    network(1, layers=2),
    network(2, cell="gru", hidden_size=3),
    Counts(VOCABULARY, draw_ids(200, seed=1), order=4),
]
WEIGHTS = [0.5, 0.2, 0.3]


def test_a_mixture_of_one_is_the_model() -> None:
    model, ids = MEMBERS[0], draw_ids(T, N)
    log_p, end = Mixture([model]).logits(ids)
    logits, wanted = model.logits(ids)
    np.testing.assert_allclose(np.exp(log_p), softmax(logits), rtol=1e-12)
    for name, array in named_state(wanted).items():
        np.testing.assert_array_equal(named_state(end)[name], array)


def test_equals_the_average_of_softmaxes_and_sums_to_one() -> None:
    ids = draw_ids(T, N)
    resets = np.random.default_rng(5).random((T, N)) < 0.3
    mixture = Mixture(MEMBERS, WEIGHTS)
    log_p, _ = mixture.logits(ids, resets=resets)
    expected = sum(w * softmax(m.logits(ids, resets=resets)[0]) for w, m in zip(WEIGHTS, MEMBERS, strict=True))
    assert log_p.shape == (T, N, V)
    np.testing.assert_allclose(np.exp(log_p), expected, rtol=1e-12)
    assert np.abs(np.exp(log_p).sum(axis=-1) - 1).max() < 1e-12


def test_steps_are_the_sequence_and_state_is_carried() -> None:
    mixture, ids = Mixture(MEMBERS, WEIGHTS), draw_ids(T, N)
    log_p, end = mixture.logits(ids)
    first, middle = mixture.logits(ids[:3])
    second, last = mixture.logits(ids[3:], middle)
    np.testing.assert_allclose(np.concatenate([first, second]), log_p, rtol=1e-12)
    by_rows, of_one, rows = mixture.stepper(N), mixture.stepper(), mixture.zero_state(N)
    one = map_state(np.ravel, mixture.zero_state(1))
    for t in range(T):
        stepped, rows = by_rows(ids[t], rows)
        single, one = of_one(int(ids[t, 0]), one)
        np.testing.assert_allclose(stepped, log_p[t], rtol=1e-12)
        np.testing.assert_allclose(single, log_p[t, 0], rtol=1e-12)
    for name, array in named_state(end).items():
        np.testing.assert_allclose(named_state(last)[name], array, rtol=1e-12)
        np.testing.assert_allclose(named_state(rows)[name], array, rtol=1e-12)
        np.testing.assert_allclose(named_state(one)[name], array[0], rtol=1e-12)


def test_weights_that_sum_to_one_keep_their_bits() -> None:
    for seed in range(50):
        weights = np.random.default_rng(seed).dirichlet(np.ones(3))
        mixture = Mixture(MEMBERS, (weights + seed * 1e-9).tolist())
        assert abs(math.fsum(mixture.weights) - 1) < 1e-12
        assert Mixture(MEMBERS, mixture.weights).weights == mixture.weights


def test_a_sequence_of_no_symbol() -> None:
    mixture, ids = Mixture(MEMBERS, WEIGHTS), draw_ids(T, N)
    _, state = mixture.logits(ids)
    log_p, end = mixture.logits(ids[:0], state)
    assert log_p.shape == (0, N, V)
    np.testing.assert_array_equal(mixture.logits(ids, end)[0], mixture.logits(ids, state)[0])


def test_a_mixture_of_mixtures_is_a_mixture() -> None:
    nested = Mixture([Mixture(MEMBERS[:2], [0.75, 0.25]), MEMBERS[2]], [0.8, 0.2])
    flat, ids = Mixture(MEMBERS, [0.6, 0.2, 0.2]), draw_ids(T, N)
    np.testing.assert_allclose(nested.logits(ids)[0], flat.logits(ids)[0], rtol=1e-12)


def test_a_weight_of_zero_and_probabilities_beyond_the_range_of_floats() -> None:
    ids = draw_ids(T, N)
    np.testing.assert_allclose(
        Mixture(MEMBERS[:2], [1, 0]).logits(ids)[0], Mixture(MEMBERS[:1]).logits(ids)[0], rtol=1e-12
    )
    sure = network(3)
    sure.head.params["b"][0] = 5000  # e to the -5000 is 0
    log_p, _ = Mixture([sure, sure]).logits(ids)
    assert np.isfinite(log_p).all()
    np.testing.assert_allclose(log_p[..., 1:], Mixture([sure]).logits(ids)[0][..., 1:], rtol=1e-12)
    one, _ = Mixture([sure, sure]).stepper()(
        int(ids[0, 0]), map_state(np.ravel, Mixture([sure, sure]).zero_state(1))
    )
    np.testing.assert_allclose(one, log_p[0, 0], rtol=1e-12)


def test_what_is_not_finite_is_passed_on() -> None:
    lost = network(4)
    lost.head.params["b"][1] = np.nan
    assert np.isnan(Mixture([lost, MEMBERS[0]], [0.0, 1.0]).logits(draw_ids(2, 1))[0]).any()
    lost.head.params["b"][1] = np.inf
    assert np.isnan(Mixture([lost, MEMBERS[0]]).logits(draw_ids(2, 1))[0]).any()


def one_symbol(text: str, **settings: Any) -> Counts:
    return Counts(Vocabulary.from_text(text, **settings), np.zeros(3, int))


@pytest.mark.parametrize(
    ("members", "weights", "message"),
    [
        ([], None, "a mixture has no member; give at least one model"),
        (MEMBERS, [0.5, 0.5], "3 members and 2 weights; give one for each"),
        (MEMBERS, [0.5, 0.5, 0.5], "has the weights 0.5, 0.5, 0.5; give weights of at least 0 that sum to 1"),
        (MEMBERS, [1.5, -0.5, 0], "has the weights 1.5, -0.5, 0; give"),
        (MEMBERS, [math.nan, 0.5, 0.5], "has the weights nan, 0.5, 0.5; give"),
        (
            [MEMBERS[0], Counts(Vocabulary.from_text("abcdf"), np.zeros(3, int))],
            None,
            "vocabularies: 5 and 5 symbols, 'e' in one alone; train one with `vocab_from` the other",
        ),
        (
            [one_symbol("b", unit="byte"), one_symbol("c", unit="byte")],
            None,
            "differ in their vocabularies: 1 and 1 symbols, 0x62 in one alone; train",
        ),
        ([one_symbol("b"), one_symbol("b", lowercase=True)], None, "lowercase False and lowercase True; train"),
        ([one_symbol("b"), one_symbol("b", unit="byte")], None, "vocabularies: unit char and unit byte; train"),
        (
            [Transducer(TransducerConfig(output="tags"), VOCABULARY, VOCABULARY)],
            None,
            "this is a transducer, not a language model; transduce takes it",
        ),
    ],
)
def test_what_cannot_be_mixed(members: list[Predictor], weights: list[float] | None, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        Mixture(members, weights)


def draw_log_p(K: int, n: int, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return np.log(rng.dirichlet(np.ones(V), (K, n))[:, np.arange(n), rng.integers(V, size=n)] ** rng.random((K, 1)))


@pytest.mark.parametrize("seed", range(4))
def test_fitted_weights_are_at_least_as_good_as_any_of_a_grid(seed: int) -> None:
    log_p = draw_log_p(3, 200, seed)
    found = fit_weights(log_p)
    assert found.sum() == pytest.approx(1, abs=1e-12)
    assert (found >= 0).all()

    def loss(weights: np.ndarray) -> float:
        return -float(np.log(np.exp(log_p).T @ weights).mean())

    steps = [k / 50 for k in range(51)]
    grid = [np.array([a, b, 1 - a - b]) for a, b in itertools.product(steps, steps) if a + b <= 1]
    best = min(grid, key=loss)
    assert loss(found) <= loss(best) + 1e-6
    assert np.abs(found - best).max() < 0.05 or loss(best) - loss(found) < 1e-4


def test_two_sources_in_known_shares() -> None:
    # symbols of two kinds, 70 % and 30 %, each foretold by one member alone
    first = np.arange(1000) % 10 < 7
    log_p = np.log(np.where([first, ~first], 0.9, 1e-3))
    a, b = math.exp(log_p.max()), math.exp(log_p.min())
    weight = (0.7 * a - 0.3 * b) / (a - b)  # dL/dw = 0
    np.testing.assert_allclose(fit_weights(log_p, tolerance=1e-12), [weight, 1 - weight], rtol=1e-6)


def test_weights_do_not_underflow_and_a_useless_member_gets_none() -> None:
    log_p = np.array([[-2000.0, -1.0], [-2010.0, -9.0]])
    np.testing.assert_allclose(fit_weights(log_p), [1, 0], atol=1e-3)


@pytest.mark.parametrize("log_p", [np.zeros((2, 0)), np.array([[0.0], [np.nan]])])
def test_weights_need_numbers(log_p: np.ndarray) -> None:
    with pytest.raises(UsageError, match="weights need finite log-probabilities"):
        fit_weights(log_p)
