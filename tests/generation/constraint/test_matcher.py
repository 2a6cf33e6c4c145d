from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator

import numpy as np
import pytest
import regex
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from charlm.config import ModelConfig, SampleConfig
from charlm.errors import ConstraintError, DivergedError
from charlm.generation import Sampler, sample_many
from charlm.generation.constraint import constraint_for
from charlm.generation.constraint.matcher import BatchMatcher, Matcher
from charlm.generation.constraint.states import Mask
from charlm.generation.symbol_chooser import BatchChooser, Chooser
from charlm.models.language_model import CharModel
from charlm.text.vocabulary import Vocabulary
from tests.figures import figure
from tests.generation.constraint.languages import PATTERNS, live_after, matching
from tests.generation.reference import probabilities

Texts = set[tuple[str, ...]]


def predicted(model: CharModel, text: str) -> np.ndarray:
    """Return p of every symbol behind a text."""
    ids = np.array([model.vocabulary.stop_id, *model.vocabulary.encode("\n" + text)], np.intp)
    logits, _ = model.logits(ids[:, None])
    p = np.exp(logits[-1, 0].astype(np.float64) - logits[-1, 0].max())
    return p / p.sum()


def distribution(model: CharModel, texts: Texts, *, length: int, **settings: float) -> dict[str, float]:
    """Return the probability of each text, from its definition: dead symbols and the stop symbol are the end."""
    symbols = model.vocabulary.symbols
    found: dict[str, float] = {}

    def visit(prefix: tuple[str, ...], p: float) -> None:
        live = live_after(texts, prefix)
        if len(prefix) == length or not live:
            found["".join(prefix)] = p
            return
        raw = predicted(model, "".join(prefix))
        raw[[k for k, s in enumerate(symbols) if s == "<unk>"]] = 0
        alive = np.array([s in live for s in symbols])
        kept = np.append(raw * alive, raw[~alive].sum() if prefix in texts else 0)
        with np.errstate(divide="ignore"):
            drawn = probabilities(np.log(kept), SampleConfig(**settings))
        for k in np.flatnonzero(drawn[:-1]).tolist():
            visit((*prefix, str(symbols[k])), p * drawn[k])
        if drawn[-1]:
            found["".join(prefix)] = found.get("".join(prefix), 0) + p * drawn[-1]

    visit((), 1.0)
    return found


@pytest.fixture(scope="module")
def small() -> CharModel:
    vocabulary = Vocabulary("char", ("\n", "a", "b", "c", "<unk>", "<stop>"))
    model = CharModel(ModelConfig(hidden_size=8), vocabulary, seed=1)
    model.params.value *= 4
    return model


def draw(model: CharModel, seeds: range, **settings: object) -> Iterator[tuple[str, str | None]]:
    for one in sample_many(model, SampleConfig(**settings), seeds=seeds, prompt="\n"):
        yield one.read(), one.finish_reason


class TestFrequencies:
    @pytest.mark.parametrize(
        ("pattern", "settings"),
        [
            ("[ab]{2,4}", {"temperature": 1.0}),
            ("(?:ab|a|bca)*", {"temperature": 1.0}),
            ("a*b?c*", {"temperature": 0.6}),
            ("(?:a|bb|ccc)+", {"temperature": 1.7}),
            ("[^a]*", {"temperature": 1.0, "top_k": 2}),
            ("(?:ab?c?)*", {"temperature": 1.3, "top_p": 0.7}),
        ],
    )
    def test_are_those_of_the_definition(self, small, pattern, settings):
        n, length = 4000, 4
        texts = matching(pattern, ["\n", "a", "b", "c"], length)
        expected = distribution(small, texts, length=length, **settings)
        assert math.isclose(sum(expected.values()), 1)
        drawn = Counter(text for text, _ in draw(small, range(n), regex=pattern, length=length, **settings))
        assert set(drawn) <= {text for text, p in expected.items() if p > 0}
        common = {text: p for text, p in expected.items() if n * p >= 5}
        rest = 1 - sum(common.values())
        chi_square = sum((drawn[text] - n * p) ** 2 / (n * p) for text, p in common.items())
        if rest > 1e-9:
            chi_square += (n - sum(drawn[text] for text in common) - n * rest) ** 2 / (n * rest)
        # exceeded once in a million seeds: mean + 5 standard deviations and more
        assert chi_square < len(common) + 5 * math.sqrt(2 * len(common)) + 10

    @pytest.mark.parametrize("pattern", ["[ab]{2,4}", "(?:ab|a|bca)*", "[^a]*c", "a{0,3}"])
    def test_temperature_0_takes_the_likeliest_of_what_is_left(self, small, pattern):
        texts = matching(pattern, ["\n", "a", "b", "c"], 4)
        ((expected, p),) = distribution(small, texts, length=4, temperature=0).items()
        assert p == 1
        assert [text for text, _ in draw(small, range(2), regex=pattern, length=4, temperature=0)] == [expected] * 2


class TestTexts:
    @pytest.mark.promise(13)
    @settings(
        max_examples=figure(60, 3000),
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )
    @given(
        PATTERNS,
        st.integers(0, 12),
        st.sampled_from([0, 0.05, 0.8, 1.0, 3.0]),
        st.sampled_from([0, 1, 2]),
        st.sampled_from([1.0, 0.5]),
        st.sampled_from(["char", "byte", "grapheme"]),
        st.sampled_from([1.0, 1.5]),
        st.sampled_from([(), ("ab",), ("b", "aa")]),
    )
    def test_match_in_full_alone_and_side_by_side(
        self, make_model, pattern, length, temperature, top_k, top_p, unit, penalty, stops
    ):
        pattern = pattern or "(?:)"  # nothing at all is no pattern
        model = make_model("aAbB é\n" * 2, unit=unit, stop=True, min_count=2 if unit == "char" else 1)
        config = SampleConfig(
            regex=pattern, length=length, temperature=temperature, top_k=top_k, top_p=top_p, stop=stops,
            repeat_penalty=penalty,
        )  # fmt: skip
        compiled = regex.compile(pattern)
        try:
            texts = [one.read() for one in sample_many(model, config, seeds=range(3))]
        except ConstraintError:
            alphabet = list("aAbB é\n")
            possible = matching(pattern, alphabet, min(length, 3))
            assert not {t for t in possible if not any(stop in "".join(t) for stop in stops)}
            return
        sampler = Sampler(model, config, rng=np.random.default_rng(0))
        for _ in range(2):  # each stream is a text of its own
            texts.append("".join(sampler.stream()))
            assert sampler.finish_reason == "regex"
        for text in texts:
            assert compiled.fullmatch(text)
            assert len(text) <= length
            assert not any(stop in text for stop in stops)

    @pytest.mark.parametrize("unit", ["char", "byte", "grapheme"])
    @pytest.mark.parametrize(
        "settings",
        [
            {},
            {"temperature": 0},
            {"temperature": 0.05},
            {"temperature": 9.0},
            {"repeat_penalty": 2.0},
            {"top_k": 2},
        ],
        ids=str,
    )
    @pytest.mark.parametrize("pattern", ["(?:[ab]+ )*", "a{3}.*e?", "(?s:.)*"])
    def test_are_those_of_the_sampler_and_independent_of_how_many_there_are(
        self, make_model, unit, settings, pattern
    ):
        model = make_model(unit=unit, stop=True, dtype="float64")
        config = SampleConfig(regex=pattern, length=30, **settings)
        many = [(one.read(), one.finish_reason) for one in sample_many(model, config, seeds=range(40), prompt="ab")]
        for seed in (0, 7, 33):
            (alone,) = sample_many(model, config, seeds=[seed], prompt="ab")
            assert (alone.read(), alone.finish_reason) == many[seed]
            sampler = Sampler(model, config, rng=np.random.default_rng(seed))
            sampler.feed("ab")
            assert "".join(sampler.stream()) == many[seed][0]

    @pytest.mark.parametrize("unit", ["char", "byte", "grapheme"])
    @pytest.mark.parametrize("pattern", ["[ab]*b ", "(?s:.)*ab", "a{3}(?:[ab] )*"])
    def test_end_on_a_match_however_short_they_must_be(self, make_model, unit, pattern):
        model = make_model(unit=unit)
        for length in range(3, 8):
            config = SampleConfig(regex=pattern, length=length, temperature=2.0)
            texts = [one.read() for one in sample_many(model, config, seeds=range(10))]
            sampler = Sampler(model, config, rng=np.random.default_rng(length))
            texts += ["".join(sampler.stream()) for _ in range(10)]
            assert all(regex.fullmatch(pattern, text) for text in texts)
            assert len(texts[0]) <= length or unit == "grapheme"

    def test_the_log_probabilities_are_the_models_own(self, make_model):
        model = make_model()
        for one in sample_many(model, SampleConfig(regex="[ab]+c?", length=9), seeds=range(4), logprobs=True):
            assert len(one.read()) == len(one.logprobs)

    def test_a_model_reads_what_it_has_written_and_goes_on_behind_it(self, make_model):
        model = make_model(dtype="float64")
        sampler = Sampler(model, SampleConfig(regex="ab?", length=5), rng=np.random.default_rng(2))
        sampler.feed("c")
        text = "".join(sampler.stream())
        read = Sampler(model, rng=np.random.default_rng(0))
        read.feed("c" + text)
        assert sampler.position.last == read.position.last
        for ours, theirs in zip(sampler.position.state, read.position.state, strict=True):
            assert all(np.allclose(a, b) for a, b in zip(ours, theirs, strict=True))

    def test_workers_write_them_too(self, make_model):
        model = make_model()
        config = SampleConfig(regex="[ab]{3}c", length=9)
        alone = [one.read() for one in sample_many(model, config, seeds=range(70))]
        assert [one.read() for one in sample_many(model, config, seeds=range(70), workers=2)] == alone


class TestMatcher:
    VOCABULARY = Vocabulary("char", ("a", "b", "c", "<stop>"))

    def test_extreme_logits_neither_overflow_nor_lose_the_end(self):
        config = SampleConfig(regex="a*", length=9, temperature=1.0)
        lazy_dfa = constraint_for(config, self.VOCABULARY)
        choose = Chooser(config, 4, matcher=Matcher(lazy_dfa))
        logits = np.array([-5000, 5000, 4999, 0.0])
        assert choose(logits, 0.5) == 4
        out = np.zeros(2, np.intp)
        block = BatchChooser(config, 2, 4, matcher=BatchMatcher(lazy_dfa, 2, 2))
        block(np.array([logits, -logits]), np.array([0.5, 0.5]), out)
        assert out.tolist() == [4, 0]

    @pytest.mark.parametrize("temperature", [1e-3, 1e-9, 0.1])
    def test_a_cold_end_outweighs_what_it_is_made_of(self, temperature):
        config = SampleConfig(regex="a*", length=9, temperature=temperature)
        lazy_dfa = constraint_for(config, self.VOCABULARY)
        logits = np.array([0.5, 0.0, 0.0, 0.0])  # the end weighs 3, more than e to the 0.5
        assert Chooser(config, 4, matcher=Matcher(lazy_dfa))(logits, 0.5) == 4
        out = np.zeros(1, np.intp)
        BatchChooser(config, 1, 4, matcher=BatchMatcher(lazy_dfa, 1, 1))(logits[None], np.array([0.5]), out)
        assert out.tolist() == [4]

    @pytest.mark.parametrize(
        "settings", [{}, {"temperature": 0}, {"top_k": 1}, {"typical_p": 0.1, "repeat_penalty": 3.0}], ids=str
    )
    def test_a_symbol_without_alternative_is_that_of_a_choice(self, make_model, monkeypatch, settings):
        config = SampleConfig(regex="(?:cab|bee|caba) bad(?:ce)?", length=30, **settings)

        def texts() -> list[str]:
            alone = Sampler(make_model(), config, rng=np.random.default_rng(3))
            return ["".join(alone.stream()) for _ in range(9)]

        expected = texts()
        monkeypatch.setattr(Mask, "only", property(lambda _: None, lambda *_: None))
        assert texts() == expected

    @pytest.mark.parametrize("logit", [math.nan, math.inf, -math.inf])
    def test_a_symbol_without_alternative_is_not_written_if_the_model_fails(self, logit):
        config = SampleConfig(regex="abc", length=9)
        matcher = Matcher(constraint_for(config, self.VOCABULARY))
        choose = Chooser(config, 4, matcher=matcher)
        assert matcher.mask.only == 0
        with pytest.raises(DivergedError):
            choose(np.array([0.0, 1.0, logit, 0.0], np.float32), 0.5)
        assert choose(np.array([0.0, 1.0, 0.0, 3e38], np.float32), 0.5) == 0
        assert [choose(np.zeros(4), 0.5) for _ in range(3)] == [1, 2, 4]

    def test_full_tables_are_left_behind_and_the_texts_stay_the_same(self, monkeypatch, make_model):
        model = make_model()
        config = SampleConfig(regex="(?:[ab]{1,9}c)*", length=200)

        def texts() -> list[str]:
            alone = Sampler(model, config, rng=np.random.default_rng(3))
            return ["".join(alone.stream()), *(one.read() for one in sample_many(model, config, seeds=range(5)))]

        expected = texts()
        monkeypatch.setattr("charlm.generation.constraint.lazy_dfa.FEWEST_STATES", 2)
        monkeypatch.setattr("charlm.generation.constraint.lazy_dfa.MOST_STATES", 2)
        assert texts() == expected
