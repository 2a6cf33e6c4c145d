"""A model mixed with the counts of its text: the weights come from the end of that text alone."""

from __future__ import annotations

import math

import numpy as np
import pytest

import charlm
from charlm.analysis import mixing, with_counts

WORDS = np.random.default_rng(0).choice(["abba ", "cab ", "bead ", "face "], 300)


def make(text: str, *, stop: bool = False) -> charlm.CharModel:
    vocabulary = charlm.Vocabulary.from_text(text, stop=stop)
    model = charlm.CharModel(charlm.ModelConfig(hidden_size=6, dtype="float64"), vocabulary, seed=1)
    model.params.value *= 3
    return model


@pytest.mark.parametrize("stop", [False, True])
def test_the_weight_is_the_best_for_the_last_tenth(stop: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mixing, "_STREAMS", 1)
    rng = np.random.default_rng(1)  # an end of which a network that knows nothing foretells a part better
    noise = ["".join(rng.choice(list("abcdef"), 4)) + " " for _ in range(15)]
    text = "".join([*WORDS, *noise]).replace(" ", "\n" if stop else " ")
    model = make(text, stop=stop)
    vocabulary, stop_id = model.vocabulary, model.vocabulary.stop_id
    mixture = with_counts(model, text, order=4)
    if stop_id is None:
        ids = vocabulary.encode(text)
    else:
        ids = np.array([stop_id, *(k for w in text.split() for k in [*vocabulary.encode(w), stop_id])])
    begin = len(ids) - len(ids) // 10
    p = []
    for member in (model, charlm.Counts(vocabulary, ids[:begin], order=4)):
        state, found = member.zero_state(1), []
        for before, symbol in zip(ids[begin - 1 : -1], ids[begin:], strict=True):
            state = member.zero_state(1) if before == stop_id else state
            z, state = member.stepper(1)(np.array([before]), state)
            found.append(math.exp(z[0, symbol]) / np.exp(z[0]).sum())
        p.append(np.array(found))
    best = max(np.linspace(0, 1, 2001), key=lambda w: np.log(w * p[0] + (1 - w) * p[1]).sum())
    assert mixture.members[0] is model
    assert mixture.weights[0] == pytest.approx(best, abs=0.01)
    assert 0.005 < mixture.weights[0] < 0.995
    whole = charlm.Counts(vocabulary, ids, order=4)
    read = ids[:50, None]
    np.testing.assert_array_equal(mixture.members[1].logits(read)[0], whole.logits(read)[0])


def test_streams_side_by_side_give_nearly_the_same_weight() -> None:
    text = "".join(WORDS) * 4
    weights = with_counts(make(text), text).weights
    assert weights[1] > weights[0] > 0  # a network without training
    assert charlm.evaluate(with_counts(make(text), text), text).nats < charlm.evaluate(make(text), text).nats


def test_a_text_too_short() -> None:
    with pytest.raises(charlm.CorpusError, match="the text has 15 symbols; give at least 20"):
        with_counts(make("abc"), "abc" * 5)
