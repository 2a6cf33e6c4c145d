from __future__ import annotations

from charlm.ui.plot.braille import Braille


def drawn(canvas: Braille) -> list[str]:
    return [row.plain for row in canvas.rows()]


def test_corners_and_lines() -> None:
    canvas = Braille(2, 1)
    canvas.line(0, 0, 1, 1)
    assert drawn(canvas) == ["⡠⠊"]
    whole = Braille(1, 1)
    for x in (0, 1):
        whole.line(x, 0, x, 1)
    assert drawn(whole) == ["⣿"]


def test_nothing_is_blank_and_nothing_leaves_the_canvas() -> None:
    canvas = Braille(3, 2)
    assert drawn(canvas) == ["   ", "   "]
    canvas.line(-2, -2, -1, -1)
    canvas.mark(1.5, 0, "x")
    canvas.level(7)
    assert drawn(canvas) == ["   ", "   "]


def test_marks_lie_on_top_and_levels_below() -> None:
    canvas = Braille(3, 1)
    canvas.line(0, 1, 0.3, 1, "red")
    canvas.level(1, "dim")
    canvas.mark(1, 1, "●", "bold")
    assert drawn(canvas) == ["⠉⠁●"]
    assert (canvas.row(1), canvas.row(0), canvas.column(1)) == (0, 0, 2)
