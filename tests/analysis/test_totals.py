from __future__ import annotations

import math

import numpy as np
import pytest

from charlm.analysis.breakdown import Share
from charlm.analysis.scoring import score, score_parts
from charlm.analysis.totals import Totals


@pytest.mark.parametrize(("unit", "stop"), [("char", False), ("byte", False), ("char", True)])
def test_parts_are_the_score_whatever_their_size(make_model, monkeypatch, unit, stop):
    model = make_model(unit, stop=stop)
    text = "To bé, or not\r\n \nto be: 日本語\n" * 4
    text = text.replace("\r", "") if not stop else text
    whole = score(model, text)
    monkeypatch.setattr("charlm.analysis.surprisal._CHUNK", 80)  # three steps
    monkeypatch.setattr("charlm.analysis.scoring._BLOCK", 20)
    parts = list(score_parts(model, text))
    assert len(parts) > 4
    assert tuple(piece for part in parts for piece in part.pieces) == whole.pieces
    np.testing.assert_allclose(np.concatenate([part.bits for part in parts]), whole.bits, rtol=1e-9)


def test_totals_are_those_of_sorting_everything():
    rng = np.random.default_rng(0)
    symbols = rng.choice(list("aB1 .\n"), 3000, p=[0.4, 0.2, 0.1, 0.15, 0.1, 0.05])
    bits = rng.exponential(2, 3000)
    bits[0] = math.nan
    totals = Totals(7)
    for symbol, value in zip(symbols, bits, strict=True):
        totals.add(symbol, value, [])
    assert totals.bits == pytest.approx(np.nanmean(bits))
    ones = bits[symbols == "1"]
    assert totals.classes()["digits"] == Share(int((~np.isnan(ones)).sum()), pytest.approx(np.nanmean(ones)))
    order = np.argsort(-np.nan_to_num(bits))[:7]
    assert [place.bits for place in totals.places()] == pytest.approx(bits[order].tolist())
    number = 1 + np.concatenate([[0], np.cumsum(symbols == "\n")[:-1]])
    assert [place.line for place in totals.places()] == number[order].tolist()
    assert totals.places()[0].before == "".join(symbols[max(0, order[0] - 24) : order[0]])
    means = {line: np.nanmean(bits[number == line]) for line in set(number.tolist())}
    lines = sorted(means, key=means.__getitem__, reverse=True)[:7]
    assert [line.number for line in totals.lines()] == lines
    assert [line.bits / line.characters for line in totals.lines()] == pytest.approx([means[k] for k in lines])


def test_nothing_predicted_has_no_totals():
    totals = Totals()
    totals.add("a", math.nan, [])
    assert math.isnan(totals.bits)
    assert totals.classes() == {}
    assert totals.lines() == totals.places() == []
