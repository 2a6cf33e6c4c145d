"""Sampling from a mixture: its probabilities, filters, patterns, stops; one text, many, and beams."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import charlm
from charlm import CharModel, SampleConfig
from charlm.errors import DivergedError
from charlm.generation import Sampler, beam_search, sample_many, suitable_workers
from charlm.generation.parallel_worker import model_message
from charlm.models.counts import Counts
from charlm.models.mixture import Mixture

TEXT = "abcde \n" * 3 + "abacab\nbead cab\n"


@pytest.fixture(scope="module")
def mixture(make_model: Callable[..., CharModel]) -> Mixture:
    first, second = (make_model(TEXT, seed=seed) for seed in (1, 2))
    counts = Counts(first.vocabulary, first.vocabulary.encode(TEXT), order=5)
    return Mixture([first, second, counts], [0.3, 0.3, 0.4])


def test_symbols_come_as_often_as_they_are_probable(mixture: Mixture) -> None:
    sampler = Sampler(mixture, SampleConfig(temperature=1), rng=np.random.default_rng(0))
    sampler.feed("ab")
    start, V, n = sampler.snapshot(), len(mixture.vocabulary), 4000
    ids = mixture.vocabulary.encode("ab")
    read = [np.exp(z - z.max()) for z in (m.logits(ids[:, None])[0][-1, 0].astype(float) for m in mixture.members)]
    expected = sum(w * e / e.sum() for w, e in zip(mixture.weights, read, strict=True))
    np.testing.assert_allclose(sampler.probabilities(), expected, rtol=1e-6)
    drawn = np.zeros(V)
    for _ in range(n):
        sampler.position = start.position
        drawn[sampler.draw()] += 1
    assert np.abs(drawn / n - expected).max() < 4 * np.sqrt(0.25 / n)


def test_one_text_and_many_obey_filters_and_patterns(mixture: Mixture) -> None:
    pattern = "(bead|cab){2,4}\n"
    config = SampleConfig(length=40, regex=pattern, top_k=3)
    texts = [sample.read() for sample in sample_many(mixture, config, seeds=range(12), workers=2)]
    texts.append(charlm.generate(mixture, length=40, regex=pattern, top_k=3, seed=1).run())
    assert all(re.fullmatch(pattern, text) for text in texts)
    greedy = [charlm.generate(mixture, "a", 30, temperature=0).run() for _ in range(2)]
    greedy.append(next(sample_many(mixture, SampleConfig(length=30, temperature=0), seeds=[3], prompt="a")).read())
    greedy.append(beam_search(mixture, width=1, prompt="a", length=30)[0].text)
    greedy.append(charlm.generate(mixture, "a", 30, top_k=1, seed=4).run())
    assert len(set(greedy)) == 1


def test_log_probabilities_are_those_of_score(mixture: Mixture) -> None:
    sampler = Sampler(mixture, SampleConfig(length=25), rng=np.random.default_rng(3), logprobs=True)
    sampler.feed("cab")
    text = "".join(sampler.stream())
    bits = charlm.score(mixture, "cab" + text).bits[3:]
    np.testing.assert_allclose(-np.array(sampler.logprobs) / np.log(2), bits, rtol=1e-6)
    (sample,) = sample_many(mixture, SampleConfig(length=25), seeds=[5], prompt="cab", logprobs=True)
    bits = charlm.score(mixture, "cab" + sample.read()).bits[3:]
    np.testing.assert_allclose(-np.array(sample.logprobs) / np.log(2), bits, rtol=1e-6)


def test_a_start_state_is_given_for_all_members(mixture: Mixture) -> None:
    ids = mixture.vocabulary.encode("abc")
    _, state = mixture.logits(ids[:-1, None])
    continued = charlm.generate(mixture, "c", 20, seed=2, state=state).run()
    assert continued == charlm.generate(mixture, "abc", 20, seed=2).run()
    with pytest.raises(charlm.UsageError, match="the state has arrays"):
        charlm.generate(mixture, "c", 20, state=state[:-1])


def test_the_texts_are_the_same_whatever_the_number_of_workers(mixture: Mixture, make_model: Any) -> None:
    nested = Mixture([mixture, make_model(TEXT, seed=3)], [2 / 3, 1 / 3])
    config, seeds = SampleConfig(length=60, top_k=5, repeat_penalty=1.2, stop=("bead",)), range(70)
    for model in (mixture, nested, mixture.members[2]):
        texts = []
        for workers in (1, 2, 3):
            samples = sample_many(model, config, seeds=seeds, prompt="ca", logprobs=True, workers=workers)
            texts.append([(one.read(), one.finish_reason, one.logprobs) for one in samples])
        assert texts[0] == texts[1] == texts[2]


def test_a_row_does_not_depend_on_the_others(mixture: Mixture) -> None:
    two = Mixture(mixture.members[:2], [0.5, 0.5])
    logits = [np.random.default_rng(k).normal(size=(8, 5)) for k in (1, 2)]
    before = two._mixed(logits)
    for z in logits:
        z[3, 0] += 5000
    after = two._mixed(logits)
    rows = np.arange(8) != 3
    np.testing.assert_array_equal(after[rows], before[rows])
    assert np.isfinite(after).all()


def test_a_process_more_pays_for_large_jobs(mixture: Mixture, make_model: Callable[..., CharModel]) -> None:
    config = SampleConfig(length=3000)
    assert suitable_workers(make_model(), config, count=100, cores=4) == 4
    assert suitable_workers(mixture, config, count=100, cores=4) == 4
    vocabulary = mixture.vocabulary
    counts = Counts(vocabulary, np.zeros(200_000, np.intp), order=2)
    assert suitable_workers(Mixture([mixture, counts]), config, count=100, cores=4) == 1  # each would count it


def test_a_predictor_of_another_kind_is_sampled_by_one_process(mixture: Mixture) -> None:
    other = Mixture([mixture.members[0], mixture.members[1]])
    other.members = (other.members[0], type("Other", (), {})())  # type: ignore[assignment]
    assert model_message(other) is None


def test_documents_end_by_themselves(make_model: Callable[..., CharModel]) -> None:
    model = make_model("ab", stop=True)
    stop = model.vocabulary.stop_id
    assert stop is not None
    counts = Counts(model.vocabulary, np.array([0, 1, stop, 1, 0, stop] * 20))
    mixture = Mixture([model, counts], [0.0, 1.0])
    texts = {charlm.generate(mixture, length=30, seed=seed, temperature=0.5).run() for seed in range(12)}
    assert texts == {"ab", "ba"}


def test_a_text_with_an_output_that_is_not_finite_is_lost_alone(make_model: Callable[..., CharModel]) -> None:
    network = make_model(TEXT, seed=3)
    network.params["layers.0.W_x"][:, network.vocabulary.encode("e")[0]] = np.nan
    mixture = Mixture([network, Counts(network.vocabulary, network.vocabulary.encode(TEXT), order=3)])
    whole = []
    for sample in sample_many(mixture, SampleConfig(length=6, temperature=1.5), seeds=range(20)):
        try:
            whole.append("e" not in sample.read()[:5])
        except DivergedError:
            whole.append(False)
    assert {True, False} == set(whole)
