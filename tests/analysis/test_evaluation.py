from __future__ import annotations

import math

import numpy as np
import pytest

from charlm.analysis import evaluate, score, surprisal
from charlm.analysis.evaluation import Evaluation
from charlm.errors import CorpusError, DivergedError, VocabularyError

TEXT = "To bé, or not\nto be: 日本語\n\nthat e\u0301 is 👍🏽 it\n"
DOCUMENTS = ["To bé, or not", "to be: 日本語", "that e\u0301 is 👍🏽 it"]


@pytest.mark.parametrize("unit", ["char", "byte", "grapheme"])
class TestAgainstSteppingThrough:
    def test_one_stream(self, make_model, naive_nats, unit):
        model = make_model(unit)
        ids = model.vocabulary.encode(TEXT).tolist()
        nats = naive_nats(model, ids)
        result = evaluate(model, TEXT)
        assert result.symbols == len(ids) - 1 == len(nats)
        assert result.characters == len(TEXT) - 1  # T is one symbol in every unit
        assert math.isclose(result.nats, np.mean(nats), rel_tol=1e-12)
        assert math.isclose(result.bits_per_char, sum(nats) / math.log(2) / (len(TEXT) - 1), rel_tol=1e-12)
        assert math.isclose(result.perplexity, math.exp(np.mean(nats)), rel_tol=1e-12)

    def test_documents(self, make_model, naive_nats, unit):
        model = make_model(unit, stop=True)
        stop_id = model.vocabulary.stop_id
        nats = []
        for document in DOCUMENTS:
            nats += naive_nats(model, [stop_id, *model.vocabulary.encode(document).tolist(), stop_id])
        result = evaluate(model, TEXT)
        assert result.symbols == len(nats)
        assert result.characters == sum(len(document) + 1 for document in DOCUMENTS)
        assert math.isclose(result.nats, np.mean(nats), rel_tol=1e-12)

    @pytest.mark.parametrize("stop", [False, True])
    def test_the_size_of_chunks_and_blocks_changes_nothing(self, make_model, monkeypatch, unit, stop):
        model = make_model(unit, stop=stop)
        whole = evaluate(model, TEXT * 3)
        monkeypatch.setattr(surprisal, "_CHUNK", 150)
        monkeypatch.setattr(surprisal, "_BLOCK", 40)
        parts = evaluate(model, TEXT * 3)
        assert math.isclose(parts.nats, whole.nats, rel_tol=1e-12)
        assert (parts.characters, parts.symbols) == (whole.characters, whole.symbols)

    @pytest.mark.parametrize("stop", [False, True])
    def test_it_is_the_mean_of_the_scores(self, make_model, unit, stop):
        model = make_model(unit, stop=stop)
        result = evaluate(model, TEXT)
        assert math.isclose(
            np.nansum(score(model, TEXT).bits), result.bits_per_char * result.characters, rel_tol=1e-12
        )


def test_bits_per_character_of_a_character_model_are_its_nats(make_model):
    result = evaluate(make_model(), TEXT)
    assert math.isclose(result.bits_per_char, result.nats / math.log(2), rel_tol=1e-12)


def test_a_uniform_model_has_the_perplexity_of_its_vocabulary(make_model):
    model = make_model()
    model.params.value[:] = 0
    assert math.isclose(evaluate(model, TEXT).perplexity, len(model.vocabulary), rel_tol=1e-12)


def test_of_a_text_that_begins_with_several_bytes_the_predicted_ones_count(make_model):
    model = make_model("byte")
    assert evaluate(model, "é").symbols == 1
    assert evaluate(model, "é").characters == 1
    assert evaluate(model, "日本").symbols == 5
    assert evaluate(model, "日本").characters == 2


def test_float32_sums_do_not_drift(make_model):
    model = make_model()
    text = TEXT * 40
    bits = score(model, text).bits[1:]
    assert math.isclose(evaluate(model, text).nats, math.fsum(bits) * math.log(2) / bits.size, rel_tol=1e-12)


@pytest.mark.parametrize("text", ["", "T"])
def test_a_text_with_nothing_to_predict_is_refused(make_model, text):
    with pytest.raises(CorpusError, match="at least 2"):
        evaluate(make_model(), text)


@pytest.mark.parametrize("text", ["", "\n \n"])
def test_a_text_without_documents_is_refused(make_model, text):
    with pytest.raises(CorpusError, match="no document"):
        evaluate(make_model(stop=True), text)


@pytest.mark.parametrize("stop", [False, True])
def test_unknown_characters(make_model, stop):
    model = make_model(stop=stop)
    with pytest.raises(VocabularyError, match="'Ω'"):
        evaluate(model, "To beΩ")
    assert evaluate(model, "ToΩ be", on_unknown="skip") == evaluate(model, "To be")
    assert evaluate(model, "ToΩbe", on_unknown="replace") == evaluate(model, "To be")


@pytest.mark.parametrize("stop", [False, True])
def test_a_model_that_diverged_is_told(make_model, stop):
    model = make_model(stop=stop)
    model.params["head.b"][0] = np.nan
    with pytest.raises(DivergedError, match="not finite"):
        evaluate(model, TEXT)


def test_a_perplexity_beyond_floats_is_infinite():
    assert Evaluation(nats=800.0, bits_per_char=1154.0, characters=9, symbols=9).perplexity == math.inf
