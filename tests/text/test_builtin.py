"""The corpora that charlm makes: the same on every machine, and their entropy as computed is their entropy."""

from __future__ import annotations

import math
import re
import sysconfig
from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from charlm.errors import CorpusError, UsageError
from charlm.text.builtin import NAMES, default_size, describe, make_text, true_entropy
from charlm.text.builtin.entropy import Entropy, entropy_of
from charlm.text.builtin.portable_generator import PortableGenerator

SYNTHETIC = ("brackets", "dates", "sums")
REPEATABLE = (*SYNTHETIC, "skazki", "tales")


# --- what holds for all


def test_names_are_sorted_and_described_in_a_line() -> None:
    assert tuple(sorted(NAMES)) == NAMES == ("brackets", "dates", "python", "skazki", "sums", "tales")
    assert all(describe(name) and "\n" not in describe(name) for name in NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_text_reaches_its_size_and_ends_with_a_whole_line(name: str) -> None:
    for size in (1, 500, 20_000):
        text = make_text(name, size=size)
        assert len(text) >= size
        assert text.endswith("\n")
    unit = "\n\n\n" if name in ("skazki", "tales") else "\n"
    without_last = text[: text[: -len(unit)].rfind(unit) + len(unit)]
    assert len(without_last) < size


@pytest.mark.parametrize("name", NAMES)
def test_a_longer_text_begins_with_the_shorter_one(name: str) -> None:
    assert make_text(name, size=9_000).startswith(make_text(name, size=3_000))


@pytest.mark.parametrize("name", NAMES)
def test_left_out_size_is_the_default(name: str) -> None:
    text = make_text(name)
    assert default_size(name) <= len(text) < default_size(name) + 5_000
    assert text.isascii() == (name != "skazki")


@pytest.mark.parametrize("name", REPEATABLE)
def test_seed_decides(name: str) -> None:
    assert make_text(name, size=2_000, seed=5) == make_text(name, size=2_000, seed=5)
    assert make_text(name, size=2_000, seed=5) != make_text(name, size=2_000, seed=6)


@pytest.mark.parametrize(
    ("name", "begin"),
    [
        ("brackets", "({}[()[][]][]()()){{()}[{}{}]}{}{[{{[][]()}}]}{{}}\n"),
        ("dates", "16 December 1953\n1903-04-23\nJuly 20, 2082\n"),
        ("sums", "63+26=89\n4+1=5\n81+91=172\n"),
    ],
)
def test_the_draws_are_the_same_on_every_machine(name: str, begin: str) -> None:
    assert make_text(name, size=len(begin), seed=3 if name == "brackets" else 0) == begin


@pytest.mark.parametrize("name", NAMES)
def test_what_cannot_be_made_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match="`size` is 0; it must be at least 1"):
        make_text(name, size=0)
    with pytest.raises(UsageError, match="`seed` is -1; it must be at least 0"):
        make_text(name, seed=-1)


def test_an_unknown_name_is_refused_with_the_known_ones() -> None:
    for function in (make_text, describe, default_size, true_entropy):
        with pytest.raises(CorpusError, match="no built-in corpus 'shakespeare'; choose one of brackets, dates"):
            function("shakespeare")  # type: ignore[operator]


# --- entropy: the distribution of a line, written down a second time


def pairs_of_sums() -> Iterator[tuple[str, float]]:
    for a, b in product(range(100), repeat=2):
        yield f"{a:d}+{b:d}={a + b:d}\n", 1e-4


MONTHS = [date(2000, month, 1).strftime("%B") for month in range(1, 13)]  # tests run in the C locale


def all_dates() -> Iterator[tuple[str, float]]:
    day, n = date(1900, 1, 1), 73_049
    while day <= date(2099, 12, 31):
        y, m, d = day.year, day.month, day.day
        yield f"{y}-{m:02d}-{d:02d}\n", 0.4 / n
        yield f"{d} {MONTHS[m - 1]} {y}\n", 0.3 / n
        yield f"{MONTHS[m - 1]} {d}, {y}\n", 0.2 / n
        yield f"{d:02d}/{m:02d}/{y}\n", 0.1 / n
        day += timedelta(days=1)


CLOSES = {"(": ")", "[": "]", "{": "}"}
DEEPEST, GO_ON = 5, 0.5


def probability_of_brackets(line: str) -> float:
    """Walk along a line with a stack: at each place either one of three brackets opens, or the last one closes."""
    stack: list[str] = []
    p = 1.0
    for place, symbol in enumerate(line):
        may_open = 1.0 if place == 0 else GO_ON if len(stack) < DEEPEST else 0.0
        if symbol in CLOSES:
            p *= may_open / 3
            stack.append(CLOSES[symbol])
        elif stack:
            p *= (1 - may_open) * (symbol == stack.pop())
        else:
            p *= (1 - may_open) * (symbol == "\n")
    return p


@pytest.mark.parametrize(("name", "distribution"), [("sums", pairs_of_sums), ("dates", all_dates)])
def test_entropy_equals_that_of_the_whole_distribution(name: str, distribution) -> None:  # type: ignore[no-untyped-def]
    chance: Counter[str] = Counter()
    for line, p in distribution():
        chance[line] += p  # were a line made in two ways, its chances would add up here
    assert math.fsum(chance.values()) == pytest.approx(1, abs=1e-9)
    nats = -math.fsum(p * math.log(p) for p in chance.values())
    length = math.fsum(p * len(line) for line, p in chance.items())
    entropy = true_entropy(name)
    assert entropy is not None
    assert entropy.nats == pytest.approx(nats / length, rel=1e-9)
    assert entropy.bits == pytest.approx(nats / length / math.log(2), rel=1e-9)
    assert set(make_text(name, size=50_000).splitlines(keepends=True)) <= chance.keys()


def test_entropy_of_shallow_brackets_equals_that_of_all_strings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two levels, all strings up to 14 brackets by brute force, and what their tail can still hold."""
    from charlm.text.builtin import brackets

    monkeypatch.setattr(brackets, "MAX_DEPTH", 2)
    monkeypatch.setattr(brackets, "GO_ON", 0.1)
    monkeypatch.setattr(brackets, "PAIRS", (("(", ")"),))
    chance: dict[str, float] = {}
    for n in range(2, 19, 2):
        for word in product("()", repeat=n):
            heights = np.cumsum([1 if symbol == "(" else -1 for symbol in word])
            if heights[-1] == 0 and heights.min() >= 0 and heights.max() <= 2:
                chance["".join(word)] = math.prod(
                    # the choice behind each bracket: made only where a group could begin
                    1.0 if here == 2 else (0.1 if following == "(" else 0.9)
                    for here, following in zip(heights, [*word[1:], "\n"], strict=True)
                )
    assert math.fsum(chance.values()) == pytest.approx(1, abs=2e-6)
    nats = -math.fsum(p * math.log(p) for p in chance.values())
    length = math.fsum(p * (len(word) + 1) for word, p in chance.items())
    assert brackets.entropy().nats_per_line == pytest.approx(nats, abs=1e-4)
    assert brackets.entropy().characters_per_line == pytest.approx(length, abs=1e-4)


def test_entropy_of_brackets_equals_a_sum_over_heights() -> None:
    """A line is a walk over heights: count how often each is expected, instead of following the grammar."""
    visits = np.zeros(DEEPEST + 1)  # expected number of decisions at each height
    step = np.zeros((DEEPEST + 2, DEEPEST + 2))  # height DEEPEST + 1 is the end
    for height in range(DEEPEST + 1):
        up = GO_ON if height < DEEPEST else 0.0
        step[height, height + 1 if up else height] += up
        step[height, height - 1 if height else DEEPEST + 1] += 1 - up
    start = np.eye(DEEPEST + 2)[1]  # the first bracket is open
    visits = np.linalg.solve(np.eye(DEEPEST + 1) - step[:-1, :-1].T, start[:-1])
    choosing = entropy_of((GO_ON / 3, GO_ON / 3, GO_ON / 3, 1 - GO_ON))
    entropy = true_entropy("brackets")
    assert entropy is not None
    assert entropy.nats_per_line == pytest.approx(math.log(3) + visits[:-1].sum() * choosing, rel=1e-12)
    assert entropy.characters_per_line == pytest.approx(1 + visits.sum(), rel=1e-12)


@pytest.mark.parametrize("name", SYNTHETIC)
def test_entropy_equals_the_surprisal_of_a_long_text(name: str) -> None:
    lines = make_text(name, size=1_500_000, seed=11).splitlines(keepends=True)
    if name == "brackets":
        chance = {line: probability_of_brackets(line) for line in set(lines)}
    else:
        chance = dict(pairs_of_sums() if name == "sums" else all_dates())
    nats = -np.log([chance[line] for line in lines])
    lengths = np.array([len(line) for line in lines])
    entropy = true_entropy(name)
    assert entropy is not None
    # the ratio's error, by the delta method: lines are independent of each other
    error = (nats - entropy.nats * lengths).std() / lengths.mean() / math.sqrt(len(lines))
    assert error < 0.004 * entropy.nats
    assert nats.sum() / lengths.sum() == pytest.approx(entropy.nats, abs=4 * error)


def test_sums_and_dates_are_drawn_evenly() -> None:
    operands = Counter(re.findall(r"\d+(?==)", make_text("sums", size=400_000)))
    assert len(operands) == 100
    expected = operands.total() / 100
    assert sum((n - expected) ** 2 / expected for n in operands.values()) < 99 + 5 * math.sqrt(2 * 99)
    days = make_text("dates", size=400_000).splitlines()
    share = [sum(bool(re.fullmatch(form, day)) for day in days) / len(days) for form in FORMS]
    assert share == pytest.approx([0.4, 0.3, 0.2, 0.1], abs=0.012)


FORMS = (r"\d{4}-\d\d-\d\d", r"\d+ [A-Z]\w+ \d{4}", r"[A-Z]\w+ \d+, \d{4}", r"\d\d/\d\d/\d{4}")


def test_texts_without_a_known_entropy() -> None:
    assert true_entropy("tales") is None
    assert true_entropy("skazki") is None
    assert true_entropy("python") is None


def test_entropy_per_character() -> None:
    entropy = Entropy(6 * math.log(2), 3)
    assert (entropy.nats, entropy.bits) == (pytest.approx(2 * math.log(2)), pytest.approx(2))
    assert entropy_of((1.0, 0.0)) == 0


# --- the rng


def test_the_dice_are_the_raw_bits_of_pcg64() -> None:
    rng, raw = PortableGenerator(42), np.random.PCG64(42).random_raw(10_000)
    assert [rng.uniform() for _ in range(10_000)] == [int(bits) // 2**11 / 2**53 for bits in raw]


@given(seed=st.integers(0, 2**64), n=st.integers(1, 1_000))
def test_dice_stay_in_range(seed: int, n: int) -> None:
    rng = PortableGenerator(seed)
    assert all(0 <= rng.below(n) < n for _ in range(20))
    assert sorted(rng.shuffle(range(n))) == list(range(n))
    assert rng.pick("a") == "a"


def test_shuffles_are_even() -> None:
    rng = PortableGenerator(1)
    orders = Counter(tuple(rng.shuffle("abc")) for _ in range(6_000))
    assert len(orders) == 6
    assert all(abs(n - 1_000) < 150 for n in orders.values())


# --- python


def test_python_is_the_library_of_this_interpreter() -> None:
    text = make_text("python")
    folder = Path(sysconfig.get_path("stdlib"))
    assert text.startswith((folder / "abc.py").read_text("ascii"))
    assert (folder / "argparse.py").read_text("ascii") in text
    assert "\r" not in text


def test_python_asked_for_more_than_there_is() -> None:
    with pytest.raises(CorpusError, match=r"python has only \d+ characters here, not 1000000000; ask for at most"):
        make_text("python", size=10**9)


def test_python_without_sources(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sysconfig, "get_path", lambda _: str(tmp_path))
    with pytest.raises(CorpusError, match=r"has no sources of its standard library in .*; choose another corpus"):
        make_text("python")


def test_python_with_an_odd_library(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "abc.py").write_bytes(b"a = 1\r\nb = 2")
    (tmp_path / "ast.py").write_text("# \N{GREEK SMALL LETTER ALPHA}\n", "utf-8")
    (tmp_path / "bisect.py").write_bytes(b"c = 3\n\f\n")
    (tmp_path / "nobody_knows_me.py").write_bytes(b"d = 4\n")
    (tmp_path / "_private.py").write_bytes(b"e = 5\n")
    monkeypatch.setattr(sysconfig, "get_path", lambda _: str(tmp_path))
    assert make_text("python") == "a = 1\nb = 2\nc = 3\n\f\n"


def test_python_that_cannot_be_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "abc.py").write_bytes(b"a = 1\n")

    def refuse(self: Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(sysconfig, "get_path", lambda _: str(tmp_path))
    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(CorpusError, match=r"cannot read .*abc\.py.*: Permission denied; choose another corpus"):
        make_text("python")


def test_the_readme_of_corpora_tells_the_true_entropies() -> None:
    readme = (Path(__file__).parents[2] / "corpora" / "README.md").read_text("utf-8")
    for name in NAMES:
        row = next(line for line in readme.splitlines() if line.startswith(f"| `builtin:{name}`"))
        entropy = true_entropy(name)
        assert row.split("|")[4].strip() == (f"{entropy.bits:.4f}" if entropy else "")
