from __future__ import annotations

import math

import numpy as np
import pytest

from charlm.analysis import Totals, evaluate, score
from charlm.analysis.candidates import likeliest
from charlm.config import ModelConfig
from charlm.models.language_model import CharModel
from charlm.text.vocabulary import Vocabulary

TEXT = "To bé, or not\nto be"


def test_candidates_are_the_largest_probabilities(make_model):
    model = make_model()
    found = list(likeliest(model, TEXT, count=3))
    assert "".join(symbol for symbol, _, _ in found) == TEXT
    assert [bits for _, bits, _ in found[1:]] == pytest.approx(score(model, TEXT).bits[1:].tolist())
    assert math.isnan(found[0][1])
    assert found[0][2] == []
    ids = model.vocabulary.encode(TEXT)
    logits, _ = model.logits(ids[:-1, None].astype(np.intp))
    for (_, _, candidates), row in zip(found[1:], logits[:, 0], strict=True):
        p = np.exp(row - row.max())
        p /= p.sum()
        order = np.argsort(-p, kind="stable")[:3]
        assert [one.symbol for one in candidates] == [model.vocabulary.symbols[k] for k in order]
        assert [one.probability for one in candidates] == pytest.approx(p[order].tolist())


def test_the_end_of_a_document_is_a_line_feed(make_model):
    found = list(likeliest(make_model(stop=True), "to be\nor\n", count=99))
    assert [symbol for symbol, _, _ in found] == list("\nto be\nor\n")
    assert all("\n" in [one.symbol for one in candidates] for _, _, candidates in found[1:])
    assert all(sum(one.probability for one in candidates) == pytest.approx(1) for _, _, candidates in found[1:])


def test_bytes_join_to_characters_with_the_bits_of_an_evaluation():
    vocabulary = Vocabulary.from_text("aé日\n", unit="byte")
    model = CharModel(ModelConfig(hidden_size=6), vocabulary, seed=0)
    text = "é日a\né日"
    singly, whole = (list(likeliest(model, text, whole_characters=joined)) for joined in (False, True))
    assert [symbol for symbol, _, _ in singly[:2]] == ["\\xc3", "\\xa9"]
    assert [symbol for symbol, _, _ in whole] == list(text)
    assert whole[0][1] == singly[1][1]
    assert whole[1][1] == pytest.approx(sum(bits for _, bits, _ in singly[2:5]))
    assert whole[1][2] == singly[2][2]
    totals = Totals()
    for place in whole:
        totals.add(*place)
    found = evaluate(model, text)
    assert totals.bits * sum(share.count for share in totals.classes().values()) == pytest.approx(
        found.bits_per_char * found.characters
    )
