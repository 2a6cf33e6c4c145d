from __future__ import annotations

from typing import Any

import pytest

from charlm.errors import UsageError


def test_branch_and_return(desk: Any) -> None:
    first = desk.turn("ab")
    assert desk.shown("/branch fork") == "branch fork is here, at 7 characters; /return fork comes back\n"
    left = desk.turn("a")
    assert "the text ends" in desk.shown("/return fork")
    assert desk.talk.text == "ab" + first
    right = desk.turn("b")
    desk.shown("/return")  # back to where the return was made from
    assert desk.talk.text == "ab" + first + "a" + left
    desk.shown("/return")
    assert desk.talk.text == "ab" + first + "b" + right
    desk.shown("/return fork")
    assert desk.turn("a") == left  # the random stream came back, too


def test_undo_goes_back_in_the_branch(desk: Any) -> None:
    first = desk.turn("ab")
    desk.turn("a")
    desk.shown("/branch x")
    desk.shown("/clear")
    desk.shown("/return x")
    desk.shown("/undo")
    assert desk.talk.text == "ab" + first


def test_branches_are_listed_with_their_ends(desk: Any) -> None:
    assert desk.shown("/branches").startswith("there are no branches")
    desk.shown("/branch")
    desk.turn("ab\x1b")
    desk.shown("/branch")
    rows = desk.shown("/branches").splitlines()
    assert [row.split()[:2] for row in rows] == [["1", "0"], ["2", "8"]]
    assert "ab␛" in rows[1]


def test_a_name_is_moved_only_by_force(desk: Any) -> None:
    desk.shown("/branch x")
    desk.turn("ab")
    with pytest.raises(UsageError, match=r"there is a branch 'x'; .*--force"):
        desk.run("/branch x")
    assert desk.talk.branches["x"].last is None
    desk.shown("/branch x --force")
    assert desk.talk.branches["x"].last is desk.talk.last


def test_a_branch_brings_its_model_back_and_not_its_settings(desk: Any) -> None:
    model = desk.talk.model
    desk.turn("ab")
    desk.shown("/branch x")
    desk.shown("/model a good one.npz")
    desk.shown("/set length 2")
    desk.shown("/return x")
    assert desk.talk.model is model
    assert len(desk.turn("")) == 2


def test_the_end_of_a_long_text_is_shown(desk: Any) -> None:
    desk.shown("/set length 1000")
    desk.turn("ab")
    desk.turn("b")
    text = desk.shown("/undo")
    assert text.startswith("the text ends:\n…")
    desk.shown("/undo")
    desk.turn("")
    desk.shown("/branch")
    assert desk.shown("/return 1").count("…") == 1
