from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from charlm.text.vocabulary import Vocabulary
from charlm.ui.console.probability_bars import ProbabilityBars, SymbolProbability, likeliest, symbol_name

UNSAFE = {chr(code) for code in (*range(32), *range(127, 160), *range(0x202A, 0x202F), *range(0x2066, 0x206A))}


def shown(bars: ProbabilityBars, width: int = 40) -> list[str]:
    file = io.StringIO()
    Console(file=file, width=width, color_system=None).print(bars)
    return [line.rstrip() for line in file.getvalue().split("\n")[:-1]]


def test_the_likeliest_come_first_and_the_impossible_not_at_all() -> None:
    vocabulary = Vocabulary.from_text("ab c\n")
    found = likeliest(vocabulary, np.array([0.2, 0.5, 0.0, 0.2, 0.1]), 9)
    assert found == [
        SymbolProbability(1, "␠", 0.5),
        SymbolProbability(0, "␊", 0.2),
        SymbolProbability(3, "b", 0.2),
        SymbolProbability(4, "c", 0.1),
    ]
    assert len(likeliest(vocabulary, np.full(5, 0.2), 2)) == 2


def test_rows() -> None:
    rows = [SymbolProbability(0, "a", 0.5), SymbolProbability(1, "日", 0.25), SymbolProbability(2, "c", 0.0001)]
    assert shown(ProbabilityBars(rows, numbered=True), 24) == [
        "1 a   50.0 % █████",
        "2 日  25.0 % ██▌",
        "3 c   <0.1 %",
        "      25.0 % all others",
    ]
    assert shown(ProbabilityBars([SymbolProbability(0, "a", 1.0)]), 24) == ["a 100.0 % " + "█" * 13]


@pytest.mark.parametrize("width", [12, 24, 40, 80])
@given(st.lists(st.tuples(st.text(min_size=1, max_size=4), st.floats(0, 1)), max_size=12))
def test_rows_fit_and_are_harmless(width: int, given_rows: list[tuple[str, float]]) -> None:
    total = sum(p for _, p in given_rows) or 1
    rows = [SymbolProbability(k, symbol_name(name), p / total) for k, (name, p) in enumerate(given_rows)]
    for line in shown(ProbabilityBars(rows, numbered=True), width):
        assert cell_len(line) <= width
        assert not set(line) & UNSAFE


def test_every_symbol_can_be_seen() -> None:
    assert symbol_name("<stop>") == "end"
    assert symbol_name("\u00a0") == "U+00A0"
    assert symbol_name("\u0301") == "◌\u0301"
    assert [symbol_name(chr(code)) for code in (9, 27, 0x202E)] == ["␉", "␛", "\\u202e"]
