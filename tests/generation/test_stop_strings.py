from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from charlm.generation.stop_strings import StopStrings

letters = st.text("ab", max_size=30)
stop_lists = st.lists(st.text("ab", min_size=1, max_size=5), max_size=4)


def cut(text: str, stops: list[str]) -> str | None:
    """Take the shortest beginning that contains a stop string, and cut it there; None if there is none."""
    for n in range(len(text) + 1):
        starts = [text[:n].find(stop) for stop in stops if stop in text[:n]]
        if starts:
            return text[: min(starts)]
    return None


@given(st.lists(letters), stop_lists)
def test_a_text_in_pieces_is_cut_as_the_whole_text_is(pieces, stops):
    filter_ = StopStrings(stops)
    passed = "".join(filter_.push(piece) for piece in pieces)
    expected = cut("".join(pieces), stops)
    assert filter_.found == (expected is not None)
    assert passed + filter_.flush() == ("".join(pieces) if expected is None else expected)


@given(letters, stop_lists)
def test_only_what_may_become_a_stop_string_is_held_back(text, stops):
    filter_ = StopStrings(stops)
    passed = ""
    for character in text:
        passed += filter_.push(character)
        if filter_.found:
            break
        held = filter_.held
        assert passed + held == text[: len(passed + held)]
        assert not held or any(stop.startswith(held) for stop in stops)


def test_without_stop_strings_everything_passes_at_once():
    assert StopStrings(()).push("anything") == "anything"


def test_of_two_that_end_together_the_longer_one_cuts():
    filter_ = StopStrings(["c", "abc"])
    assert [filter_.push(letter) for letter in "xabc"] == ["x", "", "", ""]
    assert filter_.found
