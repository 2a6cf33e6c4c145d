from __future__ import annotations

from xml.dom import minidom

from charlm.ui.plot.picture import Line
from charlm.ui.plot.series import Series, draw_series, series_rows
from charlm.ui.plot.svg import to_picture

RISING = Series("rising", [0.0, 1.0, 2.5, 3.0], [0.0, 1.0, 2.0, 3.0], 2)


def test_rows_have_the_curve_and_where_the_prediction_begins() -> None:
    rows = [row.plain for row in series_rows(RISING, width=10, height=3)]
    assert len(rows) == 3
    assert all(row[6] != " " for row in rows)  # value 2 of 0 … 3
    assert rows[0].rstrip() == rows[0]  # highest at the end
    assert rows[2][0] != " "  # lowest at the start


def test_a_flat_series_is_drawn() -> None:
    assert "".join(row.plain for row in series_rows(Series("flat", [1, 1, 1], [1, 1, 1], 1), width=8, height=1))


def test_a_picture_has_truth_given_and_predicted_values_of_each_series() -> None:
    picture = draw_series([RISING, RISING], title="two <series>")
    lines = [shape for shape in picture.shapes if isinstance(shape, Line)]
    truth, given, predicted, border = lines[:4]
    assert [len(line.points) for line in lines[:4]] == [4, 2, 3, 2]
    assert given.points[-1] == predicted.points[0] == truth.points[1]
    assert border.points[0][0] == given.points[-1][0]
    assert predicted.colour != lines[6].colour
    for line in lines:
        assert all(0 <= x <= picture.width and 0 <= y <= picture.height for x, y in line.points)
    svg = minidom.parseString(to_picture(picture))
    assert svg.getElementsByTagName("title")[0].firstChild.data == "two <series>"  # type: ignore[union-attr]
