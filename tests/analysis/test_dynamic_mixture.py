"""Dynamic evaluation of counts and mixtures: against members alone, and probabilities that sum to 1."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

import charlm
from charlm.analysis import evaluate
from charlm.analysis.dynamic import dynamic_surprisal
from charlm.config import DynamicConfig
from charlm.models.counts import Counts
from charlm.models.mixture import Mixture
from charlm.models.ngram_growth import GrowingNgrams
from charlm.text.batches import document_stream
from tests.models.naive_kneser_ney import Oracle

TEXT = "a cab, a bead.\nabba cab\na dead cab\n" * 3
LEARNT = "a bad cab\na bed\nbead\n"
SETTINGS = DynamicConfig(rate=0.005, decay=0.05, length=7, clip_norm=0.8, mixing=0.2)
ORDER = 4


def members(stop: bool = False) -> list[charlm.CharModel | Counts]:
    vocabulary = charlm.Vocabulary.from_text(TEXT, stop=stop)
    config = charlm.ModelConfig(hidden_size=6, dtype="float64")
    networks = [charlm.CharModel(config, vocabulary, seed=seed) for seed in (1, 2)]
    if vocabulary.stop_id is None:
        ids = vocabulary.encode(LEARNT)
    else:
        ids = document_stream([vocabulary.encode(line) for line in LEARNT.split("\n")], vocabulary.stop_id)
    return [*networks, Counts(vocabulary, ids, order=ORDER)]


def encoded(model: charlm.CharModel | Counts | Mixture) -> np.ndarray:
    stop = model.vocabulary.stop_id
    if stop is None:
        return model.vocabulary.encode(TEXT)
    return document_stream([model.vocabulary.encode(line) for line in TEXT.split("\n") if line], stop)


def read(model: charlm.CharModel | Counts | Mixture, ids: np.ndarray, **settings: float) -> list[float]:
    """Return nats of each segment."""
    stop = model.vocabulary.stop_id
    resets = None if stop is None else ids[:-1] == stop
    return dynamic_surprisal(model, ids, replace(SETTINGS, **settings), resets=resets)[0]  # type: ignore[arg-type]


@pytest.mark.parametrize("stop", [False, True])
def test_counts_alone_are_those_of_all_the_text_before(stop: bool) -> None:
    counts = members(stop)[2]
    ids, V = encoded(counts).tolist(), len(counts.vocabulary)
    end = counts.vocabulary.stop_id
    before = counts._ids.tolist() + (ids[:1] if end is None else [])  # type: ignore[union-attr]
    expected = []
    for x in ids[1:]:
        begin = 0 if end is None else max(k for k, y in enumerate(before) if y == end)
        oracle = Oracle(before, V, ORDER, end)
        expected.append(-math.log(oracle.p(tuple(before[max(begin, len(before) + 1 - ORDER) :]), x, ORDER)))
        before.append(x)
    assert read(counts, np.array(ids), length=1) == pytest.approx(expected, rel=1e-12)
    sums = [sum(expected[k : k + 7]) for k in range(0, len(expected), 7)]
    assert read(counts, np.array(ids)) == pytest.approx(sums, rel=1e-12)


@pytest.mark.parametrize("stop", [False, True])
@pytest.mark.parametrize("mixing", [0.0, 0.2, 1.0])
def test_members_learn_by_themselves_and_weights_by_em(stop: bool, mixing: float) -> None:
    parts, w = members(stop), [0.5, 0.1, 0.4]
    mixture, ids = Mixture(parts, w), encoded(parts[0])
    alone = [read(member, ids, length=1) for member in parts]
    expected = []
    for nats in zip(*alone, strict=True):
        p = [math.exp(-one) for one in nats]
        mixed = sum(map(math.prod, zip(w, p, strict=True)))
        expected.append(-math.log(mixed))
        w = [(1 - mixing) * one + mixing * one * own / mixed for one, own in zip(w, p, strict=True)]
    assert read(mixture, ids, length=1, mixing=mixing) == pytest.approx(expected, rel=1e-10)
    found = evaluate(mixture, TEXT, dynamic=replace(SETTINGS, length=1, mixing=mixing))
    assert found.nats == pytest.approx(np.mean(expected), rel=1e-10)
    assert [one.weight for one in found.members] == pytest.approx(w, rel=1e-9)
    assert [one.nats for one in found.members] == pytest.approx([np.mean(one) for one in alone], rel=1e-12)
    assert [one.model for one in found.members] == list(parts)


@pytest.mark.parametrize("length", [1, 7])
@pytest.mark.parametrize("stop", [False, True])
def test_probabilities_sum_to_one(stop: bool, length: int) -> None:
    mixture = Mixture(members(stop), [0.3, 0.2, 0.5])
    ids = encoded(mixture)
    for n in (2, 5, 8, 9, 40, 60):
        before = 0.0 if (n - 1) % length == 0 else read(mixture, ids[:n], length=length)[-1]  # of its segment
        following = [np.append(ids[:n], x) for x in range(len(mixture.vocabulary))]
        p = [math.exp(before - read(mixture, text, length=length)[-1]) for text in following]
        assert sum(p) == pytest.approx(1, abs=1e-12)


def test_a_later_symbol_changes_no_earlier_probability() -> None:
    mixture = Mixture(members(), [0.3, 0.2, 0.5])
    ids = encoded(mixture).copy()
    whole, by_symbol = read(mixture, ids), read(mixture, ids, length=1)
    for place in (1, 5, 20, 33, len(ids) - 1):
        other = ids.copy()
        other[place] = (ids[place] + 1) % len(mixture.vocabulary)
        changed, segment = read(mixture, other), (place - 1) // SETTINGS.length
        assert changed[:segment] == whole[:segment]  # to the bit
        assert changed[segment] != whole[segment]
        assert read(mixture, other, length=1)[: place - 1] == by_symbol[: place - 1]


def test_counts_that_count_before_they_predict_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = GrowingNgrams.probability

    def peeking(self: GrowingNgrams, x: int) -> float:
        contexts = self._contexts
        self.add_(x)
        self._contexts = contexts
        return plain(self, x)

    monkeypatch.setattr(GrowingNgrams, "probability", peeking)
    with pytest.raises(AssertionError):
        test_probabilities_sum_to_one(stop=False, length=1)


@pytest.mark.parametrize("stop", [False, True])
def test_all_weight_on_one_member_is_that_member(stop: bool) -> None:
    parts = members(stop)
    ids = encoded(parts[0])
    for k, member in enumerate(parts):
        assert read(Mixture(parts, np.eye(3)[k].tolist()), ids) == read(member, ids)


def test_a_mixture_in_a_mixture_is_one_of_all_members() -> None:
    one, two, counts = members()
    nested, flat = Mixture([Mixture([one, two], [0.4, 0.6]), counts]), Mixture([one, two, counts], [0.2, 0.3, 0.5])
    assert read(nested, encoded(one)) == pytest.approx(read(flat, encoded(one)), rel=1e-12)


def test_without_learning_it_is_the_plain_evaluation() -> None:
    mixture = Mixture(members()[:2], [0.3, 0.7])
    still = evaluate(mixture, TEXT, dynamic=replace(SETTINGS, rate=0.0, mixing=0.0))
    assert still.nats == pytest.approx(evaluate(mixture, TEXT).nats, rel=1e-12)


def test_the_members_are_left_as_they_are() -> None:
    parts = members()
    mixture = Mixture(parts, [0.3, 0.2, 0.5])
    before = evaluate(mixture, TEXT)
    first = evaluate(mixture, TEXT, dynamic=SETTINGS)
    assert evaluate(mixture, TEXT, dynamic=SETTINGS) == first
    assert evaluate(mixture, TEXT) == before
    assert mixture.weights == (0.3, 0.2, 0.5)
    assert first.nats < before.nats


def test_another_predictor_does_not_learn() -> None:
    class Uniform:
        """A predictor of a kind of its own."""

        kind = "uniform"
        hidden_size = work = 1

        def __init__(self) -> None:
            self.vocabulary = members()[0].vocabulary

        zero_state = stepper = logits = None

    with pytest.raises(charlm.UsageError, match="this is a uniform, not a language model; give one"):
        evaluate(Uniform(), TEXT, dynamic=SETTINGS)  # type: ignore[arg-type]
