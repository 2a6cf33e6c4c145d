from __future__ import annotations

import copy
import re
from itertools import accumulate, pairwise
from unicodedata import combining, normalize

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from charlm.ui.wrapping import PLAIN, Codes, Wrapping

pyte = pytest.importorskip("pyte")

STYLE = Codes("\x1b[41m", "\x1b[0m", filled=True)
TEXTS = st.lists(st.sampled_from([*"abcde  \n日本é", "e\u0301"]), max_size=40).map("".join)


class Terminal(pyte.Screen):  # type: ignore[misc, name-defined]
    """A screen on which an accent joins the character at the edge, as on terminals; pyte's own would wrap first."""

    def draw(self, data: str) -> None:
        for character in data:
            if self.cursor.x == self.columns and combining(character):
                row = self.buffer[self.cursor.y]
                base = row[self.columns - 1]
                row[self.columns - 1] = base._replace(data=normalize("NFC", base.data + character))
            else:
                super().draw(character)


def drawn(pieces: list[str], width: int, *, rows: int = 42, styles: tuple[Codes, ...] = ()) -> list[str]:
    """Return the rows of a terminal to which pieces of a text stream."""
    screen = Terminal(width, rows)
    screen.set_mode(pyte.modes.LNM)
    stream = pyte.Stream(screen)
    wrapping = Wrapping(lambda: width)
    for k, piece in enumerate(pieces):
        stream.feed(wrapping.write(piece, *(styles[k % len(styles)],) if styles else ()))
    return [row.rstrip() for row in screen.display]


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("one two three", ["one two", "three"]),
        ("one two    three", ["one two", "three"]),  # blanks at the edge are not drawn
        ("exactly! eight", ["exactly!", "eight"]),
        ("exactly!\neight", ["exactly!", "eight"]),
        ("a verylongword b", ["a", "verylong", "word b"]),
        ("ab 日本語日本", ["ab 日本", "語日本"]),
        ("ab cde\u0301fgh", ["ab", "cde\u0301fgh"]),
        ("abc cde\u0301f", ["abc cde\u0301f"]),
        ("a\tbc", ["a", "bc"]),
    ],
)
def test_rows(text: str, rows: list[str]) -> None:
    for pieces in ([text], list(text)):
        assert [row for row in drawn(pieces, 8) if row] == [normalize("NFC", row) for row in rows]


@example("aaaaaa e\u0301a", 4, [1])
@given(TEXTS, st.integers(2, 12), st.lists(st.integers(1, 9), min_size=1))
def test_words_stay_whole_however_the_text_comes(text: str, width: int, sizes: list[int]) -> None:
    ends = list(accumulate(sizes * len(text)))
    pieces = [text[begin:end] for begin, end in pairwise([0, *ends])]
    rows = drawn([text], width)
    assert drawn(pieces, width) == rows
    assert drawn(pieces, width, styles=(STYLE, PLAIN)) == rows
    assert "".join(rows).replace(" ", "") == normalize("NFC", re.sub("[ \n]", "", text))  # as pyte has it
    for word in re.findall("[a-eé]+", normalize("NFC", text)):
        assert len(word) > width or any(word in row for row in rows)


@example("abcdefgh", 4, 4)
@example("ab cdefgh", 5, 5)
@given(TEXTS, st.integers(2, 12), st.integers(1, 30))
def test_a_row_that_was_left_is_continued(text: str, width: int, left: int) -> None:
    screen = Terminal(width, 42)
    screen.set_mode(pyte.modes.LNM)
    stream = pyte.Stream(screen)
    row = Wrapping(lambda: width)
    stream.feed(row.write(text[:left], STYLE))
    below = copy.copy(row)
    stream.feed(below.write("\n", STYLE))
    back = row.back_from_next_row()
    assert back or row.column == width
    assume(back)
    stream.feed(back + row.write(text[left:]))
    assert [row.rstrip() for row in screen.display] == drawn([text], width)


def test_a_blank_is_not_drawn_at_the_start_of_a_row() -> None:
    assert drawn(["eight ch", " and  more"], 8)[:3] == ["eight ch", "and", "more"]


def test_a_style_follows_its_word_into_the_next_row() -> None:
    wrapping = Wrapping(lambda: 5)
    assert (
        wrapping.write("ab c", STYLE) + wrapping.write("de")
        == "\x1b[41mab c\x1b[0md\r\x1b[3C\x1b[0K\n\x1b[41mc\x1b[0mde"
    )


def test_another_width_begins_a_row() -> None:
    width = 10
    wrapping = Wrapping(lambda: width)
    assert wrapping.write("abc def") == "abc def"
    width = 6
    assert wrapping.write("gh i jk") == "\ngh i j\r\x1b[5C\x1b[0K\njk"
    assert wrapping.write("\n") == "\n"
    width = 20
    assert wrapping.write("l") == "l"  # at the start of a row there is nothing to break


def test_a_terminal_that_cannot_go_back_breaks_words_itself() -> None:
    wrapping = Wrapping(lambda: 5, by_words=False)
    assert wrapping.write("abc def gh") == "abc def gh"
    assert wrapping.column == 5


def test_where_the_width_is_unknown_nothing_is_changed() -> None:
    assert Wrapping(lambda: 0).write("abc def" * 30) == "abc def" * 30
