"""The built-in tasks of pairs, each against an oracle that shares nothing with it."""

from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter
from datetime import date, datetime
from functools import cache
from itertools import pairwise, product
from typing import get_args

import pytest

from charlm.config import OutputName
from charlm.errors import CorpusError, UsageError
from charlm.text.builtin import make_text
from charlm.text.builtin.tasks import MOST, TASKS, pairs_of
from charlm.text.builtin.tasks.languages import LANGUAGES, SYLLABLES, most_likely, probability
from charlm.text.builtin.tasks.numbers import in_words
from charlm.text.pairs import LONGEST, Pair, check_pairs, format_pair, parse_pairs


@cache
def whole(name: str) -> list[Pair]:
    """Return all pairs of a task, drawn once."""
    return pairs_of(name)


# --- what holds for all


def test_tasks_are_sorted_and_described_in_a_line() -> None:
    assert list(TASKS) == sorted(TASKS)
    for task in TASKS.values():
        assert task.output in get_args(OutputName)
        assert 0 < len(task.description) <= 39
        assert 1 <= task.minutes <= 5
        assert 1_000 <= task.count <= 50_000


@pytest.mark.parametrize("name", TASKS)
def test_no_source_occurs_twice(name: str) -> None:
    pairs = whole(name)
    assert len(pairs) == TASKS[name].count == len({pair.source for pair in pairs})
    assert all(pair.source and pair.target for pair in pairs)
    assert max(len(text) for pair in pairs for text in pair) < LONGEST
    assert parse_pairs("\n".join(map(format_pair, pairs)), name) == pairs
    check_pairs(pairs, TASKS[name].output, name)


@pytest.mark.parametrize("name", TASKS)
def test_the_seed_decides_and_fewer_are_the_first_of_more(name: str) -> None:
    pairs = pairs_of(name, 300, seed=5)
    assert pairs == pairs_of(name, 300, seed=5)
    assert pairs[:100] == pairs_of(name, 100, seed=5)
    assert pairs != pairs_of(name, 300, seed=6)


def test_pairs_do_not_depend_on_the_process() -> None:
    script = "from charlm.text.builtin.tasks import TASKS, pairs_of; print([pairs_of(n, 40, 2) for n in TASKS])"
    told = {
        subprocess.run(
            [sys.executable, "-c", script], env={"PYTHONHASHSEED": seed}, capture_output=True, text=True, check=True
        ).stdout
        for seed in ("0", "7")
    }
    assert told == {f"{[pairs_of(name, 40, 2) for name in TASKS]}\n"}


def test_tasks_can_be_listed_without_numpy() -> None:
    script = "import sys, charlm.text.builtin.tasks, charlm.text.pairs; sys.exit('numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script]).returncode == 0


def test_what_there_is_not() -> None:
    with pytest.raises(
        CorpusError, match=r"no built-in task of pairs 'sums'; choose one of add, dates, .*, words$"
    ):
        pairs_of("sums")
    for count in (0, -1, MOST + 1):
        with pytest.raises(UsageError, match=f"`count` is {count}; it must be at least 1 and at most "):
            pairs_of("add", count)
    with pytest.raises(UsageError, match="`seed` is -1; "):
        pairs_of("add", 1, -1)
    with pytest.raises(CorpusError, match=r"^sort is a built-in task of pairs, not a text; use `pairs` for it$"):
        make_text("sort")


# --- each


@pytest.mark.parametrize(("name", "lengths"), [("reverse", range(1, 13)), ("reverse-long", range(13, 19))])
def test_reverse(name: str, lengths: range) -> None:
    pairs = whole(name)
    assert all(list(reversed(target)) == list(source) for source, target in pairs)
    assert {len(source) for source, _ in pairs} == set(lengths)
    assert all(re.fullmatch("[a-z]+", source) for source, _ in pairs)


def test_sort() -> None:
    pairs = whole("sort")
    for source, target in pairs:
        assert Counter(source) == Counter(target)
        assert all(a <= b for a, b in pairwise(target))
    assert {len(source) for source, _ in pairs} == set(range(1, 13))


def test_add() -> None:
    for source, target in whole("add"):
        a, b = re.fullmatch(r"([1-9]\d\d)\+([1-9]\d\d)", source).groups()  # type: ignore[union-attr]
        assert int(a) + int(b) == int(target)
        assert str(int(target)) == target


FORMS = {
    r"\d+ [A-Z][a-z]+ \d{4}": "%d %B %Y",
    r"[A-Z][a-z]+ \d+, \d{4}": "%B %d, %Y",
    r"\d\d/\d\d/\d{4}": "%d/%m/%Y",
    r"\d+(st|nd|rd|th) of [A-Z][a-z]+ \d{4}": "%d of %B %Y",
    r"[A-Z][a-z]+ \d+(st|nd|rd|th), \d{4}": "%B %d, %Y",
    r"[A-Z][a-z]+day, \d+ [A-Z][a-z]+ \d{4}": "%A, %d %B %Y",
    r"\d+\.\d+\.\d{4}": "%d.%m.%Y",
    r"\d\d-[A-Z][a-z][a-z]-\d{4}": "%d-%b-%Y",
}


def test_dates() -> None:
    seen: Counter[str] = Counter()
    for source, target in whole("dates"):
        (pattern,) = (pattern for pattern in FORMS if re.fullmatch(pattern, source))
        seen[pattern] += 1
        plain = re.sub(r"(?<=\d)(st|nd|rd|th)\b", "", source)
        day = datetime.strptime(plain, FORMS[pattern]).date()
        assert day.isoformat() == target
        if "day," in source:
            assert f"{day:%A}" == source.split(",")[0], "the day of the week is right"
        assert date(1900, 1, 1) <= day <= date(2099, 12, 31)
    assert len(seen) == 8
    assert min(seen.values()) > 0.9 * sum(seen.values()) / 8


def test_ordinals() -> None:
    ends = {
        int(found[1]): found[2]
        for source, _ in whole("dates")
        if (found := re.search(r"(\d+)(st|nd|rd|th)\b", source))
    }
    special = {1: "st", 2: "nd", 3: "rd", 21: "st", 22: "nd", 23: "rd", 31: "st"}
    assert ends == {day: special.get(day, "th") for day in range(1, 32)}


SMALL = """
    zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen
    eighteen nineteen
"""
TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
VALUES = dict(zip(SMALL.split(), range(20), strict=True)) | dict(zip(TENS.split(), range(20, 100, 10), strict=True))


def value(words: str) -> int:
    """Add up the words of a number, as a reader does."""
    total = part = 0
    for word in re.findall(r"\w+", words):
        if word == "thousand":
            total, part = part * 1000, 0
        elif word == "hundred":
            part *= 100
        elif word != "and":
            part += VALUES[word]
    return total + part


def test_numbers() -> None:
    pairs = whole("numbers")
    assert all(value(source) == int(target) and str(int(target)) == target for source, target in pairs)
    assert {len(target) for _, target in pairs} == set(range(1, 7))
    assert {"0", "7", "42", "999"} <= {target for _, target in pairs}


def test_numbers_are_written_as_in_english() -> None:
    expected = {
        0: "zero",
        40: "forty",
        100: "one hundred",
        101: "one hundred and one",
        1_000: "one thousand",
        1_001: "one thousand and one",
        1_100: "one thousand one hundred",
        20_042: "twenty thousand and forty-two",
        999_999: "nine hundred and ninety-nine thousand nine hundred and ninety-nine",
    }
    assert {number: in_words(number) for number in expected} == expected
    assert all(value(in_words(number)) == number for number in range(0, 1_000_000, 37))


def test_words() -> None:
    tales = re.sub(r"[^a-z]+", " ", make_text("tales", size=3_000_000).lower().replace("'", ""))
    known = set(tales.split())
    for source, target in whole("words"):
        assert re.fullmatch("[a-z]+", source)
        assert set(target) <= {"B", "I"}
        begins = [k for k, tag in enumerate(target) if tag == "B"]
        words = [source[a:b] for a, b in zip(begins, [*begins[1:], None], strict=True)]
        assert 3 <= len(words) <= 8
        assert begins[0] == 0
        assert set(words) <= known


def test_phrases_are_those_of_the_tales() -> None:
    tales = re.sub(r"[^a-z]+", "", make_text("tales", size=20_000, seed=4).lower())
    assert all(source in tales for source, _ in pairs_of("words", 40, seed=4)), "the first tale's"


def test_languages() -> None:
    pairs = whole("languages")
    counts = Counter(target for _, target in pairs)
    assert counts.keys() == LANGUAGES.keys()
    assert min(counts.values()) > 0.8 * len(pairs) / len(LANGUAGES)
    best = sum(most_likely(source) == target for source, target in pairs) / len(pairs)
    assert best == pytest.approx(0.975, abs=0.005), "what the module's text says"
    assert all(probability(source, target) > 0 for source, target in pairs)


def test_probabilities_of_words_are_those_of_all_derivations() -> None:
    """Count the ways to make each word of one or two syllables."""
    for name, language in LANGUAGES.items():
        syllables = [a + b for a, b in product(language.consonants, language.vowels)]
        for k in (1, 2):
            made = Counter("".join(parts) for parts in product(*[syllables] * k, language.endings))
            share = SYLLABLES.count(k) / len(SYLLABLES)
            for word, ways in list(made.items())[::7]:
                assert probability(word, name) == pytest.approx(share * ways / made.total(), rel=1e-12)
            assert sum(probability(word, name) for word in made) == pytest.approx(share, rel=1e-9)
    assert probability("x", "Lomi") == probability("", "Lomi") == probability("a", "Lomi") == 0


def test_the_label_is_known_only_so_far() -> None:
    unsure = [pair for pair in pairs_of("languages", 5_000) if most_likely(pair.source) != pair.target]
    assert {len(pair.source) for pair in unsure} & {2, 3}, "short words belong to several languages"
