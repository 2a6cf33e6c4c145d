from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import charlm
from charlm.analysis import score
from charlm.config import SampleConfig
from charlm.errors import DivergedError, UsageError, VocabularyError
from charlm.generation import BeamSearcher, Sampler, beam_search, sample_many
from charlm.models.language_model import CharModel
from charlm.nn.stack import named_state


def everything(model: CharModel, prompt: str, length: int, stops: tuple[str, ...] = ()) -> list[tuple[float, str]]:
    """Score every text that a model of characters could write, by brute force; the best first."""
    vocabulary, found = model.vocabulary, {}
    symbols = [k for k in range(len(vocabulary)) if k != vocabulary.unknown_id]
    lead = vocabulary.encode(prompt).tolist()
    if vocabulary.stop_id is not None:
        lead = [vocabulary.stop_id, *lead]
    elif not lead:
        lead = vocabulary.encode("\n").tolist()
    for ids in itertools.product(symbols, repeat=length):
        text, n = "", 0
        for n, symbol in enumerate(ids, 1):  # noqa: B007  where it ends is used below
            if symbol == vocabulary.stop_id:
                break
            text += vocabulary.decode([symbol])
            if any(text.endswith(stop) for stop in stops):
                break
        ids = ids[:n]
        if ids not in found:
            logits, _ = model.logits(np.array([*lead, *ids], np.intp)[:, None])
            z = logits[len(lead) - 1 : -1, 0].astype(np.float64)
            log_p = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
            cut = min((text.find(stop) for stop in stops if stop in text), default=len(text))
            found[ids] = float(log_p[range(n), ids].sum()), text[:cut]
    return sorted(found.values(), key=lambda entry: -entry[0])


@pytest.mark.parametrize("prompt", ["", "ab"])
@pytest.mark.parametrize("stop", [False, True])
@pytest.mark.parametrize("stops", [(), ("a",), ("ba", "cb")])
def test_a_beam_that_holds_all_texts_finds_the_best_in_order(make_model, prompt, stop, stops):
    model = make_model("abc\n", stop=stop, dtype="float64", seed=4)
    expected = everything(model, prompt, 3, stops)[:20]
    found = beam_search(model, width=5**3, count=20, prompt=prompt, length=3, stop=stops)
    assert [one.text for one in found] == [text for _, text in expected]
    assert np.allclose([one.score for one in found], [value for value, _ in expected], atol=1e-9)


def test_texts_that_end_are_there_with_their_reason(make_model):
    model = make_model("abc\n", stop=True, dtype="float64", seed=4)
    found = beam_search(model, width=600, count=600, length=3)
    assert len(found) == len(everything(model, "", 3)) == 1 + 4 + 16 + 64
    assert {one.finish_reason for one in found if len(one.text) < 3} == {"stop"}
    assert {one.finish_reason for one in found if len(one.text) == 3} == {"length"}
    assert len({one.text for one in found}) == 85
    assert [one.score for one in found] == sorted((one.score for one in found), reverse=True)


@pytest.mark.parametrize("unit", ["char", "byte", "grapheme"])
@pytest.mark.parametrize("stop", [False, True])
@pytest.mark.parametrize("settings", [{}, {"stop": ("e", "b\n")}, {"length": 0}, {"length": 1}], ids=str)
def test_width_one_is_temperature_zero(make_model, unit, stop, settings):
    for seed in range(6):
        model = make_model(unit=unit, stop=stop, seed=seed)
        settings = {"length": 60} | settings
        (one,) = beam_search(model, width=1, prompt="ab", **settings)
        config = SampleConfig(temperature=0, **settings)
        (greedy,) = sample_many(model, config, seeds=[0], prompt="ab", logprobs=True)
        assert one.text == greedy.read()
        assert one.finish_reason == greedy.finish_reason
        assert np.allclose(one.logprobs, greedy.logprobs)


@settings(max_examples=40)
@given(st.integers(0, 10**6), st.integers(1, 9), st.integers(0, 12), st.sampled_from(["char", "byte", "grapheme"]))
def test_scores_are_those_of_the_model(make_model, seed, width, length, unit):
    model = make_model("ab \n", unit=unit, seed=seed % 7)
    found = beam_search(model, width=width, count=width, prompt="ab"[: 1 + seed % 2], length=length)
    prompt = "ab"[: 1 + seed % 2]
    for one in found:
        bits = score(model, prompt + one.text).bits[len(prompt) :]
        assert one.score == pytest.approx(-math.log(2) * bits.sum(), rel=1e-4, abs=1e-4)
        assert one.score == pytest.approx(sum(one.logprobs))
        assert len(one.text) == length


def test_a_wider_beam_finds_what_greed_misses(make_model):
    gains = []
    for seed in range(10):
        model = make_model(seed=seed)
        narrow, wide = (beam_search(model, width=width, prompt="a", length=30)[0].score for width in (1, 30))
        gains.append(wide - narrow)
    assert np.median(gains) > 1  # a single one may lose: what would be best in the end may be dropped on the way


@pytest.mark.parametrize("stop", [False, True])
def test_the_same_texts_every_time_whatever_is_asked_for(make_model, stop):
    for seed in range(8):
        model = make_model(stop=stop, seed=seed)
        found = beam_search(model, width=8, count=8, prompt="ab", length=40)
        for count in (1, 3):
            assert beam_search(model, width=8, count=count, prompt="ab", length=40) == found[:count]
        assert len({one.text for one in found}) == 8


def test_bytes_make_whole_characters(make_model):
    model = make_model(unit="byte", seed=1)
    for one in beam_search(model, width=20, count=20, prompt="é", length=7):
        assert len(one.text) == len(one.logprobs) == 7


def test_the_unknown_symbol_is_never_chosen(make_model):
    model = make_model("aab" * 30 + "c", min_count=5)
    model.params["head.b"][model.vocabulary.unknown_id] = 50
    found = beam_search(model, width=9, count=9, length=2)
    assert sorted(one.text for one in found) == ["aa", "ab", "ba", "bb"]
    assert max(one.score for one in found) < -10  # the model's own probabilities, not renormalised


def test_what_is_not_predicted_is_not_scored(make_model):
    model = make_model("abcd")  # no line feed
    found = beam_search(model, width=4, count=4, length=1)
    assert [one.text for one in found] == ["a", "b", "c", "d"]
    assert all(one.score == 0 and math.isnan(one.logprobs[0]) for one in found)


def test_ties_go_to_the_lowest_symbols(make_model):
    model = make_model("abcd\n")
    model.params.value[:] = 0
    assert [one.text for one in beam_search(model, width=6, count=6, prompt="a", length=2)] == [
        a + b for a, b in itertools.product("\nabcd", repeat=2)
    ][:6]


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"width": 0}, UsageError),
        ({"width": 10_001}, UsageError),
        ({"count": 0}, UsageError),
        ({"count": 4}, UsageError),
        ({"length": -1}, UsageError),
        ({"stop": ""}, UsageError),
        ({"prompt": "Ω"}, VocabularyError),
    ],
)
def test_what_cannot_be_is_refused(model, wrong: dict[str, Any], error):
    with pytest.raises(error):
        beam_search(model, **({"width": 3} | wrong))


def test_a_model_that_diverged_is_told(make_model):
    model = make_model()
    model.params["head.W"][2, 3] = np.inf
    with pytest.raises(DivergedError, match="not finite"):
        beam_search(model, width=3)


@pytest.mark.parametrize("unit", ["char", "byte", "grapheme"])
@pytest.mark.parametrize("documents", [False, True])
@pytest.mark.parametrize("stops", [(), ("b🇫",), ("éb",), ("a", "bé")])
def test_the_end_of_a_text_is_where_a_sampler_would_stand(unit, documents, stops):
    vocabulary = charlm.Vocabulary.from_text("a\nbé🇫🇷b", unit=unit, stop=documents)
    reasons = set()
    for seed in range(12):
        model = charlm.CharModel(charlm.ModelConfig(hidden_size=8), vocabulary, seed=seed)
        config = SampleConfig(length=6, stop=stops, temperature=0)
        sampler = Sampler(model, config, rng=np.random.default_rng(1))
        sampler.feed("ab"[seed % 2 :])
        beam = BeamSearcher(model, config, sampler.position, width=1)
        text = "".join(sampler.stream())
        while beam.advance():
            pass
        (found,) = beam.best()
        assert (found.text, found.finish_reason) == (text, sampler.finish_reason)
        end = beam.end_of(found)
        assert end.last == sampler.position.last
        for name, array in named_state(end.state).items():
            assert np.allclose(array, named_state(sampler.position.state)[name], atol=1e-6)
        reasons.add(sampler.finish_reason)
    assert "length" in reasons


def test_it_tells_how_far_it_is(make_model):
    model = make_model("abc\n")
    config = SampleConfig(length=9)
    sampler = Sampler(model, config, rng=np.random.default_rng(1))
    beam = BeamSearcher(model, config, sampler.position, width=3)
    steps = []
    while beam.advance():
        steps.append(beam.symbols)
    assert steps == list(range(1, 10))
    assert not beam.advance()
