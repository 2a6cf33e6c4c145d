from __future__ import annotations

import math

import numpy as np
import pytest

import charlm
from charlm.analysis.baselines import corpus_baseline, text_baseline
from charlm.analysis.ngram import baseline
from charlm.errors import VocabularyError
from charlm.text.batches import document_stream

TEXT = "to be or not to be, that is the question\n" * 30


def test_a_corpus_is_split_as_training_splits_it() -> None:
    vocabulary = charlm.Vocabulary.from_text(TEXT)
    ids = vocabulary.encode(TEXT)
    parted = int(0.9 * len(ids))
    expected = baseline(ids[:parted], ids[parted - 1 :], len(vocabulary))
    assert corpus_baseline(TEXT) == expected
    assert expected is not None
    assert expected.tested_on == len(ids) - parted


def test_a_corpus_too_short_to_split() -> None:
    assert corpus_baseline("a") is None


def test_a_text_in_the_symbols_of_a_network() -> None:
    for unit in ("char", "byte"):
        vocabulary = charlm.Vocabulary.from_text(TEXT + "é", unit=unit)  # type: ignore[arg-type]
        found = text_baseline(vocabulary, TEXT, "to be é")
        assert found is not None
        assert found.tested_on == 6 + (unit == "byte")
        assert found.uniform_nats == math.log(len(vocabulary))
    with pytest.raises(VocabularyError, match="byte 0xce"):
        text_baseline(vocabulary, TEXT, "Ω")
    assert text_baseline(vocabulary, TEXT, "toΩ", on_unknown="skip") is not None


def test_documents_have_ends() -> None:
    vocabulary = charlm.Vocabulary.from_text("ab", stop=True)
    found = text_baseline(vocabulary, "ab\n\nab\n" * 50, "ab\nb\n")
    assert found is not None
    assert found.trained_on == 100 * 3 + 1
    assert found.tested_on == 5  # a b stop b stop
    np.testing.assert_array_equal(document_stream([np.array([0, 1]), np.array([1])], 2), [2, 0, 1, 2, 1, 2])
