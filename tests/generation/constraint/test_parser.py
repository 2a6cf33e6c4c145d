from __future__ import annotations

import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st

from charlm.errors import CharlmError, UsageError
from charlm.generation.constraint.compiling import lazy_dfa_of
from charlm.generation.constraint.parser import parse
from charlm.text.vocabulary import Vocabulary

ALPHABET = "aAbB0é \n]-[^#k\u212a:|&"
VOCABULARY = Vocabulary.from_text(ALPHABET)


def words(pattern: str, length: int = 2) -> set[str]:
    """Return all texts over the alphabet that the DFA of the pattern accepts."""
    made, found = lazy_dfa_of(parse(pattern), VOCABULARY, length), set()
    waiting = [("", made.table.configuration(made.subsets.start))]
    while waiting:
        text, state = waiting.pop()
        if state[0].mask.may_end:
            found.add(text)
        live = made.table.mask(state, length - len(text)).live[:-1].nonzero()[0].tolist()
        waiting += [(text + str(VOCABULARY.symbols[k]), made.table.after(state, k)) for k in live]
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
        r"\ba|b\b",
        r".\b.",
        r".\B.",
        r"\B|\Bb",
        r"\m.|.\M",
        r"(?a).\b.",
        r".(?a:\b).",
        r"(?:a|\b){3}",
        "(?:^|a){2}b?",
        "a^b|c",
        "(?m)a?$\n?^b?",
        "(?s).^.|.$.",
        "a$\n",
        r"a\Z\n|b",
        r"(?m).\A|.",
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
    try:
        assert words(pattern) == {text for text in every if compiled.fullmatch(text)}
    except CharlmError:
        assert not any(compiled.fullmatch(text) for text in every)


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        (r"(a)\1", r"a backreference at offset 3; it must be regular: write every case"),
        (r"(?P<x>a)b(?P=x)", "a backreference at offset 9"),
        (r"(?P<x>a)\g<x>", "a backreference at offset 8"),
        (r"\X", r"a grapheme, \X, at offset 0; it must be regular: write \P{M}\p{M}*"),
        ("a(?R)?", "recursion at offset 1; it must be regular: write as many levels"),
        ("(a)(?1)", "recursion at offset 3"),
        ("(a)(?-1)", "recursion at offset 3"),
        ("(?<x>a)(?&x)", "recursion at offset 7"),
        ("(?<=a)b", "lookbehind, (?<…), at offset 0"),
        ("b(?<!a)b", "lookbehind, (?<…), at offset 1"),
        ("(?=a)b", "lookahead, (?=…), at offset 0"),
        ("[ab](?!a)b", "lookahead, (?!…), at offset 4; it must be regular: write what may stand there, as in [^a]"),
        ("(?:ab){e<=1}", "fuzzy matching, {e<=1} and the like, at offset 6"),
        ("(?if)ab", "full case-folding, (?f) or (?V1) with (?i), at offset 5"),
        ("(?V1i)ab", "full case-folding, (?f) or (?V1) with (?i), at offset 6"),
        ("(?>a)b", "an atomic group, (?>…), at offset 0; it must be regular: write (?:…)"),
        ("(ab)a++b", "a possessive count at offset 5; it must be regular: leave its second + out"),
        ("a{2}+", "a possessive count at offset 1"),
        ("(?w)a", "Unicode's own words, (?w), at offset 0"),
        ("(?r)a", "matching from the end, (?r), at offset 0"),
        (r"a\Kb", r"\K at offset 1"),
        (r"\Ga", r"\G at offset 0"),
        (r"\R", r"\R at offset 0; it must be regular: write (?:\r\n|[\n\r\v\f])"),
        ("(*FAIL)", "a control verb, (*…), at offset 0"),
        ("(a)?(?(1)a)", "a condition, (?(…)…), at offset 4; it must be regular: write both cases"),
        (r"\L<x>", r"a named list, \L<…>, at offset 0"),
    ],
)
def test_what_is_not_regular_is_refused_with_its_construct_and_its_place(pattern, words):
    with pytest.raises(UsageError) as caught:
        parse(pattern)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


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
        found = words(text)
    except CharlmError:
        return
    try:
        compiled = regex.compile(text)
    except regex.error:
        return  # names of groups and the like, which decide nothing here
    if "a:" not in text:
        assert all(compiled.fullmatch(word) for word in found)
