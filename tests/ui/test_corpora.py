from __future__ import annotations

import io

import pytest
from rich.console import Console

from charlm.ui.corpora import CorpusTable

CORPORA = [
    {
        "name": "dates",
        "characters": 500_000,
        "true_bits": 1.37146,
        "description": "days of two centuries, in words",
    },
    {"name": "tales", "characters": 1_000_000, "true_bits": None, "description": "little stories from a grammar"},
]


@pytest.mark.parametrize("columns", [40, 59, 60, 80])
def test_nothing_is_cut_and_no_word_broken(columns: int):
    file = io.StringIO()
    Console(file=file, width=columns).print(CorpusTable(CORPORA))
    rows = file.getvalue().splitlines()
    words = file.getvalue().split()
    assert max(map(len, rows)) <= columns
    assert all(word in words for corpus in CORPORA for word in str(corpus["description"]).split())
    assert {"500,000", "1.3715", "1,000,000", "–"} <= {*words}
    assert ("days" in rows[1]) is (columns >= 60)
