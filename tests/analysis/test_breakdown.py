from __future__ import annotations

import math

import numpy as np
import pytest

from charlm.analysis import evaluate, score
from charlm.analysis.breakdown import BINS, BLOCK, Share, break_down, character_class
from charlm.errors import CorpusError

TEXT = "To bé, or not\nto be: 日本語\n\nthat e\u0301 is 👍🏽 it\n"


@pytest.mark.parametrize("unit", ["char", "byte", "grapheme"])
def test_the_mean_and_the_classes_are_those_of_the_scores(make_model, unit):
    model = make_model(unit)
    found, scored = break_down(model, TEXT * 3), score(model, TEXT * 3)
    bits, known = scored.bits, ~np.isnan(scored.bits)
    assert found.bits == pytest.approx(bits[known].mean(), rel=1e-9)
    for name, share in found.classes.items():
        own = [b for b, piece in zip(bits, scored.pieces, strict=True) if character_class(piece) == name and b == b]
        assert share == Share(len(own), pytest.approx(np.mean(own)))
    assert sum(share.count for share in found.classes.values()) == known.sum()
    first = [b for b, before in zip(bits[1:], scored.pieces, strict=False) if before == "\n"]
    assert found.line_starts["first of a line"] == Share(len(first), pytest.approx(np.mean(first)))


def test_positions_in_the_word_by_hand(make_model):
    model = make_model()
    found, bits = break_down(model, "to not be"), score(model, "to not be").bits
    assert list(found.word_positions) == ["1", "2", "3"]
    assert found.word_positions["1"] == Share(2, pytest.approx((bits[3] + bits[7]) / 2))
    assert found.word_positions["3"] == Share(1, pytest.approx(bits[5]))


def test_documents_count_their_ends(make_model):
    model = make_model(stop=True)
    found, whole = break_down(model, "to be\nor not\n"), evaluate(model, "to be\nor not\n")
    assert found.classes["line feeds"].count == 2
    assert found.bits == pytest.approx(whole.bits_per_char)
    assert sum(share.count for share in found.classes.values()) == whole.symbols == 13


def test_calibration_is_that_of_a_naive_count(make_model):
    model = make_model()
    found = break_down(model, TEXT)
    ids = model.vocabulary.encode(TEXT)
    logits, _ = model.logits(ids[:-1, None].astype(np.intp))
    p = np.exp(logits[:, 0] - logits[:, 0].max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    error, n = 0.0, len(ids) - 1
    for k in range(BINS):
        mine = [
            (max(row), row.argmax() == t)
            for row, t in zip(p, ids[1:], strict=True)
            if k / BINS <= max(row) < (k + 1) / BINS
        ]
        assert found.calibration.counts[k] == len(mine)
        if mine:
            confidence, right = np.mean(mine, axis=0)
            assert found.calibration.confidence[k] == pytest.approx(confidence)
            assert found.calibration.accuracy[k] == pytest.approx(right)
            error += abs(confidence - right) * len(mine) / n
    assert found.calibration.expected_error == pytest.approx(error)
    assert found.accuracy == pytest.approx(np.mean(p.argmax(axis=1) == ids[1:]))


def test_the_interval_is_of_block_means(make_model):
    model = make_model()
    rng = np.random.default_rng(0)
    text = "".join(rng.choice(list("To be"), 12 * BLOCK + 1))
    low, high = break_down(model, text).interval
    bits = score(model, text).bits[1:]
    means = bits.reshape(12, BLOCK).mean(axis=1)
    assert (low + high) / 2 == pytest.approx(bits.mean())
    assert high - low == pytest.approx(2 * 1.96 * means.std(ddof=1) / math.sqrt(12))
    assert break_down(model, text[: 9 * BLOCK]).interval is None


def test_one_symbol_is_refused(make_model):
    with pytest.raises(CorpusError, match="at least two"):
        break_down(make_model(), "T")
