from __future__ import annotations

import io
import math

from rich.console import Console

from charlm.analysis.candidates import Candidate
from charlm.analysis.totals import Totals
from charlm.ui.score import LikeliestHeat, difference_heat, totals_view


def shown(renderable, width=40, colour=False):
    file = io.StringIO()
    Console(file=file, width=width, color_system="truecolor" if colour else None, force_terminal=colour).print(
        renderable
    )
    return file.getvalue()


def test_candidates_stand_under_their_characters():
    scored = [
        ("a", math.nan, []),
        ("b", 1.0, [Candidate("x", 0.7), Candidate("日", 0.05)]),
        ("\n", 2.0, [Candidate("y", 1.0)]),
    ]
    rows = shown(LikeliestHeat(scored)).split("\n")
    assert rows[0] == "ab ␊"
    assert rows[1] == " x y"
    assert rows[2].rstrip() == " 日"
    assert all(len(row) <= 12 for row in shown(LikeliestHeat(scored * 9), width=12).split("\n")[:20])


def test_a_difference_is_marked_by_its_sign():
    heat = difference_heat("abcd", [math.nan, 1.0, 2.0, 3.0], [math.nan, 3.0, 2.1, 1.0], ("one", "two"))
    rows = shown(heat, 100).split("\n")
    assert rows[:2] == ["abcd", "·+ -"]
    assert "one 2.000 bits, two 2.033; one is better at 67%" in shown(heat, 100)
    coloured = shown(heat, 100, colour=True)
    assert coloured.count("\x1b[") > 4


def test_totals_are_harmless_and_name_places():
    totals = Totals(3)
    for symbol, bits in zip("a\x1b[31mb\n\u202ec", [math.nan, *[9.0] * 8], strict=False):
        totals.add(symbol, bits, [Candidate("\x07", 0.5)])
    text = shown(totals_view(totals), 80)
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "9.000 bits on average" in text
    assert "50%" in text
