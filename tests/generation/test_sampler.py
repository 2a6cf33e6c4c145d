from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charlm.analysis import score
from charlm.config import SampleConfig
from charlm.errors import DivergedError, VocabularyError
from charlm.generation import Sampler, first_input
from tests.generation.reference import SETTINGS, chi_square_is_plausible, probabilities


def sampler(model, seed=0, *, logprobs=False, **settings_) -> Sampler:
    return Sampler(model, SampleConfig(**settings_), rng=np.random.default_rng(seed), logprobs=logprobs)


def same_position(a: Sampler, b: Sampler) -> bool:
    if a.position.last != b.position.last:
        return False
    pairs = zip(a.position.state, b.position.state, strict=True)
    return all(np.array_equal(x, y) for one, other in pairs for x, y in zip(one, other, strict=True))


class TestDistribution:
    @pytest.mark.parametrize("config", SETTINGS, ids=str)
    def test_frequencies_are_the_filtered_probabilities(self, model, config):
        one = sampler(model, 11, **config)
        one.feed("bad")
        ids = model.vocabulary.encode("bad").astype(np.intp)
        logits, _ = model.logits(ids[:, None])
        p = probabilities(logits[-1, 0].tolist(), one.config, recent=ids.tolist())
        here, counts = one.position, [0] * len(p)
        for _ in range(8000):
            one.position = here
            counts[one.draw()] += 1
        assert chi_square_is_plausible(counts, p)

    def test_probabilities_are_of_what_comes_next_and_change_nothing(self, model):
        one, twin = sampler(model, 3, top_k=3, repeat_penalty=2.0), sampler(model, 3, top_k=3, repeat_penalty=2.0)
        assert one.probabilities().sum() == pytest.approx(1)
        for text in ("", "bad", "a"):
            one.feed(text), twin.feed(text)
            for _ in range(5):
                assert np.count_nonzero(one.probabilities()) == 3
                p = one.probabilities()
                drawn = one.draw()
                assert p[drawn] > 0
                assert drawn == twin.draw()
        assert same_position(one, twin)

    def test_temperature_zero_follows_the_most_likely_symbol(self, model):
        one = sampler(model, temperature=0, length=30)
        one.feed("c")
        text = "".join(one.stream())
        logits, _ = model.logits(model.vocabulary.encode("c" + text).astype(np.intp)[:, None])
        assert np.array_equal(logits[:-1, 0].argmax(axis=1), model.vocabulary.encode(text))

    def test_unknown_is_never_drawn(self, make_model):
        model = make_model("aab" * 30 + "c", min_count=5)
        unknown = model.vocabulary.unknown_id
        model.params["head.b"][unknown] = 50
        one = sampler(model, temperature=5.0)
        assert unknown not in {one.draw() for _ in range(300)}


class TestRandomness:
    def test_a_seed_gives_one_text_and_another_seed_another(self, model):
        texts = ["".join(sampler(model, seed, length=80).stream()) for seed in (1, 1, 2)]
        assert texts[0] == texts[1] != texts[2]

    @pytest.mark.parametrize("config", [{}, {"temperature": 0}, {"top_k": 2}, {"stop": ("ab",)}])
    def test_one_uniform_number_a_symbol(self, model, config):
        rng = np.random.default_rng(3)
        one = Sampler(model, SampleConfig(**config), rng=rng)
        for _ in range(25):
            one.draw()
        expected = np.random.default_rng(3)
        expected.random(25)
        assert rng.random() == expected.random()

    def test_a_snapshot_brings_everything_back(self, model):
        one = sampler(model, 4)
        one.feed("dab")
        snapshot = one.snapshot()
        first = [one.draw() for _ in range(40)]
        one.restore(snapshot)
        assert [one.draw() for _ in range(40)] == first
        one.restore(snapshot)
        one.restore(snapshot)  # restoring does not use a snapshot up
        assert [one.draw() for _ in range(40)] == first

    def test_settings_can_change_on_the_way(self, model):
        one, greedy = sampler(model, 1), sampler(model, 2, temperature=0)
        one.feed("a")
        greedy.feed("a")
        one.configure(SampleConfig(temperature=0))
        assert [one.draw() for _ in range(20)] == [greedy.draw() for _ in range(20)]


class TestRepeatPenalty:
    def test_it_sees_prompt_and_continuation_and_no_further_back_than_said(self, make_model):
        model = make_model(dtype="float64")
        one = sampler(model, 5, repeat_penalty=3.0, repeat_last_n=4)
        one.feed("abcdeabc")
        ids = model.vocabulary.encode("abcdeabc").astype(np.intp).tolist()
        ids += [one.draw() for _ in range(150)]
        assert one.position.recent == np.array(ids[-4:], "<i4").tobytes()
        logits, _ = model.logits(np.array(ids)[:, None])
        for k, uniform in zip(range(8, len(ids)), np.random.default_rng(5).random(150), strict=True):
            p = probabilities(logits[k - 1, 0].tolist(), one.config, recent=ids[:k])
            assert ids[k] == np.searchsorted(np.cumsum(p), uniform, "right")

    def test_going_back_brings_back_what_was_seen(self, model):
        one = sampler(model, 4, repeat_penalty=3.0, repeat_last_n=8)
        one.feed("dab")
        snapshot = one.snapshot()
        first = [one.draw() for _ in range(40)]
        one.feed("ccc")
        one.restore(snapshot)
        assert [one.draw() for _ in range(40)] == first

    def test_switched_on_in_the_middle_it_sees_what_came_before(self, model):
        late, early = sampler(model, 4, length=30), sampler(model, 4, repeat_penalty=3.0, length=30)
        late.feed("dab")
        text = "".join(late.stream())
        early.feed("dab" + text)
        early.restore(late.snapshot())
        assert late.position.recent == early.position.recent == bytes_of(model, ("dab" + text)[-64:])
        late.configure(early.config)
        assert "".join(late.stream()) == "".join(early.stream())

    def test_a_new_document_has_seen_nothing(self, make_model):
        one = sampler(make_model(stop=True), 3, temperature=1.0, length=5000, repeat_penalty=1.2)
        one.feed("ab")
        list(one.stream())
        assert one.finish_reason == "stop"
        assert one.position.recent == b""


def bytes_of(model, text: str) -> bytes:
    return model.vocabulary.encode(text).astype("<i4").tobytes()


class TestStart:
    def test_a_text_without_prompt_goes_on_as_from_a_line_feed(self, model):
        bare, fed = sampler(model, 7), sampler(model, 7)
        fed.feed("\n")
        assert [bare.draw() for _ in range(50)] == [fed.draw() for _ in range(50)]

    def test_a_prompt_is_read_from_zero_state(self, model):
        one = sampler(model)
        one.feed("ab")
        _, state = model.step(model.vocabulary.encode("a"), model.zero_state(1))
        assert one.position.last == model.vocabulary.encode("b")[0]
        assert np.array_equal(one.position.state[0].h, state[0].h[0])

    def test_a_prompt_may_come_in_parts(self, model):
        whole, parts = sampler(model), sampler(model)
        whole.feed("abcde")
        for part in ("a", "bc", "", "de"):
            parts.feed(part)
        assert same_position(whole, parts)

    def test_without_a_line_feed_every_first_symbol_is_equally_likely(self, make_model):
        model = make_model("abcd")
        firsts = [sampler(model, seed, temperature=1.0).draw() for seed in range(400)]
        assert np.bincount(firsts, minlength=4).min() > 60
        one = sampler(model, logprobs=True, length=3)
        list(one.stream())
        assert [math.isnan(value) for value in one.logprobs] == [True, False, False]

    def test_a_model_of_documents_starts_from_its_stop_symbol(self, make_model):
        model = make_model(stop=True)
        stop_id = model.vocabulary.stop_id
        bare, fed = sampler(model, 7), sampler(model, 7)
        assert bare.position.last == stop_id
        fed.feed("ab")
        _, state = model.step(np.array([stop_id]), model.zero_state(1))
        _, state = model.step(model.vocabulary.encode("a"), state)
        assert np.array_equal(fed.position.state[1].c, state[1].c[0])

    def test_an_unknown_character_changes_nothing(self, model):
        one, untouched = sampler(model), sampler(model)
        with pytest.raises(VocabularyError, match="'Ω'"):
            one.feed("abΩ")
        assert same_position(one, untouched)

    def test_on_unknown_applies_to_what_is_fed(self, model):
        one, clean = sampler(model, on_unknown="skip"), sampler(model)
        one.feed("aΩb")
        clean.feed("ab")
        assert same_position(one, clean)


class TestStream:
    @pytest.mark.parametrize("unit", ["char", "byte"])
    @pytest.mark.parametrize("length", [0, 1, 37])
    def test_length_counts_characters(self, make_model, unit, length):
        one = sampler(make_model(unit=unit), 5, length=length, temperature=2.0, logprobs=True)
        text = "".join(one.stream())
        assert len(text) == len(one.logprobs) == length
        assert one.finish_reason == "length"

    def test_length_holds_where_broken_bytes_give_two_characters_at_once(self, make_model):
        model = make_model(unit="byte")
        for length in range(60):
            one = sampler(model, 5, length=length, temperature=2.0, logprobs=True)
            assert len("".join(one.stream())) == len(one.logprobs) == length

    def test_length_counts_graphemes(self, make_model):
        one = sampler(make_model(unit="grapheme"), 5, length=37, temperature=2.0, logprobs=True)
        pieces = list(one.stream())
        assert len(pieces) == len(one.logprobs) == 37
        assert "e\u0301" in pieces

    def test_bytes_are_shown_as_whole_characters(self, make_model):
        model = make_model(unit="byte")
        one, twin = sampler(model, 5, length=200, temperature=1.5), sampler(model, 5, temperature=1.5)
        pieces = list(one.stream())
        assert all(pieces)
        drawn = [twin.draw() for _ in range(1000)]
        whole = model.vocabulary.decode(drawn)
        assert whole.startswith("".join(pieces)[:-1])

    def test_the_stop_symbol_ends_the_text_and_starts_a_new_one(self, make_model):
        model = make_model(stop=True)
        one = sampler(model, 3, temperature=1.0, length=5000)
        text = "".join(one.stream())
        assert one.finish_reason == "stop"
        assert len(text) < 5000
        assert same_position(one, sampler(model))

    def test_streams_follow_each_other(self, model):
        whole = "".join(sampler(model, 9, length=60).stream())
        one = sampler(model, 9, length=20)
        assert "".join("".join(one.stream()) for _ in range(3)) == whole

    def test_a_model_that_diverged_is_told(self, make_model):
        model = make_model(seed=1)
        model.params["head.W"][2, 3] = np.nan
        with pytest.raises(DivergedError, match="not finite"):
            list(sampler(model).stream())


class TestStopStrings:
    @settings(max_examples=60)
    @given(
        seed=st.integers(0, 10**6),
        stops=st.lists(st.text("ab \n", min_size=1, max_size=3), min_size=1, max_size=3),
        length=st.integers(0, 80),
    )
    def test_the_text_is_the_unstopped_text_cut(self, model, seed, stops, length):
        config = {"temperature": 1.5, "length": length}
        free = "".join(sampler(model, seed, **config).stream())
        ends = [n for n in range(len(free) + 1) if any(stop in free[:n] for stop in stops)]
        expected = free
        if ends:
            begun = free[: ends[0]]
            expected = begun[: min(begun.find(stop) for stop in stops if stop in begun)]
        one = sampler(model, seed, stop=tuple(stops), logprobs=True, **config)
        one.feed("")
        text = "".join(one.stream())
        assert text == expected
        assert one.finish_reason == ("stop" if ends else "length")
        assert len(one.logprobs) == len(text)
        # what the model has read is what was shown: the way back to a text that goes on
        if text:
            read = sampler(model)
            read.feed("\n" + text)
            assert same_position(one, read)

    @pytest.mark.parametrize("pieces", [0, 1, 5, 12])
    def test_closing_leaves_the_model_at_what_was_shown(self, model, pieces):
        one = sampler(model, 8, stop=("e" * 50, "abcde", "b" * 30), temperature=2.0)
        one.feed("d")
        stream = one.stream()
        text = "".join(next(stream) for _ in range(pieces))
        stream.close()
        read = sampler(model)
        read.feed("d" + text)
        assert same_position(one, read)
        assert one.finish_reason is None

    def test_a_stop_string_may_begin_inside_a_grapheme(self, make_model):
        model = make_model(unit="grapheme")
        one = sampler(model, 5, temperature=2.0, stop=("\u0301",), logprobs=True)
        text = "".join(one.stream())
        assert text.endswith("e")
        assert one.finish_reason == "stop"
        assert len(one.logprobs) == len(model.vocabulary.encode(text.removesuffix("e")))


class TestLogProbabilities:
    @pytest.mark.parametrize("config", [*SETTINGS, {"temperature": 0.3}, {"top_k": 2}], ids=str)
    @pytest.mark.parametrize(("unit", "text"), [("char", None), ("byte", "ab \n"), ("grapheme", None)])
    def test_they_are_what_score_says(self, make_model, unit, text, config):
        model = make_model(text, unit=unit)
        one = sampler(model, 2, length=40, logprobs=True, **config)
        one.feed("ab")
        text = "".join(one.stream())
        scored = score(model, "ab" + text)
        assert np.allclose(-scored.bits[2:] * math.log(2), one.logprobs, rtol=1e-4, atol=1e-5)

    def test_bytes_of_a_character_are_summed(self, make_model):
        model = make_model(unit="byte")
        one, twin = sampler(model, 5, length=100, logprobs=True), sampler(model, 5)
        text, total = "".join(one.stream()), 0.0
        decoder, shown = model.vocabulary.decoder(), ""
        while len(shown) < 100:
            shown += decoder.feed(twin.draw())
            total += twin.logprob
        assert shown == text
        assert np.isclose(sum(one.logprobs), total)
        assert len(one.logprobs) < len(text.encode())

    def test_they_are_there_for_a_symbol_just_drawn_only(self, model):
        one = sampler(model)
        assert math.isnan(one.logprob)
        one.draw()
        assert one.logprob < 0
        one.feed("a")
        assert math.isnan(one.logprob)


@pytest.mark.parametrize("unit", ["char", "byte", "grapheme"])
@pytest.mark.parametrize(("text", "ending"), [("ab \n", "\n"), ("ab ", None)])
def test_a_text_from_nothing_begins_where_a_line_does(make_model, unit, text, ending):
    vocabulary = make_model(text, unit=unit).vocabulary
    expected = None if ending is None else int(vocabulary.encode(ending)[0])
    assert first_input(vocabulary) == expected


def test_a_carriage_return_and_a_line_feed_are_a_grapheme_that_ends_a_line(make_model):
    vocabulary = make_model("ab \r\n", unit="grapheme").vocabulary
    assert first_input(vocabulary) == vocabulary.encode("\r\n")[0]
