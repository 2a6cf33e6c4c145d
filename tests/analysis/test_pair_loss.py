from __future__ import annotations

import math

import numpy as np
import pytest

import charlm
from charlm import Transducer
from charlm.analysis import pair_loss as module
from charlm.analysis.pair_loss import pair_nats
from charlm.errors import DivergedError, UsageError, VocabularyError
from charlm.text.pairs import Pair
from tests.models.pairs import LABELS, STOP, make

SOURCES = ["abcde", "a", "ddcab", "bb", "ecbae", "cab", "ea"]


def own_pairs(model: Transducer) -> tuple[list[Pair], float, int]:
    """Return sources with what the model itself makes of them, their −ln p in all, and their symbols."""
    drawn = charlm.transduce(model, SOURCES, length=40, temperature=1.5, seed=2)
    made = [one for one in drawn if one.finish_reason == "stop"]
    assert len(made) > 2
    return (
        [Pair(one.source, one.text) for one in made],
        -sum(one.score for one in made),
        sum(len(one.symbols) for one in made),
    )


@pytest.mark.parametrize("shape", ["text", "no-attention", "label", "tags"])
@pytest.mark.parametrize("at_once", [2, 256])
def test_the_nats_of_an_output_are_those_of_making_it(shape, at_once, monkeypatch):
    monkeypatch.setattr(module, "AT_ONCE", at_once)
    model = make(shape)
    pairs, nats, symbols = own_pairs(model)
    found = pair_nats(model, pairs)
    assert (found.symbols, found.left_out) == (symbols, 0)
    assert found.nats == pytest.approx(nats / symbols, rel=1e-10)


@pytest.mark.parametrize("shape", ["text", "no-attention"])
def test_accuracy_symbol_by_symbol(shape):
    model = make(shape)
    pairs = [Pair("abc", "xyz"), Pair("d", "zzxy"), Pair("ecab", ""), Pair("aa", "x")]
    right = 0
    for source, target in pairs:
        ids = model.source.encode(source).astype(int)
        encoded = model.encode(ids[:, None], np.array([len(ids)]))
        step = model.stepper(encoded)
        state, last = encoded.state, STOP
        for symbol in [*model.target.encode(target), STOP]:
            logits, state, _ = step(np.array([last]), state)
            right += int(logits[0].argmax() == symbol)
            last = int(symbol)
    found = pair_nats(model, pairs)
    assert found.symbols == 12
    assert found.accuracy == right / 12
    assert 0 < right < 12


@pytest.mark.parametrize(("shape", "share"), [("label", 0.5), ("tags", 5 / 6)])
def test_accuracy_of_labels_and_tags(shape, share):
    model = make(shape)
    (made,) = charlm.transduce(model, "abc")
    wrong = (
        LABELS[LABELS.index(made.text) - 1]
        if model.labels
        else made.text[:2] + ("B" if made.text[2] != "B" else "I")
    )
    assert pair_nats(model, [Pair("abc", made.text), Pair("abc", wrong)]).accuracy == share


@pytest.mark.parametrize(
    ("shape", "pair", "says"),
    [
        ("text", Pair("a?c", "x"), "source 2: character '\\?' at offset 1"),
        ("text", Pair("abc", "x?"), "target 2: character '\\?' at offset 1"),
        ("label", Pair("abc", "worst"), "target 2: 'worst' is not among this model's 3 labels"),
        ("tags", Pair("abc", "BIX"), "target 2: character 'X' at offset 2"),
    ],
)
def test_what_the_model_does_not_know(shape, pair, says):
    model = make(shape)
    good = Pair("abc", {"label": LABELS[0], "tags": "BIO"}.get(shape, "xyz"))
    with pytest.raises(VocabularyError, match=says):
        pair_nats(model, [good, pair])
    found = pair_nats(model, [good, pair], on_unknown="skip")
    assert found.left_out == (0 if "source" in says else 1)
    if found.left_out:
        assert found.nats == pair_nats(model, [good]).nats


def test_nothing_that_can_be_written():
    found = pair_nats(make("label"), [Pair("abc", "?")], on_unknown="replace")
    assert math.isnan(found.nats)
    assert (found.symbols, found.left_out) == (0, 1)


def test_progress_and_other_models():
    told: list[tuple[int, int]] = []
    pair_nats(make("label"), [Pair("abc", "good")] * 300, progress=lambda done, total: told.append((done, total)))
    assert told == [(256, 300), (300, 300)]
    model = make("label")
    model.params.value[:] = np.nan
    with pytest.raises(DivergedError):
        pair_nats(model, [Pair("abc", "good")])
    with pytest.raises(UsageError, match="this is a language model, not a transducer"):
        pair_nats(charlm.CharModel(charlm.ModelConfig(), charlm.Vocabulary.from_text("ab")), [])  # type: ignore[arg-type]
