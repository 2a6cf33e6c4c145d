from __future__ import annotations

import re
from xml.dom import minidom

import pytest

from charlm.ui.plot.curves import Curves, curves_of
from charlm.ui.plot.picture import draw_picture
from charlm.ui.plot.svg import to_page, to_picture
from tests.runs.curves import falling, history_of

EVIL = "</title><script>alert(1)</script>&\"'\x1b\x00\ufffe\ud800]]>\u202e"


def runs(*names: str) -> list[Curves]:
    return [
        curves_of(name, history_of(falling(1.5 + k / 10), falling(1.6 + k / 10))) for k, name in enumerate(names)
    ]


@pytest.mark.parametrize("page", [False, True])
def test_well_formed_and_self_contained_whatever_the_name(page: bool) -> None:
    drawn = runs("one", EVIL)
    picture = draw_picture(drawn, axis="steps")
    text = to_page(picture, drawn) if page else to_picture(picture)
    document = minidom.parseString(text.encode())
    assert not document.getElementsByTagName("script")
    for outside in ("@import", "url(", "src=", "href=", "@font-face"):
        assert outside not in text
    assert set(re.findall(r"https?://[^\"' ]+", text)) <= {
        "http://www.w3.org/2000/svg",
        "http://www.w3.org/1999/xhtml",
    }
    assert "\x1b" not in text
    assert "\u202e" not in text


def test_every_curve_and_every_evaluation_is_there() -> None:
    drawn = runs("one", "two")
    svg = minidom.parseString(to_picture(draw_picture(drawn, axis="epochs")))
    lines = [line for line in svg.getElementsByTagName("polyline") if len(line.getAttribute("points").split()) > 2]
    assert sorted(len(line.getAttribute("points").split()) for line in lines) == [16, 16, 100, 100]
    assert len({line.getAttribute("stroke") for line in lines}) == 2
    assert len(svg.getElementsByTagName("circle")) == 34  # with those of the legend
    words = [text.firstChild.data for text in svg.getElementsByTagName("text")]  # type: ignore[union-attr]
    assert {"one", "two", "epochs", "loss, nats", "5-gram baseline 1.9000"} <= set(words)
    (hint, *_) = [t.firstChild.data for t in svg.getElementsByTagName("title") if "validation" in t.firstChild.data]  # type: ignore[union-attr]
    assert re.fullmatch(r"one: validation [\d.]+ at 100", hint)


def test_everything_lies_on_the_page() -> None:
    drawn = runs(*(f"run {k}" for k in range(12)))
    picture = draw_picture(drawn, axis="steps")
    for shape in picture.shapes:
        for x, y in getattr(shape, "points", None) or (shape.at,):  # type: ignore[union-attr]
            assert 0 <= x <= picture.width
            assert 0 <= y <= picture.height


def test_the_page_has_the_figures() -> None:
    drawn = runs("one")
    page = minidom.parseString(to_page(draw_picture(drawn, axis="steps"), drawn))
    cells = [cell.firstChild.data for cell in page.getElementsByTagName("td")]  # type: ignore[union-attr]
    assert cells == ["one", drawn[0].figures]


def test_validation_of_a_single_run_has_its_own_colour_and_clipping_is_said() -> None:
    history = history_of(
        lambda x: 5.45 if x < 0.02 else falling(0.4, speed=20)(x), falling(0.5, speed=20), noise=0.0
    )
    drawn = [curves_of("one", history)]
    text = to_picture(draw_picture(drawn, axis="steps"))
    svg = minidom.parseString(text)
    lines = [line for line in svg.getElementsByTagName("polyline") if len(line.getAttribute("points").split()) > 2]
    assert len({line.getAttribute("stroke") for line in lines}) == 2
    assert "loss, nats (clipped: the loss reaches 5.45)" in text
    assert all(float(place.split(",")[1]) >= 36 for line in lines for place in line.getAttribute("points").split())
