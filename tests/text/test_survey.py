from __future__ import annotations

import lzma
import math

import pytest

from charlm.analysis import held_out_bits
from charlm.models.ngram import NgramModel
from charlm.text.survey import RARE, survey_text
from charlm.text.vocabulary import Vocabulary


def test_units_and_rare_characters_by_hand():
    text = "e\u0301" * RARE + "日" * (RARE - 1) + "z"
    found = survey_text(text)
    assert (found.bytes, found.distinct_bytes) == (3 * RARE + 3 * (RARE - 1) + 1, 7)
    assert (found.graphemes, found.distinct_graphemes) == (2 * RARE, 3)
    assert found.rare == 2
    assert found.rarest == ("z", "日")
    assert found.scripts == pytest.approx({"Latin": (RARE + 1) / (2 * RARE), "Han": (RARE - 1) / (2 * RARE)})


def test_lines_repeats_and_leaks_by_hand():
    known, other = "a line that occurs twice", "a line that occurs once!"
    text = "\n".join([known, known, "", *["short"] * 5, other, *["x"] * 40])
    found = survey_text(text + "\n")
    assert found.repeated_lines == pytest.approx(1 / 3)
    assert found.blank_lines == 1
    assert (found.median_line, found.long_line) == (1, 5)
    lines = [f"line number {k:3d} of all of " for k in range(100)]  # of which 89 and a part are learnt
    assert survey_text("\n".join(lines)).leaked_lines == 0
    lines[91:94] = lines[:3]
    assert survey_text("\n".join(lines)).leaked_lines == pytest.approx(3 / 10)  # the cut one does not count


def test_bits_are_those_of_single_models_and_of_xz():
    text = "to be or not to be, that is the question\n" * 40
    found = held_out_bits(text)
    ids = Vocabulary.from_text(text).encode(text)
    rest = len(ids) * 9 // 10
    for order in (1, 3, 6):
        nats = NgramModel(ids[:rest], int(ids.max()) + 1, order=order).mean_nats(ids, skip=rest)[-1]
        assert found[f"{order}-gram"] == pytest.approx(nats / math.log(2))
    assert found["xz"] == pytest.approx(8 * len(lzma.compress(text.encode())) / len(text))
    assert list(found) == [*(f"{k}-gram" for k in range(1, 7)), "xz"]
    assert list(held_out_bits("a")) == ["xz"]
