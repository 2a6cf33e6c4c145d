from __future__ import annotations

from charlm.analysis.quotations import measure_novelty

LEARNT = "the cat sat on the mat and ran far off to see the dog "


def test_a_text_that_writes_and_one_that_quotes() -> None:
    writes, quotes = measure_novelty(["the dog ran on", LEARNT[5:35]], LEARNT, "a cat and a dog ran off the mat")
    assert writes.border == quotes.border == writes.unseen + 1
    assert (writes.to_json()["quoted"], quotes.to_json()["quoted"]) == ([], [(0, 30)])
    assert quotes.to_json()["offset"] == 5


def test_where_nothing_was_held_out_thirty_characters_count() -> None:
    short, long = measure_novelty([LEARNT[:29], LEARNT[:31]], LEARNT)
    assert (short.unseen, short.border) == (None, 30)
    assert (short.found.runs(short.border), long.found.runs(long.border)) == ([], [(0, 31)])


def test_no_texts() -> None:
    assert measure_novelty([], LEARNT, "unseen") == []
