from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from charlm.analysis import score

TEXT = "To bé, or not\nto be: 日本語\n\nthat e\u0301 is 👍🏽 it\n"


def test_characters_one_by_one(make_model, naive_nats):
    model = make_model()
    result = score(model, TEXT)
    nats = naive_nats(model, model.vocabulary.encode(TEXT).tolist())
    assert result.pieces == tuple(TEXT)
    assert result.bits.dtype == np.float64
    assert math.isnan(result.bits[0])
    assert np.allclose(result.bits[1:] * math.log(2), nats, rtol=1e-12)


def test_bytes_of_a_character_are_summed(make_model, naive_nats):
    model = make_model("byte")
    result = score(model, "o é日t")
    nats = [math.nan, *naive_nats(model, model.vocabulary.encode("o é日t").tolist())]
    expected = [nats[0], nats[1], sum(nats[2:4]), sum(nats[4:7]), nats[7]]
    assert result.pieces == tuple("o é日t")
    assert np.allclose(result.bits * math.log(2), expected, rtol=1e-12, equal_nan=True)


def test_a_first_character_of_several_bytes_is_not_predicted(make_model):
    assert np.isnan(score(make_model("byte"), "日t").bits).tolist() == [True, False]


def test_graphemes_stay_whole(make_model):
    result = score(make_model("grapheme"), "that e\u0301👍🏽")
    assert result.pieces == ("t", "h", "a", "t", " ", "e\u0301", "👍🏽")
    assert result.bits.shape == (7,)


class TestDocuments:
    def test_each_line_is_read_afresh_and_its_end_is_scored_at_the_line_feed(self, make_model, naive_nats):
        model = make_model(stop=True)
        stop_id = model.vocabulary.stop_id
        result = score(model, "to be\nor not\n")
        nats = []
        for document in ("to be", "or not"):
            nats += naive_nats(model, [stop_id, *model.vocabulary.encode(document).tolist(), stop_id])
        assert result.pieces == tuple("to be\nor not\n")
        assert np.allclose(result.bits * math.log(2), nats, rtol=1e-12)

    def test_an_open_end_is_not_scored(self, make_model):
        model = make_model(stop=True)
        assert np.array_equal(score(model, "to be").bits, score(model, "to be\n").bits[:5])

    def test_what_belongs_to_no_document_is_not_predicted(self, make_model):
        result = score(make_model(stop=True), "to\r\n \n\nbe")
        assert "".join(result.pieces) == "to\r\n \n\nbe"
        assert np.isnan(result.bits).tolist() == [False, False, True, False, True, True, True, False, False]

    @given(st.lists(st.sampled_from(["t", "o", " ", "\n", "\r\n", "é"])).map("".join))
    def test_there_is_an_entry_for_every_character(self, make_model, text):
        for unit in ("char", "byte", "grapheme"):
            result = score(make_model(unit, stop=True), text, on_unknown="skip")
            assert "".join(result.pieces).count("\n") == text.count("\n")
            assert len(result.pieces) == result.bits.size

    def test_a_document_of_skipped_characters_only_still_ends(self, make_model):
        result = score(make_model(stop=True), "ΩΩ\nto\n", on_unknown="skip")
        assert result.pieces == ("\n", "t", "o", "\n")
        assert not np.isnan(result.bits).any()


@pytest.mark.parametrize("stop", [False, True])
@pytest.mark.parametrize("unit", ["char", "byte", "grapheme"])
def test_an_empty_text_has_no_entries(make_model, unit, stop):
    result = score(make_model(unit, stop=stop), "")
    assert result.pieces == ()
    assert result.bits.shape == (0,)


def test_a_single_character_is_not_predicted(make_model):
    assert np.isnan(score(make_model(), "T").bits).tolist() == [True]


def test_replaced_characters_appear_as_the_model_read_them(make_model):
    assert score(make_model(), "ToΩbe", on_unknown="replace").pieces == tuple("To be")
