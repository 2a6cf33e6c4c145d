"""Vocabularies: exact round trips for any Unicode, and one-line errors for everything else."""

from __future__ import annotations

import dataclasses
import json
import sys
import unicodedata

import numpy as np
import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st

from charlm.errors import UsageError, VocabularyError
from charlm.text.units import prepare
from charlm.text.vocabulary import Vocabulary

UNITS = ("char", "byte", "grapheme")

# lone surrogates, combining marks, emoji sequences, controls and line ends are likelier here than by chance
characters = st.one_of(
    st.characters(),
    st.characters(categories=["Cs"]),
    st.sampled_from("\0\r\n\t\ufeff\ufffd\u200d\u0301\U0001f469\U0001f680\U0001f1eb\u1100\u1161가éﬁＡİßΣ"),
)
texts = st.text(characters, min_size=1)
units = st.sampled_from(UNITS)


def utf8(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def one_line(error: pytest.ExceptionInfo[Exception]) -> str:
    message = str(error.value)
    assert "\n" not in message
    assert message.isprintable()
    return message


# round trips


@given(texts, units)
def test_decode_undoes_encode(text: str, unit: str) -> None:
    vocabulary = Vocabulary.from_text(text, unit=unit)
    assert vocabulary.decode(vocabulary.encode(text)) == text


@given(texts, units, st.sampled_from(["none", "NFC", "NFKC"]), st.booleans())
def test_decode_undoes_encode_up_to_preparing(text: str, unit: str, normalize: str, lowercase: bool) -> None:
    vocabulary = Vocabulary.from_text(text, unit=unit, normalize=normalize, lowercase=lowercase, stop=True)
    prepared = vocabulary.prepare(text)
    assert vocabulary.decode(vocabulary.encode(text)) == prepared
    assert vocabulary.decode(vocabulary.encode(prepared)) == prepared


@given(texts, units)
def test_ids_are_places_among_the_sorted_symbols(text: str, unit: str) -> None:
    pieces = {"char": list(text), "byte": list(utf8(text)), "grapheme": regex.findall(r"\X", text)}[unit]
    expected = sorted(set(pieces))
    vocabulary = Vocabulary.from_text(text, unit=unit)
    assert vocabulary.symbols == tuple(expected)
    assert vocabulary.encode(text).tolist() == [expected.index(piece) for piece in pieces]


@given(texts, units, st.integers(1, 3), st.booleans(), st.sampled_from(["none", "NFC", "NFKC"]), st.booleans())
def test_json_round_trip(text: str, unit: str, min_count: int, stop: bool, normalize: str, lower: bool) -> None:
    text *= min_count + 1  # some symbol occurs often enough
    vocabulary = Vocabulary.from_text(
        text, unit=unit, min_count=min_count, normalize=normalize, lowercase=lower, stop=stop
    )
    rebuilt = Vocabulary.from_json(json.loads(json.dumps(vocabulary.to_json())))
    assert rebuilt == vocabulary
    assert hash(rebuilt) == hash(vocabulary)
    assert (rebuilt.unknown_id, rebuilt.stop_id) == (vocabulary.unknown_id, vocabulary.stop_id)


def test_every_code_point_has_its_own_id() -> None:
    text = "".join(map(chr, range(sys.maxunicode + 1)))
    vocabulary = Vocabulary.from_text(text)
    assert np.array_equal(vocabulary.encode(text), np.arange(sys.maxunicode + 1))
    assert vocabulary.decode(vocabulary.encode(text)) == text


def test_surrogates_side_by_side_do_not_merge() -> None:
    text = "\ud83d\ude00 \U0001f600"
    for unit in UNITS:
        vocabulary = Vocabulary.from_text(text, unit=unit)
        assert vocabulary.decode(vocabulary.encode(text)) == text


def test_symbols_may_stand_in_any_order() -> None:
    vocabulary = Vocabulary("char", ("b", "\U0001f600", "a"))
    assert vocabulary.encode("ab\U0001f600").tolist() == [2, 0, 1]
    assert vocabulary.decode([2, 0, 1]) == "ab\U0001f600"


def test_graphemes_keep_together_what_a_reader_sees_as_one() -> None:
    text = "e\u0301\r\n\U0001f469\u200d\U0001f680\U0001f1eb\U0001f1f7"
    vocabulary = Vocabulary.from_text(text, unit="grapheme")
    assert sorted(vocabulary.symbols) == sorted(
        ["e\u0301", "\r\n", "\U0001f469\u200d\U0001f680", "\U0001f1eb\U0001f1f7"]
    )


@pytest.mark.parametrize(("size", "dtype"), [(2, "u1"), (256, "u1"), (257, "u2"), (65536, "u2"), (65537, "u4")])
def test_ids_have_the_smallest_type(size: int, dtype: str) -> None:
    text = "".join(map(chr, range(size)))
    vocabulary = Vocabulary.from_text(text)
    assert len(vocabulary) == size
    assert vocabulary.encode(text).dtype == vocabulary.dtype == np.dtype(dtype)
    assert vocabulary.encode("").dtype == np.dtype(dtype)
    assert vocabulary.encode(text)[-1] == size - 1


def test_empty_texts_have_no_ids() -> None:
    for unit in UNITS:
        vocabulary = Vocabulary.from_text("a", unit=unit)
        assert vocabulary.encode("").shape == (0,)
        assert vocabulary.decode([]) == ""


# preparing


@pytest.mark.parametrize("normalize", ["none", "NFC", "NFKC"])
@pytest.mark.parametrize("lowercase", [False, True])
def test_preparing_twice_is_preparing_once(normalize: str, lowercase: bool) -> None:
    for code in range(sys.maxunicode + 1):
        once = prepare(chr(code), normalize=normalize, lowercase=lowercase)
        if once != chr(code):
            assert prepare(once, normalize=normalize, lowercase=lowercase) == once


def test_preparing() -> None:
    text = "E\u0301 ﬁ J\u030c"
    assert prepare(text, normalize="none", lowercase=False) == text
    assert prepare(text, normalize="NFC", lowercase=False) == "É ﬁ J\u030c"
    assert prepare(text, normalize="NFKC", lowercase=True) == "é fi \u01f0"
    assert prepare(text, normalize="none", lowercase=True) == "e\u0301 ﬁ j\u030c"


def test_texts_are_prepared_before_they_are_encoded() -> None:
    vocabulary = Vocabulary.from_text("É", normalize="NFC", lowercase=True)
    assert vocabulary.symbols == ("é",)
    assert vocabulary.encode("E\u0301eé".replace("e", "")).tolist() == [0, 0]


# special symbols


def test_rare_symbols_share_the_unknown_slot() -> None:
    vocabulary = Vocabulary.from_text("aaabbc", min_count=2)
    assert vocabulary.symbols == ("a", "b", "<unk>")
    assert (vocabulary.unknown_id, vocabulary.stop_id) == (2, None)
    ids = vocabulary.encode("abcz", on_unknown="replace")
    assert ids.tolist() == [0, 1, 2, 2]
    assert vocabulary.decode(ids) == "ab\ufffd\ufffd"


def test_stop_is_last_and_decodes_to_nothing() -> None:
    vocabulary = Vocabulary.from_text("aabbc", min_count=2, stop=True)
    assert vocabulary.symbols == ("a", "b", "<unk>", "<stop>")
    assert (vocabulary.unknown_id, vocabulary.stop_id) == (2, 3)
    assert len(vocabulary) == 4
    assert vocabulary.decode([3, 0, 3, 1, 3]) == "ab"
    only_stop = Vocabulary.from_text("ab", stop=True)
    assert (only_stop.unknown_id, only_stop.stop_id) == (None, 2)


def test_no_text_holds_a_special_symbol() -> None:
    for unit in UNITS:
        vocabulary = Vocabulary.from_text("<unk><stop>" * 2, unit=unit, min_count=2, stop=True)
        ids = vocabulary.encode("<unk><stop>")
        assert len(ids) == len("<unk><stop>")
        assert vocabulary.unknown_id not in ids
        assert vocabulary.stop_id not in ids
        assert vocabulary.decode(ids) == "<unk><stop>"
        assert "<unk>" not in vocabulary
        assert "<stop>" not in vocabulary


@pytest.mark.parametrize(
    ("text", "unit", "expected"),
    [
        ("a? ", "char", "a?"),
        ("a ", "char", "a "),
        ("a? ", "byte", "a??"),
        ("a ", "byte", "a  "),
        ("a ?", "grapheme", "a?"),
    ],
)
def test_replacements_without_an_unknown_slot(text: str, unit: str, expected: str) -> None:
    vocabulary = Vocabulary.from_text(text, unit=unit)
    assert vocabulary.decode(vocabulary.encode("aé", on_unknown="replace")) == expected


@given(texts, texts, units)
def test_skipping_leaves_the_known_symbols(known: str, text: str, unit: str) -> None:
    vocabulary = Vocabulary.from_text(known, unit=unit)
    pieces = {"char": list(text), "byte": list(utf8(text)), "grapheme": regex.findall(r"\X", text)}[unit]
    ids = vocabulary.encode(text, on_unknown="skip")
    assert [vocabulary.symbols[k] for k in ids] == [piece for piece in pieces if piece in vocabulary]


def test_membership_is_of_symbols() -> None:
    assert "a" in Vocabulary.from_text("a")
    assert ord("a") in Vocabulary.from_text("a", unit="byte")
    assert "a" not in Vocabulary.from_text("a", unit="byte")
    assert "b" not in Vocabulary.from_text("a")


# decoding one at a time


@given(st.lists(st.integers(0, 255)))
def test_streamed_bytes_are_the_decoded_bytes(data: list[int]) -> None:
    vocabulary = Vocabulary("byte", tuple(range(256)))
    decoder = vocabulary.decoder()
    assert "".join(map(decoder.feed, data)) + decoder.flush() == vocabulary.decode(data)
    assert decoder.flush() == ""


@given(
    st.lists(st.sampled_from([0x41, 0xC3, 0xA9, 0xE2, 0x82, 0xAC, 0xED, 0xA0, 0x80, 0xF0, 0x9F, 0xFF, 256, 257]))
)
def test_streamed_broken_characters_are_the_decoded_ones(ids: list[int]) -> None:
    vocabulary = Vocabulary("byte", (*range(256), "<unk>", "<stop>"))
    decoder = vocabulary.decoder()
    assert "".join(map(decoder.feed, ids)) + decoder.flush() == vocabulary.decode(ids)


@given(st.lists(st.integers(0, 255)))
def test_bytes_decode_as_python_decodes_them(data: list[int]) -> None:
    try:
        expected = bytes(data).decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        expected = bytes(data).decode("utf-8", "replace")
        if any("\ud800" <= c <= "\udfff" for c in Vocabulary("byte", tuple(range(256))).decode(data)):
            return  # Python has no handler that does both
    assert Vocabulary("byte", tuple(range(256))).decode(data) == expected


@given(texts)
def test_a_streamed_character_comes_with_its_last_byte(text: str) -> None:
    decoder = Vocabulary("byte", tuple(range(256))).decoder()
    for character in text:
        *first, last = utf8(character)
        assert [decoder.feed(byte) for byte in first] == [""] * len(first)
        assert decoder.feed(last) == character


def test_other_units_stream_at_once() -> None:
    decoder = Vocabulary("grapheme", ("e\u0301", "\r\n", "<unk>", "<stop>")).decoder()
    assert [decoder.feed(k) for k in (0, 1, 2, 3)] == ["e\u0301", "\r\n", "\ufffd", ""]
    assert decoder.flush() == ""


# errors


@pytest.mark.parametrize(
    ("unit", "text", "where"),
    [
        ("char", "abab\né", "character 'é' at offset 5 is not among this model's 3; "),
        ("char", "a\u202e", "character '\\u202e' at offset 1 is not"),
        ("char", "\ud800", "character '\\ud800' at offset 0 is not"),
        ("char", "\U0010ffff", "character '\\U0010ffff' at offset 0 is not"),
        ("byte", "aé", "byte 0xc3 at byte offset 1 is not"),
        ("grapheme", "\r\nae\u0301", "grapheme 'e\u0301' at offset 3 is not"),
        ("grapheme", "a" + "\u0301" * 10_000, "grapheme"),
    ],
)
def test_an_unknown_symbol_is_named_with_its_offset(unit: str, text: str, where: str) -> None:
    vocabulary = Vocabulary.from_text("ab\n\r\n" if unit == "grapheme" else "ab\n", unit=unit)
    with pytest.raises(VocabularyError) as error:
        vocabulary.encode(text)
    message = one_line(error)
    assert message.startswith(where)
    assert message.endswith('pass `on_unknown="skip" or "replace"`, or retrain')
    assert len(message) < 200


def test_nothing_to_replace_by() -> None:
    with pytest.raises(VocabularyError, match=r"^character 'é' at offset 1 .* `on_unknown=.skip.`") as error:
        Vocabulary.from_text("a").encode("aé", on_unknown="replace")
    one_line(error)


@pytest.mark.parametrize("ids", [[-1], [0, 3], [2**40]])
def test_ids_outside_are_refused(ids: list[int]) -> None:
    with pytest.raises(VocabularyError, match=f"^id {ids[-1]} is outside .* from 0 to 2"):
        Vocabulary.from_text("abc").decode(ids)


@pytest.mark.parametrize(
    ("text", "options", "says"),
    [
        ("", {}, "text is empty"),
        ("", {"stop": True, "unit": "byte"}, "text is empty"),
        ("abc", {"min_count": 2}, "no char occurs 2 times; lower `min_count`"),
        ("abc", {"unit": "word"}, "unit is 'word'; choose one of char, byte, grapheme"),
        ("abc", {"normalize": "NFX"}, "normalize is 'NFX'; choose one of none, NFC, NFKC"),
        ("abc", {"lowercase": 1}, "lowercase is 1"),
    ],
)
def test_texts_and_settings_without_a_vocabulary(text: str, options: dict[str, object], says: str) -> None:
    with pytest.raises(VocabularyError, match=says) as error:
        Vocabulary.from_text(text, **options)
    one_line(error)


def test_min_count_starts_at_one() -> None:
    with pytest.raises(UsageError, match="`min_count` is 0; it must be at least 1"):
        Vocabulary.from_text("a", min_count=0)


good = {"unit": "char", "symbols": ["a", "b"], "normalize": "none", "lowercase": False}


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (None, "is not a vocabulary"),
        ([], "is not a vocabulary"),
        ({}, "is not a vocabulary"),
        ({"symbols": ["a"]}, "is not a vocabulary"),
        (good | {"symbols": "ab"}, "is not a vocabulary"),
        (good | {"symbols": {"a": 0}}, "is not a vocabulary"),
        (good | {"merges": []}, "another version"),
        (good | {1: 2}, "another version"),
        (good | {"unit": "word"}, "unit is 'word'"),
        (good | {"unit": ["char"]}, "unit is"),
        (good | {"unit": None}, "unit is None"),
        (good | {"normalize": "NFD"}, "normalize is 'NFD'"),
        (good | {"lowercase": "no"}, "lowercase is 'no'"),
        (good | {"symbols": []}, "at least one symbol"),
        (good | {"symbols": ["<unk>"]}, "at least one symbol"),
        (good | {"symbols": ["<unk>", "<stop>"]}, "at least one symbol"),
        (good | {"symbols": ["a", ""]}, "symbol 1 is ''; a vocabulary of unit char has single characters"),
        (good | {"symbols": ["ab"]}, "symbol 0 is 'ab'"),
        (good | {"symbols": [97]}, "symbol 0 is 97"),
        (good | {"symbols": ["a", None]}, "symbol 1 is None"),
        (good | {"symbols": ["a", ["b"]]}, "symbol 1 is"),
        (good | {"symbols": ["a", {"b": 1}]}, "symbol 1 is"),
        (good | {"symbols": ["a", "x" * 10**6]}, "symbol 1 is"),
        (good | {"symbols": ["a\nb"]}, "symbol 0 is"),
        (good | {"symbols": ["a", "b", "a"]}, "symbol 'a' stands 2 times"),
        (good | {"symbols": ["a", "<unk>", "b"]}, "symbol 1 is <unk>; .* only end"),
        (good | {"symbols": ["a", "<stop>", "<unk>"]}, "symbol 1 is <stop>; .* only end"),
        (good | {"symbols": ["a", "<unk>", "<unk>"]}, "symbol 1 is <unk>; .* only end"),
        (good | {"unit": "byte", "symbols": [0, 256]}, "symbol 1 is 256; .* from 0 to 255"),
        (good | {"unit": "byte", "symbols": [-1]}, "symbol 0 is -1"),
        (good | {"unit": "byte", "symbols": [True]}, "symbol 0 is True"),
        (good | {"unit": "byte", "symbols": [1.0]}, "symbol 0 is 1.0"),
        (good | {"unit": "byte", "symbols": ["a"]}, "symbol 0 is 'a'"),
        (good | {"unit": "byte", "symbols": [7, 7]}, "symbol 7 stands 2 times"),
        (good | {"unit": "grapheme", "symbols": ["a", ""]}, "symbol 1 is ''; .* strings of one character or more"),
        (good | {"unit": "grapheme", "symbols": ["<stop>", "a"]}, "symbol 0 is <stop>"),
    ],
)
def test_hostile_json_is_refused(data: object, says: str) -> None:
    with pytest.raises(VocabularyError, match=says) as error:
        Vocabulary.from_json(data)
    assert len(one_line(error)) < 250


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
)


@given(
    st.fixed_dictionaries(
        {"symbols": json_values | st.lists(st.text(max_size=2) | st.integers(-1, 256) | st.just("<unk>"))},
        optional={"unit": units | json_values, "normalize": json_values, "lowercase": st.booleans() | json_values},
    )
    | json_values
)
def test_any_json_is_a_vocabulary_or_refused(data: object) -> None:
    try:
        vocabulary = Vocabulary.from_json(data)
    except VocabularyError:
        return
    assert vocabulary.to_json()["symbols"] == data["symbols"]  # type: ignore[index]
    vocabulary.encode("a?", on_unknown="skip")
    vocabulary.decode(range(len(vocabulary)))


def test_settings_may_be_left_out_of_json() -> None:
    assert Vocabulary.from_json({"unit": "byte", "symbols": [1, 2]}) == Vocabulary("byte", (1, 2))


# the value itself


def test_vocabularies_are_values() -> None:
    vocabulary = Vocabulary.from_text("abc")
    assert vocabulary == Vocabulary("char", ("a", "b", "c"))
    assert vocabulary != Vocabulary("grapheme", ("a", "b", "c"))
    assert vocabulary != Vocabulary.from_text("abc", lowercase=True)
    assert repr(vocabulary) == "<Vocabulary of 3 symbols, unit char>"
    with pytest.raises(dataclasses.FrozenInstanceError):
        vocabulary.symbols = ("x",)  # type: ignore[misc]


def test_normal_forms_are_those_of_unicode() -> None:
    text = "A\u030a \u212b ²"
    assert Vocabulary.from_text(text, normalize="NFKC").prepare(text) == unicodedata.normalize("NFKC", text)


def test_training_replaces_unknown_symbols_where_it_can() -> None:
    assert Vocabulary.from_text("ab").training_on_unknown == "error"
    assert Vocabulary.from_text("aab", min_count=2).training_on_unknown == "replace"


@pytest.mark.parametrize("unit", ["char", "byte"])
def test_blocks_change_nothing(unit, monkeypatch):
    text = "añb日\n" * 3
    vocabulary = Vocabulary.from_text(text + "? ", unit=unit)
    whole = {how: vocabulary.encode(text + "é" + text, on_unknown=how).tolist() for how in ("skip", "replace")}
    with pytest.raises(VocabularyError) as error:
        vocabulary.encode(text + "é" + text)
    monkeypatch.setattr("charlm.text.vocabulary._BLOCK", 4)
    assert {how: vocabulary.encode(text + "é" + text, on_unknown=how).tolist() for how in whole} == whole
    with pytest.raises(VocabularyError) as again:
        vocabulary.encode(text + "é" + text)
    assert str(again.value) == str(error.value)
    assert vocabulary.encode("").size == 0
