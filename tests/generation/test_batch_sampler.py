from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from charlm.analysis import score
from charlm.config import ModelConfig, SampleConfig
from charlm.errors import DivergedError
from charlm.generation import Sample, Sampler, sample_many
from charlm.generation.batch_sampler import batch_width
from charlm.models.language_model import CharModel
from charlm.models.learner import State
from charlm.nn.stack import map_state
from charlm.text.vocabulary import Vocabulary
from tests.generation.reference import SETTINGS, chi_square_is_plausible, probabilities

SHAPES: tuple[dict[str, Any], ...] = (
    {"cell": "lstm", "hidden_size": 128},
    {"cell": "lstm", "hidden_size": 100, "layers": 2},
    {"cell": "lstm", "hidden_size": 37, "embedding_size": 11},
    {"cell": "lstm", "hidden_size": 512},
    {"cell": "gru", "hidden_size": 256},
    {"cell": "gru", "hidden_size": 64, "gru_reset": "before"},
    {"cell": "rnn", "hidden_size": 300, "dtype": "float64"},
)


def read(model: CharModel, seeds: range, *, prompt: str = "", logprobs: bool = False, **settings: Any) -> list[Any]:
    samples = sample_many(model, SampleConfig(**settings), seeds=seeds, prompt=prompt, logprobs=logprobs)
    return [(one.read(), one.finish_reason, one.logprobs) for one in samples]


def read_alone(model: CharModel, seed: int, *, prompt: str = "", logprobs: bool = False, **settings: Any) -> Any:
    one = Sampler(model, SampleConfig(**settings), rng=np.random.default_rng(seed), logprobs=logprobs)
    one.feed(prompt)
    return "".join(one.stream()), one.finish_reason, one.logprobs


class TestRows:
    @pytest.mark.parametrize("shape", SHAPES, ids=str)
    @pytest.mark.parametrize("symbols", [65, 301])
    def test_a_row_has_the_same_bits_wherever_it_is_and_whatever_is_beside_it(self, shape, symbols):
        model = CharModel(ModelConfig(**shape), Vocabulary.from_text("".join(map(chr, range(32, 32 + symbols)))))
        model.params.value *= 3
        N = batch_width(model.config.hidden_size)
        step, rng = model.stepper(N), np.random.default_rng(0)

        def write(ids: np.ndarray, state: State) -> tuple[np.ndarray, State]:
            for k in range(3):
                logits, state = step((ids + k) % symbols, state)
            return logits.copy(), state

        def noise() -> State:
            like = model.zero_state(N)
            return map_state(lambda a: rng.normal(size=a.shape).astype(a.dtype), like)

        ids, state = rng.integers(symbols, size=N), noise()
        logits, end = write(ids, state)
        order = rng.permutation(N)
        moved, _ = write(ids[order], map_state(lambda a: a[order], state))
        assert np.array_equal(moved, logits[order])
        other_ids = rng.integers(symbols, size=N)
        for row in range(N):
            other_ids[row] = ids[row]
            mixed = noise()
            for layer, own in zip(mixed, state, strict=True):
                for array, own_array in zip(layer, own, strict=True):
                    array[row] = own_array[row]
            kept, kept_end = write(other_ids, mixed)
            assert np.array_equal(kept[row], logits[row])
            for layer, own in zip(kept_end, end, strict=True):
                assert all(np.array_equal(a[row], b[row]) for a, b in zip(layer, own, strict=True))

    @pytest.mark.parametrize("hidden_size", [1, 7, 64, 128, 200, 256, 512, 5000])
    def test_a_block_is_a_few_times_eight_wide(self, hidden_size):
        assert batch_width(hidden_size) in (8, 16, 24, 32)


class TestTexts:
    @pytest.mark.parametrize(
        "settings",
        [
            {},
            {"temperature": 0},
            {"temperature": 1.6, "top_k": 4},
            {"top_p": 0.7, "stop": ("ab", "b\n")},
            {"temperature": 2.0, "stop": ("e" * 40,)},
            {"length": 0},
            {"length": 1},
            {"length": 700},
            {"typical_p": 0.8, "min_p": 0.02, "temperature": 1.5},
            {"repeat_penalty": 1.7, "repeat_last_n": 3, "length": 150},
            {"repeat_penalty": 0.6, "top_k": 5, "typical_p": 0.9, "top_p": 0.95, "min_p": 0.01, "length": 150},
            {"repeat_penalty": 1.3, "temperature": 0},
        ],
        ids=str,
    )
    @pytest.mark.parametrize("unit", ["char", "byte", "grapheme"])
    @pytest.mark.parametrize("stop", [False, True])
    def test_they_are_those_of_the_sampler(self, make_model, unit, stop, settings):
        # in float64 a difference in the last bit of a probability decides nothing
        model = make_model(unit=unit, stop=stop, dtype="float64")
        settings = {"length": 80, "temperature": 1.0, "logprobs": True, "prompt": "ab"} | settings
        texts = read(model, range(4), **settings)
        for seed, (text, reason, logprobs) in enumerate(texts):
            expected = read_alone(model, seed, **settings)
            assert (text, reason) == expected[:2]
            assert np.allclose(logprobs, expected[2], atol=1e-10)

    def test_a_text_from_nothing(self, make_model):
        for text, stop in (("abcde \n", False), ("abcd", False), ("abcd", True)):
            model = make_model(text, stop=stop, dtype="float64")
            expected = [read_alone(model, seed, logprobs=True, length=30)[:2] for seed in range(3)]
            texts = read(model, range(3), logprobs=True, length=30)
            assert [one[:2] for one in texts] == expected
            unpredicted = text == "abcd" and not stop
            for _, _, logprobs in texts:
                assert [math.isnan(value) for value in logprobs[:2]] == [unpredicted, False][: len(logprobs)]

    def test_unknown_is_never_drawn(self, make_model):
        model = make_model("aab" * 30 + "c", min_count=5)
        model.params["head.b"][model.vocabulary.unknown_id] = 50
        assert {c for text, _, _ in read(model, range(40), length=9, temperature=5.0) for c in text} == {"a", "b"}

    def test_log_probabilities_are_what_score_says(self, model):
        for text, _, logprobs in read(model, range(5), prompt="ab", logprobs=True, length=40, top_k=3):
            bits = score(model, "ab" + text).bits[2:]
            assert np.allclose(-bits * math.log(2), logprobs, rtol=1e-4, atol=1e-5)

    @pytest.mark.parametrize("config", SETTINGS, ids=str)
    def test_frequencies_are_the_filtered_probabilities(self, model, config):
        ids = model.vocabulary.encode("bad").astype(np.intp)
        logits, _ = model.logits(ids[:, None])
        p = probabilities(logits[-1, 0].tolist(), SampleConfig(**config), recent=ids.tolist())
        texts = "".join(text for text, _, _ in read(model, range(6000), prompt="bad", length=1, **config))
        counts = np.bincount(model.vocabulary.encode(texts), minlength=len(p))
        assert chi_square_is_plausible(counts.tolist(), p)

    @pytest.mark.parametrize("config", SETTINGS, ids=str)
    def test_pairs_of_characters_are_as_frequent_as_they_should_be(self, model, config):
        # the second follows from the filters' work on every possible first, in rows that differ
        n, first = 6000, model.vocabulary.encode("bad").astype(np.intp).tolist()
        expected: list[float] = []
        settings = SampleConfig(**config)
        for k, q in enumerate(chances(model, first, settings)):
            expected += [q * p for p in chances(model, [*first, k], settings)]
        texts = [model.vocabulary.encode(t) for t, _, _ in read(model, range(n), prompt="bad", length=2, **config)]
        pairs = [int(a) * len(model.vocabulary) + int(b) for a, b in texts]
        assert chi_square_is_plausible(np.bincount(pairs, minlength=len(expected)).tolist(), expected)


def chances(model: CharModel, ids: list[int], config: SampleConfig) -> list[float]:
    logits, _ = model.logits(np.array(ids)[:, None])
    return probabilities(logits[-1, 0].tolist(), config, recent=ids)


class TestIndependence:
    def test_of_how_many_there_are_and_of_their_place(self, make_model):
        model = make_model(stop=True)
        texts = read(model, range(100), length=50, logprobs=True)
        assert len({text for text, _, _ in texts}) > 50
        for first, last in ((0, 1), (0, 3), (31, 32), (32, 33), (45, 46), (17, 97)):
            assert read(model, range(first, last), length=50, logprobs=True) == texts[first:last]

    def test_ends_of_texts_do_not_touch_their_neighbours(self, make_model):
        model = make_model(stop=True)
        texts = read(model, range(40), length=8, temperature=1.2)
        assert {reason for _, reason, _ in texts} == {"length", "stop"}
        for seed, one in enumerate(texts):
            assert read(model, range(seed, seed + 1), length=8, temperature=1.2) == [one]


class TestReading:
    def test_a_text_comes_as_it_is_drawn(self, model):
        first, second = sample_many(model, SampleConfig(length=10**9), seeds=range(2), logprobs=True)
        stream = first.stream()
        text = next(stream)
        assert len(text) == len(first.logprobs) == 1
        while len(text) < 1000:
            text += next(stream)
        assert first.finish_reason is None
        assert text.startswith(read(model, range(1), length=1000)[0][0])
        # what its neighbour drew meanwhile waits for its reader
        assert len(next(second.stream())) == len(text)

    def test_a_stream_goes_on_where_another_left_it(self, model):
        (one,) = sample_many(model, SampleConfig(length=300), seeds=[4])
        text = next(one.stream()) + next(one.stream()) + one.read()
        assert text == read(model, range(4, 5), length=300)[0][0]
        assert one.read() == ""

    @pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
    def test_texts_may_be_read_in_any_order(self, cell):
        model = CharModel(ModelConfig(cell=cell, hidden_size=9), Vocabulary.from_text("abc\n"))
        samples = list(sample_many(model, SampleConfig(length=40), seeds=range(50)))
        texts = {one.seed: one.read() for one in reversed(samples)}
        assert [texts[seed] for seed in range(50)] == [text for text, _, _ in read(model, range(50), length=40)]


class TestDiverged:
    @pytest.fixture
    def cracked(self, make_model):
        """A model that breaks when it reads an e."""
        model = make_model(seed=3)
        model.params["layers.0.W_x"][:, model.vocabulary.encode("e")[0]] = np.nan
        return model

    def test_only_the_texts_that_it_concerns_are_lost_behind_their_last_character(self, cracked):
        config = SampleConfig(length=6, temperature=1.5)
        lost = 0
        for one in sample_many(cracked, config, seeds=range(40)):
            text, whole = take(one)
            assert whole == ("e" not in text[:5])
            assert text.index("e") == len(text) - 1 if not whole else len(text) == 6
            assert whole == (one.finish_reason == "length")
            lost += not whole
        assert 5 < lost < 35

    def test_an_infinite_output_has_no_log_probability(self, make_model):
        model = make_model()
        model.params["head.b"][0] = np.inf
        (one,) = sample_many(model, SampleConfig(length=6), seeds=[1], logprobs=True)
        assert take(one) == ("", False)
        assert one.logprobs == []


def take(sample: Sample) -> tuple[str, bool]:
    """Return what there is of a text, and whether that is all."""
    text = ""
    try:
        for piece in sample.stream():
            text += piece
    except DivergedError:
        return text, False
    return text, True
