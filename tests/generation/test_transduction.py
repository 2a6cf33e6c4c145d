"""Outputs of a model of pairs: greedy, sampled, and by a beam; scores, attention, labels and tags."""

from __future__ import annotations

import itertools
import math
import tracemalloc
from typing import Any

import numpy as np
import pytest

import charlm
from charlm import Transducer, TransducerConfig, Vocabulary, transduce
from charlm.errors import DivergedError, UsageError, VocabularyError
from charlm.generation import Transduction, candidates
from tests.models.pairs import LABELS, SHAPES, STOP, batch_of, make

SOURCES = ["abcde", "", "e", "ddcab", "bb", "aaaaaaaaaaaa", "cab"]
TEXTS = [name for name, settings in SHAPES.items() if "output" not in settings]


def given_target_score(model: Transducer, found: Transduction) -> float:
    """Return ln p of a target when the model is given it (teacher forcing)."""
    source = model.source.encode(found.source).astype(int)
    if model.labels:
        batch = batch_of("label", [source], [[model.labels.index(found.text)]])
    elif model.config.output == "tags":
        batch = batch_of("tags", [source], [model.target.encode(found.text).astype(int)])
    else:
        batch = batch_of("text", [source], [model.target.encode(found.text).astype(int)])
    nats = model.target_nats(batch)
    if found.finish_reason == "length":
        nats = nats[:-1]  # the stop symbol was not reached
    np.testing.assert_allclose(found.logprobs, -nats[:, 0], rtol=1e-9, atol=1e-11)
    return -float(nats.sum())


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("settings", [{}, {"beam": 3}, {"temperature": 1.3, "seed": 1}])
def test_scores_are_those_of_the_given_target(shape: str, cell: str, settings: dict[str, Any]) -> None:
    model = make(shape, cell)
    for found in transduce(model, SOURCES, length=9, **settings):
        assert found.score == pytest.approx(given_target_score(model, found), rel=1e-10, abs=1e-11)
        assert found.score == pytest.approx(sum(found.logprobs), rel=1e-14)
        assert len(found.symbols) == len(found.logprobs)
        assert "".join(found.symbols) == found.text
        assert "".join(found.source_symbols) == found.source
        if model.config.output == "text":
            assert (found.symbols[-1] == "") is (found.finish_reason == "stop")
            assert found.finish_reason == "stop" or len(found.text) == 9


@pytest.mark.parametrize("shape", SHAPES)
def test_a_target_is_exact_if_it_is_what_is_decoded(shape: str) -> None:
    model = make(shape)
    output, size = model.config.output, len(model.params["head.b"])
    if output == "text":
        model.params["head.b"][STOP] += 4  # so that texts end
    made = [
        found for found in transduce(model, SOURCES, length=40) if found.source and found.finish_reason == "stop"
    ]
    sources = [model.source.encode(found.source).astype(int) for found in made]
    if output == "label":
        right = [[model.labels.index(found.text)] for found in made]
        wrong = [[(label + 1) % size] for (label,) in right]
    else:
        right = [[*map(int, model.target.encode(found.text))] for found in made]
        wrong = [[*ids, 0] if output == "text" else [*ids[:-1], (ids[-1] + 1) % size] for ids in right]
    _, likeliest = model.score_targets(batch_of(output, sources * 2, right + wrong))
    assert likeliest.all(axis=0).tolist() == [True] * len(made) + [False] * len(made)
    assert len(made) > 3


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("settings", [{}, {"temperature": 1.0, "seed": 5}])
def test_sources_together_equal_each_alone(shape: str, settings: dict[str, Any], monkeypatch: Any) -> None:
    model = make(shape)
    together = transduce(model, SOURCES, length=9, **settings)
    assert [found.source for found in together] == SOURCES
    monkeypatch.setattr("charlm.generation.transduction.BATCH", 1)
    for found, alone in zip(together, transduce(model, SOURCES, length=9, **settings), strict=True):
        assert (found.text, found.finish_reason) == (alone.text, alone.finish_reason)
        np.testing.assert_allclose(found.logprobs, alone.logprobs, rtol=1e-11, atol=1e-13)
        if found.attention is not None:
            np.testing.assert_allclose(found.attention, alone.attention, rtol=1e-11, atol=1e-13)
        if not settings:
            (lone,) = transduce(model, found.source, length=9)
            assert lone.text == found.text


@pytest.mark.parametrize("shape", TEXTS)
def test_the_likeliest_symbol_is_taken(shape: str) -> None:
    model = make(shape)
    for found in transduce(model, SOURCES, length=9):
        ids = model.source.encode(found.source).astype(int)[:, None]
        encoded = model.encode(ids, np.array([len(ids)]))
        step, state, last = model.stepper(encoded), encoded.state, STOP
        for k, symbol in enumerate(found.symbols):
            logits, state, weights = step(np.array([last]), state)
            last = int(logits[0].argmax())
            assert symbol == model.target.decode([last])
            if weights is not None:
                np.testing.assert_allclose(found.attention[k], weights[0], rtol=1e-11)


@pytest.mark.parametrize("shape", TEXTS)
def test_a_beam_of_width_one_is_greedy(shape: str) -> None:
    for seed in range(5):
        model = make(shape)
        model.params.value[:] = np.random.default_rng(seed).normal(size=model.params.value.shape)
        for greedy, source in zip(transduce(model, SOURCES, length=7), SOURCES, strict=True):
            (found,) = candidates(model, source, 1, length=7)
            assert (found.text, found.finish_reason) == (greedy.text, greedy.finish_reason)
            assert found.score == pytest.approx(greedy.score, rel=1e-12)
            if found.attention is not None:
                np.testing.assert_allclose(found.attention, greedy.attention, rtol=1e-11)


@pytest.mark.parametrize("shape", ["text", "neither"])
def test_a_beam_of_full_width_is_enumeration(shape: str) -> None:
    settings = {"hidden_size": 6, "dtype": "float64", **SHAPES[shape]}
    target = Vocabulary.from_text("xy", stop=True)  # three symbols
    model = Transducer(TransducerConfig(**settings), Vocabulary.from_text("abcde"), target)
    model.params.value[:] = np.random.default_rng(2).normal(size=model.params.value.shape)
    length = 4
    for source in ("abc", ""):
        ids = model.source.encode(source).astype(int)
        scores: dict[str, float] = {}
        for size in range(length + 1):
            for text in map("".join, itertools.product("xy", repeat=size)):
                nats = model.target_nats(batch_of("text", [ids], [[*("xy".index(c) for c in text)]], stop=2))
                scores[text] = -float(nats[:length].sum())
        assert sum(math.exp(score) for score in scores.values()) == pytest.approx(1, rel=1e-12)
        wanted = sorted(scores, key=lambda text: -scores[text])
        found = candidates(model, source, 31, beam=3**length, length=length)
        assert [one.text for one in found] == wanted
        np.testing.assert_allclose([one.score for one in found], [scores[text] for text in wanted], rtol=1e-11)
        assert transduce(model, source, beam=3**length, length=length)[0].text == wanted[0]


def test_wider_beams_find_no_worse() -> None:
    model = make("text", scale=1.0)
    scores = [[found.score for found in transduce(model, SOURCES, length=6, beam=width)] for width in (1, 4, 81)]
    assert all(a <= b + 1e-12 for a, b in zip(scores[0], scores[2], strict=True))
    assert scores[0] != scores[2]


def test_samples_follow_the_probabilities() -> None:
    model = make("text")
    texts = [found.text for found in transduce(model, ["abc"] * 4000, temperature=2.0, seed=0, length=1)]
    ids = model.source.encode("abc").astype(int)[:, None]
    encoded = model.encode(ids, np.array([3]))
    logits, _, _ = model.stepper(encoded)(np.array([STOP]), encoded.state)
    p = np.exp(logits[0] / 2) / np.exp(logits[0] / 2).sum()
    shares = np.array([texts.count(symbol) for symbol in ("x", "y", "z", "")]) / 4000
    np.testing.assert_allclose(shares, p, atol=4 * np.sqrt(0.25 / 4000))
    whole = transduce(model, SOURCES, temperature=1.0, seed=3)
    rest = transduce(model, SOURCES[4:], temperature=1.0, seed=3, first=4)
    assert [one.text for one in whole[4:]] == [one.text for one in rest]
    seeded = [transduce(model, SOURCES, temperature=1.0, seed=seed) for seed in (3, 3, 4)]
    assert [one.text for one in seeded[0]] == [one.text for one in seeded[1]] != [one.text for one in seeded[2]]


def test_attention_is_over_the_sources_own_symbols() -> None:
    for found in transduce(make("text"), SOURCES, length=5):
        assert found.attention.shape == (len(found.symbols), len(found.source))
        np.testing.assert_allclose(found.attention.sum(axis=1), float(found.source != ""), rtol=1e-13)
    assert all(found.attention is None for found in transduce(make("no-attention"), SOURCES))


@pytest.mark.parametrize("shape", ["label", "label-one-way"])
def test_labels_have_probabilities(shape: str) -> None:
    model = make(shape)
    for found in transduce(model, SOURCES):
        assert list(found.probabilities.values()) == sorted(found.probabilities.values(), reverse=True)
        assert set(found.probabilities) == set(LABELS)
        assert sum(found.probabilities.values()) == pytest.approx(1, rel=1e-14)
        assert found.text == next(iter(found.probabilities))
        assert found.score == pytest.approx(math.log(found.probabilities[found.text]), rel=1e-12)
        ranked = candidates(model, found.source, 2)
        assert [one.text for one in ranked] == list(found.probabilities)[:2]
        assert ranked[1].score == pytest.approx(math.log(found.probabilities[ranked[1].text]), rel=1e-12)
    drawn = {one.text for one in transduce(model, ["abc"] * 100, temperature=3.0, seed=0)}
    assert drawn == set(LABELS)


def test_tags_are_one_a_symbol() -> None:
    model = make("tags")
    for found in transduce(model, SOURCES):
        assert len(found.text) == len(found.source)
        assert set(found.text) <= set("BIO")
        (only,) = candidates(model, found.source, 5)
        assert only.text == found.text
    assert transduce(model, "aaaaaaaaaaaaaaaaaaaaaaaaaaaa", temperature=9.0, seed=0)[0].text.count("B") not in (
        0,
        28,
    )


def test_unknown_characters_of_a_source() -> None:
    model = make("text")
    with pytest.raises(VocabularyError, match="'Q' at offset 1 is not among this model's 5"):
        transduce(model, ["abc", "aQ"])
    (skipped,) = transduce(model, "aQb", on_unknown="skip")
    assert (skipped.source, skipped.source_symbols) == ("aQb", ("a", "b"))
    assert skipped.text == transduce(model, "ab")[0].text


def test_what_stands_for_unknown_symbols_is_never_written() -> None:
    target = Vocabulary.from_text("xxyyz", min_count=2, stop=True)
    model = Transducer(TransducerConfig(hidden_size=4), Vocabulary.from_text("ab"), target)
    model.params["head.b"][target.unknown_id] = 50
    for settings in ({}, {"beam": 3}, {"temperature": 1.0, "seed": 0}):
        assert "\N{REPLACEMENT CHARACTER}" not in transduce(model, "ab", length=20, **settings)[0].text


def test_targets_of_bytes() -> None:
    target = Vocabulary.from_text("é", unit="byte", stop=True)
    model = Transducer(TransducerConfig(hidden_size=4), Vocabulary.from_text("ab"), target)
    model.params["head.b"][2] = -50
    (found,) = transduce(model, "ab", length=6)
    assert len(found.symbols) == len(found.logprobs) == 6
    assert found.text.encode("utf-8", "replace")


def test_no_sources() -> None:
    assert transduce(make("text"), []) == []
    assert transduce(make("tags"), "")[0].text == ""


def test_settings_out_of_range_are_refused() -> None:
    model = make("text")
    for name, wrong in {"beam": 0, "temperature": -1.0, "length": 0, "seed": -1}.items():
        with pytest.raises(UsageError, match=f"`{name}` is {wrong}"):
            transduce(model, "abc", **{name: wrong})
    with pytest.raises(UsageError, match=r"`beam` and `temperature` exclude each other.*leave one of them out"):
        transduce(model, "abc", beam=2, temperature=0.5)
    with pytest.raises(UsageError, match="`beam` is 2; it must be at least 3"):
        candidates(model, "abc", 3, beam=2)


@pytest.mark.parametrize("settings", [{}, {"beam": 2}])
@pytest.mark.parametrize("shape", ["text", "label", "tags"])
def test_output_that_is_not_finite(shape: str, settings: dict[str, Any]) -> None:
    model = make(shape)
    model.params["head.W"][0, 0] = np.nan
    with pytest.raises(DivergedError):
        transduce(model, "abc", **settings)


def test_each_kind_of_model_says_what_takes_it() -> None:
    language_model = charlm.CharModel(charlm.ModelConfig(hidden_size=4), Vocabulary.from_text("abc"))
    for use in (lambda: transduce(language_model, "abc"), lambda: candidates(language_model, "abc", 2)):
        with pytest.raises(
            UsageError, match="this is a language model, not a transducer; generate, score and eval"
        ):
            use()
    model = make("text")
    uses = [
        lambda: charlm.generate(model, "abc"),
        lambda: charlm.score(model, "abc"),
        lambda: charlm.evaluate(model, "abc"),
        lambda: next(charlm.generation.sample_many(model, charlm.SampleConfig(), seeds=[1])),
        lambda: charlm.generation.beam_search(model, width=2),
        lambda: charlm.extended(model, Vocabulary.from_text("abcd")),
    ]
    for use in uses:
        with pytest.raises(UsageError, match="this is a transducer, not a language model; transduce takes it"):
            use()


@pytest.mark.parametrize("shape", ["text", "label", "tags"])
def test_next_to_zero_the_temperature_takes_the_likeliest(shape: str) -> None:
    model = make(shape)
    cold = transduce(model, ["abc", "b"], temperature=1e-320, seed=1, length=9)
    assert [one.text for one in cold] == [one.text for one in transduce(model, ["abc", "b"], length=9)]


def test_many_labels_need_little_memory() -> None:
    labels = [f"label {k}" for k in range(2000)]
    config = TransducerConfig(output="label", hidden_size=4)
    model = Transducer(config, Vocabulary.from_text("abc"), labels)
    transduce(model, "abc")
    tracemalloc.start()
    found = transduce(model, ["abc"] * 100)
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(found[0].probabilities) == 2000
    assert kept < 2 * 8 * 100 * 2000  # twice the log-probabilities
