"""Pairs: what is written is read back, what is wrong is named with its line, and held-out sources are unseen."""

from __future__ import annotations

import gzip
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charlm.errors import CorpusError, UsageError
from charlm.text.builtin.tasks import pairs_of
from charlm.text.pair_corpus import read_pair_corpus
from charlm.text.pairs import Pair, check_pairs, drop_long, format_pair, parse_pairs, split_pairs

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12) | st.text(
    "\\\t\n\r\0tnrx\ufeff\x85\u2028", max_size=9
)
PAIRS = st.lists(st.builds(Pair, TEXTS, TEXTS), min_size=1, max_size=9)


def one_line(error: pytest.ExceptionInfo[CorpusError], code: int = 3) -> None:
    assert "\n" not in str(error.value)
    assert "; " in str(error.value), "a cause and a remedy"
    assert error.value.exit_code == code


@given(PAIRS, st.sampled_from(["\n", "\r\n"]), st.booleans())
def test_what_is_written_is_read_back(pairs: list[Pair], end: str, ended: bool) -> None:
    lines = [format_pair(pair) for pair in pairs]
    assert not any(set("\r\n") & set(line) or line.count("\t") != 1 for line in lines)
    assert parse_pairs(end.join(lines) + end * ended, "here") == pairs


def test_lines_as_people_write_them() -> None:
    assert parse_pairs("a\tb\nc\t\n\td\n\t\na\tb", "x") == [("a", "b"), ("c", ""), ("", "d"), ("", ""), ("a", "b")]
    assert parse_pairs(r"\t\n\\\r" + "\t" + r"C:\\new", "x") == [("\t\n\\\r", "C:\\new")]
    assert parse_pairs("\0\t\x85\u2028\x0c\n", "x") == [("\0", "\x85\u2028\x0c")]
    assert parse_pairs("a\rb\tc\r\n", "x") == [("a\rb", "c")]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "there are no pairs in x; write one a line, source<TAB>target"),
        ("\n", "line 1 of x is blank; write source<TAB>target"),
        ("a\tb\n\nc\td\n", "line 2 of x is blank; "),
        ("a\tb\r\n \r\n", "line 2 of x is blank; "),
        ("a\tb\nc d\n", "line 2 of x has no tab; write source<TAB>target, and a tab within either as \\t"),
        ("a\tb\tc\n", "line 1 of x has 2 tabs; "),
        ("a\tb\n" * 1233 + "\t\t", "line 1,234 of x has 2 tabs; "),
        ("a\tb\\", "line 1 of x has a lone backslash at the end of a string; use \\t, \\n and \\r, and \\\\ for"),
        ("a\\\tb", "line 1 of x has a lone backslash at the end of a string; "),
        ("a\tb\\\r\n", "line 1 of x has a lone backslash at the end of a string; "),
        ("a\\\\\\\tb", "line 1 of x has a lone backslash at the end of a string; "),
        ("a\tb\nc\\d\te", "line 2 of x has an unknown escape \\d; use \\t"),
        ("a\t\\é", "line 1 of x has an unknown escape \\é; "),
        ("a" * 1_000_000, "line 1 of x has no tab; "),
    ],
)
def test_refusals_name_the_line(text: str, says: str) -> None:
    with pytest.raises(CorpusError) as error:
        parse_pairs(text, "x")
    one_line(error)
    assert says in str(error.value)
    assert len(str(error.value)) < 150


@given(st.text("a\\\t\n\rtn", max_size=12))
def test_a_text_is_read_or_refused(text: str) -> None:
    try:
        pairs = parse_pairs(text, "x")
    except CorpusError:
        return
    assert len(pairs) == len(text.removesuffix("\n").split("\n")), "a pair for each line"
    assert parse_pairs("\n".join(map(format_pair, pairs)), "x") == pairs


def test_a_very_long_line_and_very_many() -> None:
    long = "ab\\n" * 1_000_000
    assert parse_pairs(f"{long}\t{long}\n", "x") == [("ab\n" * 1_000_000,) * 2]
    assert len(parse_pairs("source\ttarget\n" * 300_000, "x")) == 300_000


def test_files_are_read_as_texts_are(tmp_path: Path) -> None:
    file = tmp_path / "pairs.tsv"
    file.write_bytes(b"\xef\xbb\xbfa\xc3\xa9\tb\r\n\0\t\r\n")
    assert read_pair_corpus(str(file)).pairs == [("aé", "b"), ("\0", "")]
    (tmp_path / "pairs.tsv.gz").write_bytes(gzip.compress(b"a\tb\n"))
    assert read_pair_corpus(str(tmp_path / "pairs.tsv.gz")).pairs == [("a", "b")]
    assert read_pair_corpus("-", stdin=io.BytesIO(b"a\tb")).pairs == [("a", "b")]
    assert read_pair_corpus("builtin:reverse").pairs == pairs_of("reverse")
    file.write_bytes(b"a\tb\nc\n")
    with pytest.raises(CorpusError, match=r"^line 2 of '.*pairs\.tsv' has no tab; "):
        read_pair_corpus(str(file))
    file.write_bytes(b"")
    with pytest.raises(CorpusError, match=r"^there are no pairs in '.*pairs\.tsv'; "):
        read_pair_corpus(str(file))
    with pytest.raises(CorpusError, match=r"^there are no pairs in standard input; "):
        read_pair_corpus("-", stdin=io.BytesIO(b""))
    with pytest.raises(CorpusError, match="no built-in task of pairs 'tales'; choose one of add, "):
        read_pair_corpus("builtin:tales")


def test_tags_are_one_for_each_character() -> None:
    pairs = [Pair("abc", "BII"), Pair("é", "B")]
    check_pairs(pairs, "tags", "x")
    for wrong, says in ((Pair("ab", "BII"), "3 tags for 2 characters"), (Pair("", ""), "0 tags for 0 characters")):
        with pytest.raises(CorpusError, match=f"^line 3 of x has {says}; ") as error:
            check_pairs([*pairs, wrong], "tags", "x")
        one_line(error)
        check_pairs([*pairs, wrong], "text", "x")
        check_pairs([*pairs, wrong], "label", "x")


def test_long_pairs_are_left_out_and_counted() -> None:
    pairs = [Pair("a" * n, "b" * m) for n, m in ((3, 1), (4, 1), (1, 3), (1, 4), (3, 3))]
    assert drop_long(pairs, 3) == ([pairs[0], pairs[2], pairs[4]], 2)
    assert drop_long(pairs) == (pairs, 0)
    with pytest.raises(CorpusError, match=r"^every pair is longer than 512 characters; ") as error:
        drop_long([Pair("a" * 513, "")])
    one_line(error)


@given(
    st.lists(st.tuples(st.integers(0, 9), st.integers(0, 99)), min_size=1, max_size=30),
    st.integers(0, 9),
    st.integers(0, 2**32),
)
def test_pairs_are_held_out_by_source(numbers: list[tuple[int, int]], tenths: int, seed: int) -> None:
    pairs = [Pair(str(a), str(b)) for a, b in numbers]
    train, held_out = split_pairs(pairs, tenths / 10, seed)
    assert not {pair.source for pair in train} & {pair.source for pair in held_out}
    assert sorted(train + held_out) == sorted(pairs)
    for part in (train, held_out):  # in order: what is left of the pairs
        rest = iter(pairs)
        assert all(pair in rest for pair in part)
    n = len({pair.source for pair in pairs})
    kept = n * (10 - tenths) // 10
    assert len({pair.source for pair in train}) == (kept or n), "something is left to train on"
    assert split_pairs(pairs, tenths / 10, seed) == (train, held_out)


def test_the_seed_decides_what_is_held_out() -> None:
    pairs = pairs_of("add", 200)
    assert len({tuple(split_pairs(pairs, 0.1, seed)[1]) for seed in range(5)}) == 5
    with pytest.raises(UsageError, match="`val_frac` is 1"):
        split_pairs(pairs, 1, 0)
