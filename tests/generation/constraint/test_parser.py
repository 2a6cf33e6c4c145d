from __future__ import annotations

import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st

from charlm.errors import CharlmError, UsageError
from charlm.generation.constraint.compiling import automaton_of
from charlm.generation.constraint.parser import parse
from charlm.text.vocabulary import Vocabulary

ALPHABET = "aAbB0é \n]-[^#k\u212a:|&"
VOCABULARY = Vocabulary.from_text(ALPHABET)


def words(pattern: str, length: int = 2) -> set[str]:
    """Return all texts over the alphabet that an automaton of the pattern accepts."""
    made, found = automaton_of(parse(pattern).node, VOCABULARY, length), set()
    waiting = [("", made.tables.state(made.reader.start))]
    while waiting:
        text, state = waiting.pop()
        if state[0].view.may_end:
            found.add(text)
        live = (made.reader.needs(made.tables.name(state)) <= length - len(text)).nonzero()[0].tolist()
        waiting += [(text + str(VOCABULARY.symbols[k]), made.tables.after(state, k)) for k in live]
    return found


@pytest.mark.parametrize(
    "pattern",
    [
        "[]a]",
        "[^]a]",
        "[a-]",
        r"[\]a]",
        "[[:alpha:]]",
        "[[:^alpha:]b]",
        "[[a]",
        "[a[:]",
        "a{,2}",
        "a{1}",
        "a{,}",
        "a{x}",
        "a{2,}",
        "(?i)k",
        "(?i:K)a",
        "a(?i)b|c",
        "(?s).",
        ".",
        "(?a)\\w",
        r"\x41",
        r"\u00e9",
        r"\U00000041",
        r"\101",
        r"\060",
        r"\0",
        r"\N{LATIN SMALL LETTER A}",
        r"\pL",
        r"\p{Lu}",
        r"\P{L}",
        r"\p{^L}",
        "(?P<x>a)",
        "(?<x>a)",
        "(?|a|b)",
        "(?:a|)",
        "()",
        "(?#no)a",
        "(?x) a  b # c",
        "(?x: a ) b",
        r"(?x)a\ b",
        "(?x)[a b]",
        "(?x)a # c\n b",
        "^a$",
        r"\Aa\Z",
        "(?m)^a$",
        "(^a|b)$",
        "a*?",
        "a+?b??",
        "(?V1)[a-zA-Z--[ab]]",
        "(?V1)[ab&&[b0]]",
        "(?V1)[[ab]||0]",
        "(?V0)[+--a]",
        "(?V1)[a~~[ab]]",
        "(?-i:a)",
        "(?i)(?-i:a)B",
        r"\-",
        r"\]",
        "a||b",
        r"\h",
        r"\s",
        r"\D",
        "[a\\d]",
        r"[\w--a]",
        "(?u)\\w",
        "(?b)a",
        "(?p)a|ab",
        "(?f)a",
        r"[^\W_]",
        "{",
        "a{b",
        "}",
        "]",
        "(?:(?:a?)*)*",
        "(?:a{0}b)?",
        r"\g",
    ],
)
def test_a_pattern_is_read_as_regex_reads_it(pattern):
    compiled = regex.compile(pattern)
    every = ["", *ALPHABET, *(a + b for a in ALPHABET for b in ALPHABET)]
    assert parse(pattern).constructs == ()
    try:
        assert words(pattern) == {text for text in every if compiled.fullmatch(text)}
    except CharlmError:
        assert not any(compiled.fullmatch(text) for text in every)


@pytest.mark.parametrize(
    ("pattern", "construct"),
    [
        (r"(a)\1", "a backreference"),
        (r"(?P<x>a)(?P=x)", "a backreference"),
        (r"(?P<x>a)\g<x>", "a backreference"),
        (r"\bab", "a word boundary"),
        (r"\X", "a grapheme"),
        ("a(?R)?", "recursion"),
        ("(a)(?1)", "recursion"),
        ("(?<=a)b", "lookbehind"),
        ("(?<!a)b", "lookbehind"),
        ("(?:ab){e<=1}", "fuzzy"),
        ("(?if)ab", "full case-folding"),
        ("(?V1i)ab", "full case-folding"),
        ("a^b", "an anchor inside"),
        ("(?m)a$\n^b", "an anchor inside"),
    ],
)
def test_what_is_not_regular_is_named(pattern, construct):
    regex.compile(pattern)
    assert any(construct in one for one in parse(pattern).constructs)


@pytest.mark.parametrize(
    "pattern",
    [
        "(?=a)b",
        "(?!a)b",
        r"\Ba",
        "(?>a)b",
        "a++b",
        "a{2}+",
        "(?w)a",
        "(?r)a",
        r"a\Kb",
        r"\Ga",
        r"\R",
        "(*FAIL)",
        "(?(1)a)",
        r"\L<x>",
    ],
)
def test_what_cannot_be_followed_is_refused_by_name(pattern):
    with pytest.raises(UsageError, match="cannot be followed"):
        parse(pattern)


@pytest.mark.parametrize(
    "pattern",
    [
        "(",
        ")",
        "(a",
        "a)",
        "*",
        "a**",
        "a{2}{3}",
        "a{3,2}",
        "(?",
        "(?<a",
        "(?#",
        "(?z)",
        "\\",
        "a|*",
        "(?P<x",
        "a{9999999999}",
        "(" * 60 + ")" * 60,
        "a" * 10_001,
    ],
)
def test_what_is_no_pattern_is_one_line(pattern):
    with pytest.raises(UsageError) as caught:
        parse(pattern)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 200


@given(st.text(alphabet="ab()[]{}|*+?.\\^$-,:=!<>PixsmVw01 \n#&~dpLN", max_size=25))
def test_no_text_breaks_it_and_what_regex_refuses_is_not_taken_for_something_else(text):
    try:
        found = words(text) if not parse(text).constructs else None
    except CharlmError:
        return
    try:
        compiled = regex.compile(text)
    except regex.error:
        return  # names of groups and the like, which decide nothing here
    if found is not None and "a:" not in text:
        assert all(compiled.fullmatch(word) for word in found)


def test_greedy_and_without_words():
    parsed = parse(r"(\ba+?)*?\1??")
    assert parsed.greedy == r"(\ba+)*\1?"
    assert parsed.without_words == r"((?:)a+)*\1?"
