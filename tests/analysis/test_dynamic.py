"""Dynamic evaluation against a loop over plain arrays, and that it never looks ahead."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import charlm
from charlm.analysis import evaluate
from charlm.analysis.dynamic import dynamic_surprisal
from charlm.config import DynamicConfig
from charlm.errors import DivergedError, UsageError
from charlm.text.batches import text_batch

TEXT = "To bé, or not\nto be: 日本語\n\nthat e\u0301 is 👍🏽 it\n" * 2
DOCUMENTS = [line for line in TEXT.split("\n") if line]
SETTINGS = DynamicConfig(rate=0.005, decay=0.05, length=7, clip_norm=0.8)


def naive(model: charlm.CharModel, ids: np.ndarray, settings: DynamicConfig, starts: set[int]) -> list[float]:
    """Return nats of each segment, one symbol and one tensor after the other, without any optimisation."""
    learner = charlm.CharModel.from_tensors(model.config, model.vocabulary, model.tensors())
    trained = {name: tensor.copy() for name, tensor in model.tensors().items()}
    scale = math.sqrt(sum(float((tensor**2).sum()) for tensor in trained.values()))
    state, nats = model.zero_state(1), []
    for start in range(0, len(ids) - 1, settings.length):
        stop = min(start + settings.length, len(ids) - 1)
        before, total = state, 0.0
        for t in range(start, stop):  # score: step through
            if t in starts:
                state = model.zero_state(1)
            logits, state = learner.step(np.array([ids[t]]), state)
            p = np.exp(logits[0] - logits[0].max())
            total -= math.log(p[ids[t + 1]] / p.sum())
        nats.append(total)
        resets = np.array([[t in starts] for t in range(start, stop)])
        batch = text_batch(ids[start:stop, None], ids[start + 1 : stop + 1, None], resets)
        _, _, backprop = learner.loss(batch, before)
        for name in trained:
            learner.params.gradient(name)[...] = 0
        backprop()
        gradients = {name: learner.params.gradient(name).copy() for name in trained}
        norm = math.sqrt(sum(float((g**2).sum()) for g in gradients.values()))
        shrink = min(1.0, settings.clip_norm / norm) if settings.clip_norm else 1.0
        for name, g in gradients.items():
            tensor = learner.params[name]
            step = settings.rate * scale * total / (stop - start) * shrink * g
            tensor[...] = tensor - step + settings.decay * (trained[name] - tensor)
    return nats


@pytest.mark.parametrize(
    "more", [{}, {"clip_norm": 0.0}, {"decay": 0.0}, {"decay": 1.0}, {"length": 1}, {"length": 1000}, {"rate": 0.0}]
)
class TestAgainstANaiveLoop:
    def test_one_stream(self, make_model, more):
        model, settings = make_model(), replace(SETTINGS, **more)
        ids = model.vocabulary.encode(TEXT).astype(np.intp)
        nats, _ = dynamic_surprisal(model, ids, settings)
        assert nats == pytest.approx(naive(model, ids, settings, {0}), rel=1e-10)
        result = evaluate(model, TEXT, dynamic=settings)
        assert result.nats == pytest.approx(sum(nats) / (len(ids) - 1), rel=1e-12)
        plain = evaluate(model, TEXT)
        assert (result.characters, result.symbols) == (plain.characters, plain.symbols)

    def test_documents(self, make_model, more):
        model, settings = make_model(stop=True), replace(SETTINGS, **more)
        stop = model.vocabulary.stop_id
        ids, starts = [stop], set()
        for document in DOCUMENTS:
            starts.add(len(ids) - 1)
            ids += [*model.vocabulary.encode(document).tolist(), stop]
        nats = naive(model, np.array(ids), settings, starts)
        result = evaluate(model, TEXT, dynamic=settings)
        assert result.nats == pytest.approx(sum(nats) / (len(ids) - 1), rel=1e-10)
        assert result.symbols == len(ids) - 1


@pytest.mark.parametrize("stop", [False, True])
def test_without_learning_it_is_the_plain_evaluation(make_model, stop):
    model = make_model(stop=stop)
    still = evaluate(model, TEXT, dynamic=replace(SETTINGS, rate=0.0))
    assert still.nats == pytest.approx(evaluate(model, TEXT).nats, rel=1e-12)
    assert evaluate(model, TEXT, dynamic=SETTINGS).nats != pytest.approx(still.nats, rel=1e-3)


class TestNothingIsSeenBeforeItIsScored:
    def scores(self, model: charlm.CharModel, ids: np.ndarray) -> list[float]:
        return dynamic_surprisal(model, ids, SETTINGS)[0]

    @pytest.fixture
    def model(self, make_model) -> charlm.CharModel:
        return make_model()

    def check(self, model: charlm.CharModel) -> None:
        ids = model.vocabulary.encode(TEXT).astype(np.intp)
        scores = self.scores(model, ids)
        for place in range(1, len(ids)):
            other = ids.copy()
            other[place] = (ids[place] + 1) % len(model.vocabulary)
            changed = self.scores(model, other)
            segment = (place - 1) // SETTINGS.length  # in which it is predicted
            assert changed[:segment] == scores[:segment]  # to the bit
            assert changed[segment] != scores[segment]

    def test_a_later_character_changes_no_earlier_score(self, model):
        self.check(model)

    def test_a_glance_ahead_is_noticed(self, model, monkeypatch):
        class Peeking(charlm.CharModel):
            """Learns from each segment before it is scored."""

            def read(self, ids: Any, state: Any = None, **options: Any) -> Any:
                if len(ids) > 1:
                    _, _, backprop = self.loss(text_batch(ids[:-1], ids[1:], None), state)
                    self.params.grad[:] = 0
                    backprop()
                    self.params.value[:] -= 0.1 * self.params.grad
                return super().read(ids, state, **options)

        build = charlm.CharModel.from_tensors.__func__
        monkeypatch.setattr(charlm.CharModel, "from_tensors", classmethod(lambda _, *given: build(Peeking, *given)))
        ids = model.vocabulary.encode(TEXT).astype(np.intp)
        peeking = self.scores(model, ids)
        monkeypatch.undo()
        assert sum(peeking) < 0.95 * sum(self.scores(model, ids))

    def test_text_behind_the_end_changes_nothing(self, model):
        ids = model.vocabulary.encode(TEXT).astype(np.intp)
        whole = self.scores(model, ids)
        for n in (8, 15, 16, 40):
            full = (n - 1) // SETTINGS.length
            assert self.scores(model, ids[:n])[:full] == whole[:full]


@pytest.mark.parametrize("stop", [False, True])
def test_the_model_is_left_as_it_is(make_model, stop):
    model = make_model(stop=stop)
    before = model.params.value.copy()
    first = evaluate(model, TEXT, dynamic=SETTINGS)
    np.testing.assert_array_equal(model.params.value, before)
    assert not model.params.grad.any()
    assert evaluate(model, TEXT, dynamic=SETTINGS) == first


def test_it_learns_what_a_text_repeats():
    text = "abcab cabba " * 60
    model = charlm.CharModel(charlm.ModelConfig(hidden_size=12), charlm.Vocabulary.from_text(text))
    assert evaluate(model, text, dynamic=DynamicConfig(rate=0.3, decay=0)).nats < 0.8 * evaluate(model, text).nats


@pytest.mark.parametrize("unit", ["byte", "grapheme"])
def test_bits_are_per_character_for_every_unit(make_model, unit):
    model = make_model(unit)
    result, plain = evaluate(model, TEXT, dynamic=SETTINGS), evaluate(model, TEXT)
    assert result.bits_per_char / result.nats == pytest.approx(plain.bits_per_char / plain.nats)


def test_a_rate_that_is_too_high_is_told():
    text = "abc" * 200
    model = charlm.CharModel(charlm.ModelConfig(hidden_size=4), charlm.Vocabulary.from_text(text))
    with pytest.raises(
        DivergedError, match=r"^dynamic evaluation diverged after \d+ symbols; lower `dynamic.rate`,"
    ):
        evaluate(model, text, dynamic=DynamicConfig(rate=1e39))
    model.params["head.b"][0] = np.nan
    with pytest.raises(DivergedError, match="the model's output is not finite"):
        evaluate(model, text, dynamic=DynamicConfig())


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"rate": -1}, "`dynamic.rate` is -1; it must be at least 0"),
        ({"decay": 1.5}, "`dynamic.decay` is 1.5; it must be at least 0 and at most 1"),
        ({"length": 0}, "`dynamic.length` is 0; it must be at least 1"),
        ({"clip_norm": float("nan")}, "`dynamic.clip_norm` is nan"),
    ],
)
def test_settings_out_of_range(settings, words):
    with pytest.raises(UsageError, match=words):
        DynamicConfig(**settings)
