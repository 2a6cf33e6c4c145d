from __future__ import annotations

import io
import math
from xml.dom import minidom

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from charlm.ui.heat import Heat
from charlm.ui.page.export import to_html, to_svg

UNSAFE = {chr(code) for code in (*range(32), *range(127, 160), *range(0x202A, 0x202F), *range(0x2066, 0x206A))}


def shown(heat: Heat, *, width: int = 40, colour: bool = False, no_color: bool = False) -> str:
    file = io.StringIO()
    console = Console(
        file=file,
        width=width,
        force_terminal=colour,
        color_system="truecolor" if colour else None,
        no_color=no_color,
    )
    console.print(heat)
    return file.getvalue()


def rows(text: str) -> list[str]:
    return text.split("\n\n")[0].split("\n")


def test_without_colour_digits_stand_under_their_characters():
    heat = Heat(list("ab日c\nde"), [math.nan, 0.4, 3.6, 9.4, 0.0, 9.5, 250.0])
    assert rows(shown(heat)) == ["ab日c␊", "·04 90", "de", "++"]


@pytest.mark.parametrize("colour", [False, True])
def test_no_color_gives_digits_on_a_terminal_too(colour):
    text = shown(Heat(list("ab"), [1.0, 2.0]), colour=colour, no_color=True)
    assert "12" in text
    assert "48;2" not in text


def test_colour_tells_the_bands_apart():
    pieces = list("abcdefg")
    text = shown(Heat(pieces, [math.nan, 0.5, 1.5, 3.0, 5.0, 7.0, 20.0]), colour=True)
    styles = [text.split(piece)[0].rsplit("\x1b[", 1)[-1] for piece in pieces[2:]]
    assert len(set(styles)) == 5


def test_rows_are_cut_where_they_are_full():
    assert rows(shown(Heat(list("abcdefg"), [1.0] * 7), width=3)) == ["abc", "111", "def", "111", "g", "1"]
    assert rows(shown(Heat(list("日本語"), [1.0] * 3), width=5)) == ["日本", "1 1 ", "語", "1 "]


def test_a_combining_mark_has_a_place_of_its_own():
    assert rows(shown(Heat(["e", "\u0301"], [1.0, 2.0]))) == ["e◌\u0301", "12"]


def test_the_mean_leaves_out_what_was_not_predicted():
    assert "2.000 bits on average, 3.0 at most; 2 predicted" in shown(
        Heat(list("abc"), [math.nan, 1.0, 3.0]), width=80
    )


@pytest.mark.parametrize("pieces", [[], ["a"]])
def test_nothing_predicted(pieces):
    assert "nothing was predicted" in shown(Heat(pieces, [math.nan] * len(pieces)))


@settings(deadline=None)
@given(st.lists(st.one_of(st.characters(), st.sampled_from(sorted(UNSAFE)), st.sampled_from("[/]<&>\uffff\ud800"))))
def test_no_text_controls_a_terminal_or_breaks_a_picture(characters):
    heat = Heat(characters, [k % 11 for k in range(len(characters))])
    assert not (set(shown(heat)) - {"\n"}) & UNSAFE
    svg = to_svg(heat, title="a <title> & more")
    minidom.parseString(svg.encode())
    assert not (set(svg) - {"\n"}) & UNSAFE
    assert not (set(to_html(heat).encode().decode()) - {"\n"}) & UNSAFE


def test_pictures_load_nothing_from_elsewhere():
    svg = to_svg(Heat(list("ab"), [1.0, 7.0]), title="t")
    assert "url(" not in svg.replace("url(#", "")
    assert "http" not in svg.replace("http://www.w3.org/2000/svg", "")
    assert "http" not in to_html(Heat(list("ab"), [1.0, 7.0]))
