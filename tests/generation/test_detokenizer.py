from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from charlm.config import SampleConfig
from charlm.generation.detokenizer import Detokenizer
from charlm.text.vocabulary import Vocabulary

VOCABULARIES = {
    "char": Vocabulary.from_text("abc \n", stop=True),
    # the bytes of é, of half of 日, and one that begins nothing
    "byte": Vocabulary("byte", (0x61, 0x62, 0xA9, 0xC3, 0xE6, 0xFF, "<stop>")),
    "grapheme": Vocabulary.from_text("abe\u0301👍🏽", unit="grapheme", stop=True),
}


def outcome(text: Detokenizer, shown: str) -> tuple[Any, ...]:
    under_way = text.finish_reason is None
    return shown, text.finish_reason, text.shown, text.logprobs, (text.drawn, text.missing) if under_way else ()


@given(st.data())
@pytest.mark.parametrize("unit", ["char", "byte", "grapheme"])
@pytest.mark.parametrize("logprobs", [False, True])
def test_symbols_at_once_make_the_text_that_they_make_one_by_one(unit, logprobs, data):
    vocabulary = VOCABULARIES[unit]
    # a stop symbol is seldom
    symbol = st.sampled_from([*range(len(vocabulary) - 1)] * 6 + [len(vocabulary) - 1])
    ids = np.array(data.draw(st.lists(symbol, max_size=40)), np.intp)
    values = -np.arange(1.0, len(ids) + 1) if logprobs else None
    stops = tuple(data.draw(st.lists(st.text("ab\ufffdé", min_size=1, max_size=3), max_size=2)))
    config = SampleConfig(length=data.draw(st.integers(0, 25)), stop=stops, finish_line=data.draw(st.booleans()))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(ids)), max_size=3)))

    single, shown = Detokenizer(vocabulary, config, logprobs=logprobs), ""
    for k, one in enumerate(ids.tolist()):
        if single.finish_reason is None:
            shown += single.push(one, float(values[k]) if values is not None else 0.0)
    bulk, passed = Detokenizer(vocabulary, config, logprobs=logprobs), ""
    for part in np.split(np.arange(len(ids)), cuts):
        if bulk.finish_reason is None:
            passed += bulk.extend(ids[part], None if values is None else values[part])
    assert outcome(bulk, passed) == outcome(single, shown)
    if single.finish_reason:
        assert single.drawn >= single.shown == len(shown)
        assert unit == "grapheme" or len(single.logprobs) == len(shown) * logprobs


def test_no_length_is_an_end():
    assert Detokenizer(VOCABULARIES["char"], SampleConfig(length=0)).finish_reason == "length"


def test_what_is_missing_counts_graphemes():
    text = Detokenizer(VOCABULARIES["grapheme"], SampleConfig(length=3))
    symbol = int(VOCABULARIES["grapheme"].encode("👍🏽")[0])
    assert text.push(symbol) == "👍🏽"
    assert text.missing == 2


def test_of_broken_utf8_at_the_end_no_more_is_taken_than_is_missing():
    vocabulary = VOCABULARIES["byte"]
    lead, broken = vocabulary.encode("é")[0], 5  # one completes two characters: U+FFFD twice
    text = Detokenizer(vocabulary, SampleConfig(length=1), logprobs=True)
    assert text.push(int(lead), -1.0) == ""
    assert text.push(broken, -2.0) == "\ufffd"
    assert text.logprobs == [-3.0]
    assert text.finish_reason == "length"


def written(text: str, config: SampleConfig, unit: str = "char") -> tuple[str, str | None]:
    """Return what becomes of a text whose symbols are drawn, and why it ends."""
    vocabulary = Vocabulary.from_text("abc \n \r\n", unit=unit)  # type: ignore[arg-type]
    one = Detokenizer(vocabulary, config)
    shown = ""
    for symbol in vocabulary.encode(text).tolist():
        if one.finish_reason is None:
            shown += one.push(symbol)
    return shown, one.finish_reason


@pytest.mark.parametrize("unit", ["char", "byte", "grapheme"])
@pytest.mark.parametrize(
    ("drawn", "shown"),
    [
        ("abc abc\nabc", "abc abc"),  # the line in which the length is reached
        ("abc\nab\nabc", "abc\nab"),  # the line feed that would be the next symbol
        ("abc a\nabc", "abc a"),  # the line feed that would be the last one
        ("abc\nb a\r\nabc", "abc\nb a"),
        ("abc" + "a" * 103 + "\nabc", "abc" + "a" * 103),  # a line is waited for so long
        ("abc " + "ab " * 60, "abc " + "ab " * 34 + "ab"),  # then a word will do
        ("a" * 300, "a" * 206),
    ],
)
def test_a_line_is_finished(unit, drawn, shown):
    assert written(drawn, SampleConfig(length=6, finish_line=True), unit) == (shown, "length")
    assert written(drawn, SampleConfig(length=6), unit)[0] in (drawn[:6], drawn[:7])


def test_a_stop_text_ends_a_line_that_is_being_finished():
    config = SampleConfig(length=2, finish_line=True, stop=("cb",))
    assert written("abcacbab\n", config) == ("abca", "stop")
    assert written("abcac\n", config) == ("abcac", "length")  # what was held back is passed on


def test_where_nothing_is_to_be_drawn_no_line_is_finished():
    assert SampleConfig(length=0, finish_line=True).longest == 0
    assert SampleConfig(length=9, finish_line=True, regex="a+").longest == 9
    assert SampleConfig(length=9, finish_line=True).longest == 209
