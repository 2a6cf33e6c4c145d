from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from charlm.analysis.novelty import Overlap, overlaps


def naive(text: str, corpus: str) -> list[int]:
    """Try every run at every place; one of n characters leaves one of n - 1 to the next place."""
    lengths, n = [], 0
    for k in range(len(text)):
        n = max(n - 1, 0)
        while k + n < len(text) and text[k : k + n + 1] in corpus:
            n += 1
        lengths.append(n)
    return lengths


def check(texts: list[str], corpus: str, **options: int) -> list[Overlap]:
    found = overlaps(texts, corpus, **options)
    assert [one.text for one in found] == texts
    for one in found:
        assert one.lengths.tolist() == naive(one.text, corpus)
        for k, (n, place) in enumerate(zip(one.lengths.tolist(), one.places.tolist(), strict=True)):
            assert corpus[place : place + n] == one.text[k : k + n]
        assert len(one.run) == one.longest == max(naive(one.text, corpus), default=0)
        assert one.run in corpus
        assert one.text[one.start :].startswith(one.run)
    return found


few = st.text("ab", max_size=60)
strange = st.text("abé日😀\ud800\0\n", max_size=40)


@given(st.lists(few, max_size=4), few)
def test_runs_are_those_of_the_naive_search(texts, corpus):
    check(texts, corpus)


@given(st.lists(strange, max_size=4), strange)
def test_of_any_characters(texts, corpus):
    check(texts, corpus)


@given(st.lists(few, max_size=3), few, st.integers(1, 20))
def test_chunks_change_nothing(texts, corpus, chunk):
    whole = overlaps(texts, corpus)
    for one, other in zip(check(texts, corpus, chunk=chunk), whole, strict=True):
        assert np.array_equal(one.lengths, other.lengths)


@settings(max_examples=25)
@given(st.integers(0, 10**6), st.integers(1, 5))
def test_long_copies_among_long_repeats(seed, letters):
    rng = np.random.default_rng(seed)

    def write(n: int) -> str:
        return "".join(map(chr, 97 + rng.integers(letters, size=n)))

    phrase = write(150)
    corpus = write(300) + phrase + write(20) + phrase[:100] + write(50) + phrase[30:] + "a" * 80
    texts = [write(30) + phrase[10:140] + write(30), "a" * 130, corpus[250:520], write(3), ""]
    found = check(texts, corpus)
    assert found[0].longest >= 130
    assert found[2].longest == len(texts[2])
    check(texts, corpus, chunk=64)


def test_parts_that_lie_in_runs():
    (one,) = overlaps(["xxabcdefyyefghizz"], "abcdef..defghi")
    assert one.runs(6) == [(2, 8)]
    assert one.runs(5) == [(2, 8), (10, 15)]
    assert one.runs(7) == []
    (one,) = overlaps(["abcdefghi"], "abcdef..defghi")
    assert one.runs(6) == [(0, 9)]  # two runs that overlap
    assert one.runs(0) == [(0, 9)]


def test_a_run_does_not_go_from_one_text_into_the_next():
    first, second = overlaps(["ab", "cd"], "abcd")
    assert (first.longest, second.longest) == (2, 2)
